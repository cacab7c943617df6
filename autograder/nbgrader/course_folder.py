"""Export a course folder for nbgrader: notebooks and what lies beside them, settings, and the grader itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import EXPLANATIONS, Assignment
from autograder.errors import UnusableRequest
from autograder.export.bundle import grader_files
from autograder.nbgrader.configuration import ASSIGNMENT
from autograder.nbgrader.notebooks import make_notebooks

TEMPLATE = Path(__file__).parent / "template"
RECORD = "grader/exported.json"  # what was written last time, with hashes: what a course changed since stays
_SETTINGS = "grader/autograder/assignment.toml"  # the one file in grader/ that a course may change


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
        UnusableRequest: something else is there, or it cannot be written.
    """
    files = course_files(assignment)
    try:
        recorded = _recorded(folder)
        if recorded is None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UnusableRequest(f"{folder} is no course folder of ours: name a new folder, or an empty one.")
        changes = _write(folder, files, recorded or {})
        record = {name: _hash(contents) for name, contents in files.items()}
        (folder / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
    except OSError as error:
        raise UnusableRequest(f"{folder} cannot be written: {error.strerror}.") from None
    return changes


def _write(folder: Path, files: dict[str, bytes], recorded: dict[str, str]) -> Changes:
    changes = Changes()
    for name in sorted({*files, *recorded}):
        path = folder / name
        there = path.read_bytes() if path.is_file() else None
        theirs = there is not None and _may_change(name) and _hash(there) != recorded.get(name)
        if there == files.get(name):
            continue
        if theirs:
            changes.kept.append(name)
        elif name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
            changes.written.append(name)
        else:
            path.unlink()
            changes.removed.append(name)
    return changes


def _may_change(name: str) -> bool:
    """Whether a course may have a file its own way."""
    return name == _SETTINGS or not name.startswith("grader/")


def _recorded(folder: Path) -> dict[str, str] | None:
    """Hashes of the files written last time; None if this is no course folder of ours."""
    try:
        recorded = json.loads((folder / RECORD).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    inside = (name for name in recorded if not Path(name).is_absolute() and ".." not in Path(name).parts)
    return {name: recorded[name] for name in inside}


def _hash(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()
