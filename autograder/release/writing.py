"""Write a student repository, or bring one up to date, so that nothing of a student's is lost.

A small list, `.release.json`, says what was given. By it a file that somebody changed is told from one that only is
from an earlier release.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.errors import UnusableRequest
from autograder.release.contents import Tree
from autograder.release.git import Repository

GIVEN_LIST = ".release.json"
STAFF_ONLY = "autograder"

# Given once and a student's from then on: what they changed there stays.
_THEIRS_TO_CHANGE = ("README.md", ".gitignore", ".vscode/", ".devcontainer/")


@dataclass
class Plan:
    """What a release does to a folder.

    Attributes:
        folder: where the student repository is, or will be.
        update: whether one is there.
        files: what is written, by path.
        unchanged: given files that were up to date.
        removed: paths of files that were given once and no longer are.
        lines: what happens, for people: a verb, and a path.
    """

    folder: Path
    update: bool
    files: Tree = field(default_factory=dict)
    unchanged: Tree = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def with_list(tree: Tree) -> Tree:
    """The files, and the list of them."""
    given = {path: _digest(data) for path, data in tree.items()}
    text = json.dumps({"What": "what the course gave, by its SHA-256; leave it as it is", "files": given}, indent=1)
    return dict(sorted({**tree, GIVEN_LIST: f"{text}\n".encode()}.items()))


def plan(folder: Path, tree: Tree, answers: set[str]) -> Plan:
    """Decide what to write; nothing is written yet.

    Args:
        folder: for a new repository, or an existing one.
        tree: all files of a new one, the list among them.
        answers: paths of those that students fill in.

    Raises:
        UnusableRequest: the folder is something else, or something would be lost.
    """
    made = Plan(folder, update=_is_student_repository(folder, answers))
    before = _given_before(folder) if made.update else {}
    lost = []
    for path, data in tree.items():
        current = _current(folder, path)
        if current == data:
            made.unchanged[path] = data
            continue
        as_given = current is not None and _digest(current) == before.get(path)
        if current is None and path in answers and path in before:
            made.lines.append(f"left alone  {path}, which is not here any more")
        elif current is None:
            _write(made, "written", path, data)
        elif path in answers:
            changed = path in before and before[path] != _digest(data)
            made.lines.append(f"left alone  {path}{'; its stub is another one since it was given' if changed else ''}")
        elif path == GIVEN_LIST or as_given:
            _write(made, "updated", path, data)
        elif path.startswith(_THEIRS_TO_CHANGE):
            made.lines.append(f"left alone  {path}, which was changed here")
        elif _unix(Repository(folder).committed(path)) == current:
            _write(made, "updated", path, data, ", which was changed here; git has what it was")
        else:
            lost.append(path)
    for path in sorted(before.keys() - tree.keys()):
        current = _current(folder, path)
        if current is not None and _digest(current) == before[path]:
            made.removed.append(path)
            made.lines.append(f"removed     {path}, which the course gives no longer")
        elif current is not None:
            made.lines.append(f"left alone  {path}, which the course gives no longer, but which was changed here")
    if lost:
        raise UnusableRequest(
            f"{folder}: nothing was written, since changes would be lost: {', '.join(lost)}. Commit them, or move them "
            "away, and try again."
        )
    return made


def carry_out(plan: Plan) -> None:
    """Write and remove.

    Raises:
        UnusableRequest: the folder cannot be written to.
    """
    try:
        for path, data in plan.files.items():
            place = plan.folder / path
            _make_folder(place.parent)
            unfinished = place.with_name(f".{place.name}.{os.getpid()}")
            try:
                unfinished.write_bytes(data)
                unfinished.chmod(0o644)  # the same whoever writes it
                unfinished.replace(place)
            finally:
                unfinished.unlink(missing_ok=True)
        for path in plan.removed:
            (plan.folder / path).unlink()
    except OSError as error:
        raise UnusableRequest(f"{plan.folder} cannot be written to: {error}.") from None


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _write(plan: Plan, verb: str, path: str, data: bytes, remark: str = "") -> None:
    plan.files[path] = data
    if path != GIVEN_LIST:
        plan.lines.append(f"{verb:<10}  {path}{remark}")


def _is_student_repository(folder: Path, answers: set[str]) -> bool:
    """Whether one is there; no if there is nothing.

    Raises:
        UnusableRequest: something else is there.
    """
    try:
        held = {path.name for path in folder.iterdir()} - {".git"}
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UnusableRequest(f"{folder} is no folder that can be used: {error.strerror}.") from None
    if STAFF_ONLY in held:
        raise UnusableRequest(f"{folder} holds {STAFF_ONLY}/, which is for staff alone: it is no student's repository.")
    if held and not any((folder / path).is_file() for path in answers):
        raise UnusableRequest(
            f"{folder} holds other things, and no student's repository: name an empty or a new folder."
        )
    return bool(held)


def _given_before(folder: Path) -> dict[str, str]:
    """The list of an earlier release. The folder is a student's, so it may hold anything."""
    text = _current(folder, GIVEN_LIST)
    if text is None:
        return {}
    try:
        files = json.loads(text)["files"]
        return {str(path): str(digest) for path, digest in files.items() if _is_plain(str(path))}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnusableRequest(
            f"{folder / GIVEN_LIST} is not as a release wrote it: bring it back, or remove it."
        ) from None


def _is_plain(path: str) -> bool:
    """Whether it is a path below the folder, and not of git's own."""
    parts = PurePosixPath(path).parts
    below = bool(parts) and path == "/".join(parts) and parts[0].lower() != ".git" and ".." not in parts
    return below and path.isprintable() and not path.startswith("/") and not set(path) & set("\\:")


def _current(folder: Path, path: str) -> bytes | None:
    """A file's contents, with Unix line ends; None if it is not there.

    Raises:
        UnusableRequest: something else is in its place, a link for instance, through which we would write elsewhere.
    """
    *above, place = [folder.joinpath(*PurePosixPath(path).parts[:depth]) for depth in range(1, path.count("/") + 2)]
    try:
        for each in (*above, place):
            as_it_should = each.is_file() if each == place else each.is_dir()
            if each.is_symlink() or (each.exists() and not as_it_should):
                raise UnusableRequest(f"{each} is in the way, a link or no {'file' if each == place else 'folder'}.")
        return _unix(place.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableRequest(f"{place} cannot be read: {error.strerror}.") from None


def _unix(data: bytes | None) -> bytes | None:
    return None if data is None else data.replace(b"\r\n", b"\n")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
