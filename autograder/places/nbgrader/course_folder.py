"""Export a course folder for nbgrader: notebooks and what lies beside them, settings, and the grader itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import EXPLANATIONS, Assignment
from autograder.errors import UnusableRequest
from autograder.files.update import Record, carry_out, compare, names_in
from autograder.places.bundle import SECRET_NAME, grader_files
from autograder.places.nbgrader.configuration import ASSIGNMENT
from autograder.places.nbgrader.notebooks import make_notebooks

TEMPLATE = Path(__file__).parent / "template"
RECORD = Record("grader/exported.json", "", "is not as an export wrote it: bring it back.")
_COURSES_OWN = ("grader/autograder/assignment.toml", f"grader/{SECRET_NAME}")  # in grader/, what a course may change
_MISREAD = frozenset("*?[%")  # patterns, where nbgrader looks for notebooks; escapes, in the address of its database


@dataclass
class Changes:
    """What became of a course folder's files, by their paths in it."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def course_files(assignment: Assignment) -> dict[str, bytes]:
    """Every file of a new course folder, by its path in it."""
    grader = grader_files()
    modules = [f"{question.module}.py" for question in assignment.questions]
    answered = {f"assignment/{name}" for name in (EXPLANATIONS, *modules)}
    given = {
        name: contents
        for name, contents in grader.items()
        if name.startswith(("assignment/", "tests/")) and name not in answered
    }
    return {
        **{path.name: path.read_bytes() for path in TEMPLATE.iterdir() if path.is_file()},
        **{f"source/{ASSIGNMENT}/{name}": contents for name, contents in given.items()},
        **{f"source/{ASSIGNMENT}/{name}": contents for name, contents in make_notebooks(assignment).items()},
        **{f"grader/{name}": contents for name, contents in grader.items()},
    }


def write_course_folder(folder: Path, assignment: Assignment) -> Changes:
    """Write a course folder, or bring one up to date: what students handed in and what came of it is not touched.

    Raises:
        UnusableRequest: something else is there, it cannot be written, or nbgrader could not work there.
    """
    here = str(folder.absolute())
    if misread := sorted(_MISREAD.intersection(here)):
        raise UnusableRequest(
            f"{here}: nbgrader cannot work in a folder with {' '.join(misread)} in its path, which it takes for "
            "something else there. Name another one."
        )
    files = course_files(assignment)
    if names_in(folder) and not RECORD.lies_in(folder):
        raise UnusableRequest(f"{folder} is not a course folder of ours: name a new folder, or an empty one.")
    changes = Changes()
    for file in compare(folder, RECORD, files, links=True):
        if file.up_to_date:
            continue
        if file.changed_here and _may_change(file.path):
            changes.kept.append(file.path)
        elif file.given is not None:
            changes.written.append(file.path)
        else:
            changes.removed.append(file.path)
    carry_out(folder, RECORD, files, changes.written, changes.removed)
    return changes


def _may_change(name: str) -> bool:
    """Whether a course may have a file its own way."""
    return name in _COURSES_OWN or not name.startswith("grader/")
