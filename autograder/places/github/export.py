"""The staff's private repository on GitHub: the grader, the workflow that grades a class, and the class."""

from __future__ import annotations

from pathlib import Path

from autograder.course import ROOT
from autograder.errors import UnusableRequest
from autograder.files.update import Record, carry_out, compare, names_in
from autograder.places.bundle import SECRET_NAME, grader_files

WORKFLOW = ".github/workflows/grade.yml"
RECORD = Record(
    ".exported.json",
    "what the export wrote, by its SHA-256; leave it as it is",
    "is not as an export wrote it: bring it back, or remove it.",
)
COURSES_OWN = ("roster.csv", "autograder/assignment.toml", "README.md", ".gitignore", SECRET_NAME)
# A job keeps results in the form that the class's tools read: `records.results`, and what that leans on.
_RESULTS = tuple(f"autograder/records/{name}.py" for name in ("__init__", "reports", "results", "typed"))
_TEMPLATE = Path(__file__).resolve().parent / "template"
_GIVEN = {".git", "README.md"}  # what a repository that was just made may hold


def repository_files() -> dict[str, bytes]:
    """The repository's files by their paths; the same bytes every time."""
    template = {
        path.relative_to(_TEMPLATE).as_posix(): path.read_bytes() for path in _TEMPLATE.rglob("*") if path.is_file()
    }
    results = {name: (ROOT / name).read_bytes() for name in _RESULTS}
    return dict(sorted({**grader_files(), **results, **template}.items()))


def write_repository(folder: Path) -> list[str]:
    """Write the repository, or bring one that is there up to date.

    What is the course's own stays as it is. What an older grader had and this one has not is removed; what somebody
    else put among the grader's files is named.

    Returns:
        Sentences about what was done.

    Raises:
        UnusableRequest: the folder holds something else, or cannot be written.
    """
    files = repository_files()
    old = all((folder / name).is_file() for name in (WORKFLOW, "roster.csv", "autograder/grade.py"))
    if names_in(folder) - _GIVEN and not (old or RECORD.lies_in(folder)):
        raise UnusableRequest(f"{folder} holds something else: name a new folder, or one that this has written.")
    kept = [name for name in COURSES_OWN if (folder / name).exists()]
    differing = [file for file in compare(folder, RECORD, files) if file.path not in kept and not file.up_to_date]
    changed = [file.path for file in differing if file.path in files]
    removed = [file.path for file in differing if file.path not in files and not file.changed_here]
    again = [file.path for file in differing if file.path in files and file.recorded and file.changed_here]
    others = ({file.path for file in differing} | _beside_the_grader(folder)) - {*files, *removed}
    carry_out(folder, RECORD, files, changed, removed)
    return [
        f"{folder}: {len(changed)} of {len(files) - len(kept)} files written.",
        *(f"{name} is the course's own: left as it is." for name in kept),
        *(f"{name} was changed here, and is the grader's again." for name in again),
        *(f"{name} was removed: the grader no longer has it." for name in removed),
        *(f"{name} is not part of the grader: remove it unless it is yours." for name in sorted(others)),
    ]


def _beside_the_grader(folder: Path) -> set[str]:
    """Paths of all files in the grader's folders."""
    return {
        path.relative_to(folder).as_posix()
        for part in ("assignment", "autograder", "tests", "solutions")
        for path in (folder / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
