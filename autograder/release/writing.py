"""Plan and make a release's changes to a student repository, new or existing, so that no student's work is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import UnusableRequest
from autograder.files.update import File, Record, carry_out, compare, digest, names_in, unix
from autograder.release.contents import Tree
from autograder.release.git import Repository

GIVEN_LIST = ".release.json"
STAFF_ONLY = "autograder"

_RECORD = Record(
    GIVEN_LIST,
    "what the course gave, by its SHA-256; leave it as it is",
    "is not as a release wrote it: bring it back, or remove it.",
)
# Given once, and the student's from then on: their changes stay.
_THEIRS_TO_CHANGE = ("README.md", ".gitignore", ".vscode/", ".devcontainer/")


@dataclass
class Plan:
    """What a release does to a folder.

    Attributes:
        folder: where the student repository is, or will be.
        tree: all files of the release.
        update: whether the repository already exists.
        files: the files to write, by path.
        unchanged: files of the release that are up to date.
        removed: paths of files to remove, which earlier releases gave and this one does not.
        lines: a log for people, with a verb and a path per line.
    """

    folder: Path
    tree: Tree
    update: bool
    files: Tree = field(default_factory=dict)
    unchanged: Tree = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def carry_out(self) -> None:
        """Write and remove.

        Raises:
            UnusableRequest: the folder cannot be written to.
        """
        carry_out(self.folder, _RECORD, self.tree, self.files, self.removed, public=True)
        # For the commit, the list is a file like the others.
        self.files[GIVEN_LIST] = _RECORD.of(self.tree)


def plan(folder: Path, tree: Tree, answers: set[str]) -> Plan:
    """Decide what to write, without writing anything yet.

    Args:
        folder: of a new or an existing repository.
        tree: all files of the release.
        answers: paths of those that students fill in.

    Raises:
        UnusableRequest: the folder is something else, or changes would be lost.
    """
    made = Plan(folder, tree, update=_is_student_repository(folder, answers))
    lost = []
    for file in compare(folder, _RECORD, tree):
        if file.given is None:
            _given_no_longer(made, file)
        elif file.up_to_date:
            made.unchanged[file.path] = file.given
        elif file.path in answers and (file.current, file.recorded) != (None, None):
            made.lines.append(f"left alone  {file.path}{_of_answer(file)}")
        elif file.current is None:
            _write(made, file, "written")
        elif not file.changed_here:
            _write(made, file, "updated")
        elif file.path.startswith(_THEIRS_TO_CHANGE):
            made.lines.append(f"left alone  {file.path}, which was changed here")
        elif unix(Repository(folder).committed(file.path)) == file.current:
            _write(made, file, "updated", ", which was changed here; git has what it was")
        else:
            lost.append(file.path)
    if lost:
        raise UnusableRequest(
            f"{folder}: nothing was written, since changes would be lost: {', '.join(lost)}. Commit them, or move them "
            "away, and try again."
        )
    return made


def _of_answer(file: File) -> str:
    """The remark on an answer that is left alone."""
    if file.current is None:
        return ", which is not here any more"
    stub = None if file.given is None else digest(file.given)
    return "; its stub has changed since it was given" if file.recorded not in (None, stub) else ""


def _write(plan: Plan, file: File, verb: str, remark: str = "") -> None:
    plan.files[file.path] = plan.tree[file.path]
    plan.lines.append(f"{verb:<10}  {file.path}{remark}")


def _given_no_longer(plan: Plan, file: File) -> None:
    if file.changed_here:
        plan.lines.append(f"left alone  {file.path}, which the course no longer gives, but which was changed here")
    elif file.current is not None:
        plan.removed.append(file.path)
        plan.lines.append(f"removed     {file.path}, which the course no longer gives")


def _is_student_repository(folder: Path, answers: set[str]) -> bool:
    """Whether the folder holds a student repository, possibly an unfinished one; False if it is empty.

    Raises:
        UnusableRequest: it holds something else.
    """
    held = names_in(folder) - {".git"}
    if STAFF_ONLY in held:
        raise UnusableRequest(
            f"{folder} holds {STAFF_ONLY}/, which is for staff alone: it is not a student's repository."
        )
    if held and not _RECORD.lies_in(folder) and not any((folder / path).is_file() for path in answers):
        raise UnusableRequest(
            f"{folder} holds other things, and no student's repository: name an empty or a new folder."
        )
    return bool(held)
