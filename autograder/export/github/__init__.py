"""The staff's private repository on GitHub: the grader, the workflow that grades a class, and the class."""

from __future__ import annotations

from pathlib import Path

from autograder.errors import UnusableRequest
from autograder.export.bundle import grader_files

WORKFLOW = ".github/workflows/grade.yml"
COURSES_OWN = ("roster.csv", "autograder/assignment.toml", "README.md", ".gitignore")
_TEMPLATE = Path(__file__).resolve().parent / "template"
_GIVEN = {".git", "README.md"}  # what a repository that was just made may hold


def repository_files() -> dict[str, bytes]:
    """The repository's files by their paths; the same bytes every time."""
    template = {
        path.relative_to(_TEMPLATE).as_posix(): path.read_bytes() for path in _TEMPLATE.rglob("*") if path.is_file()
    }
    return dict(sorted({**grader_files(), **template}.items()))


def write_repository(folder: Path) -> list[str]:
    """Write the repository, or bring one that is there up to date.

    What is the course's own stays as it is. What an older grader had and this one has not is named, not removed.

    Returns:
        Sentences about what was done.

    Raises:
        UnusableRequest: the folder holds something else, or cannot be written.
    """
    files = repository_files()
    try:
        there = {path.name for path in folder.iterdir()} if folder.exists() else set()
        old = all((folder / name).is_file() for name in (WORKFLOW, "roster.csv", "autograder/grade.py"))
        if there - _GIVEN and not old:
            raise UnusableRequest(f"{folder} holds something else: name a new folder, or one that this has written.")
        kept = [name for name in COURSES_OWN if (folder / name).exists()]
        written = {name: contents for name, contents in files.items() if name not in kept}
        changed = [name for name, contents in written.items() if _differs(folder / name, contents)]
        for name in changed:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        code = {
            path.relative_to(folder).as_posix()
            for part in ("assignment", "autograder", "tests", "solutions")
            for path in (folder / part).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
    except OSError as error:
        raise UnusableRequest(f"{folder} cannot be written: {error.strerror}.") from None
    told = [f"{folder}: {len(changed)} of {len(written)} files written."]
    told += [f"{name} is the course's own: left as it is." for name in kept]
    told += [f"{name} is not part of the grader: remove it unless it is yours." for name in sorted(code - set(files))]
    return told


def _differs(path: Path, contents: bytes) -> bool:
    return not path.is_file() or path.read_bytes() != contents
