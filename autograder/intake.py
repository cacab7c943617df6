"""Take a submission in: the assignment's modules and the written answers, as bytes, and nothing else.

Whatever else lies in the folder is named and left where it is. Nothing is followed, run or trusted to be what
its name says.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import EXPLANATIONS, STUBS, Assignment
from autograder.errors import UnusableRequest
from autograder.inert import visible

MAX_MODULE_BYTES = 1 << 16  # a long answer has 20 kB; a table of answers or of weights is larger
MAX_LISTED = 50  # of the names that were left out


@dataclass(frozen=True)
class Submission:
    """What a student handed in.

    Attributes:
        name: the folder's name, for people.
        modules: contents by file name, "q1_conv2d.py".
        problems: by file name, why a module that is there cannot be used.
        explanations: the written answers, or None.
        left_out: names of other files that were there.
    """

    name: str
    modules: dict[str, bytes]
    problems: dict[str, str] = field(default_factory=dict)
    explanations: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of all that counts: the same files give the same digest, wherever they lie."""
        contents = {**self.modules, **{name: text.encode() for name, text in self.problems.items()}}
        if self.explanations is not None:
            contents[EXPLANATIONS] = self.explanations.encode()
        digest = hashlib.sha256()
        for name in sorted(contents):
            digest.update(f"{name}\0{len(contents[name])}\0".encode() + contents[name])
        return digest.hexdigest()


def read_submission(path: Path, assignment: Assignment) -> Submission:
    """Read a submission from a folder; the modules lie in its `assignment` folder or at its top.

    Raises:
        UnusableRequest: there is no such folder, or nothing in it that belongs to the assignment.
    """
    if not path.exists():
        raise UnusableRequest(f"{path} does not exist.")
    if not path.is_dir():
        raise UnusableRequest(f"{path} is not a folder. Give the folder that holds the student's modules.")
    wanted = [f"{question.module}.py" for question in assignment.questions]
    try:
        folder = _folder_of_modules(path, [*wanted, EXPLANATIONS])
        modules: dict[str, bytes] = {}
        problems: dict[str, str] = {}
        for name in wanted:
            try:
                modules[name] = _read(folder / name)
            except FileNotFoundError:
                continue
            except _Unreadable as problem:
                problems[name] = str(problem)
        explanations = _read_text(folder / EXPLANATIONS)
        others = [_name(entry.name) for entry in os.scandir(folder)]
    except OSError as error:
        raise UnusableRequest(f"{path} cannot be read: {error.strerror}.") from None
    if not modules and not problems and explanations is None:
        raise UnusableRequest(f"{path} holds none of the assignment's files ({', '.join(wanted)}).")
    expected = {*wanted, EXPLANATIONS, "__pycache__", *(path.name for path in STUBS.iterdir())}
    left_out = sorted(name for name in others if name not in expected)
    return Submission(_name(path.resolve().name), modules, problems, explanations, _shortened(left_out))


class _Unreadable(Exception):
    """A file is there and cannot be used. The text says why."""


def _name(name: str) -> str:
    """A file's name as text of one line, also where its bytes are no UTF-8."""
    return visible(name, keep="")


def _folder_of_modules(path: Path, names: Sequence[str]) -> Path:
    inner = path / "assignment"
    if inner.is_dir() and not inner.is_symlink() and any((inner / name).exists() for name in names):
        return inner
    return path


def _read(path: Path) -> bytes:
    try:
        # Not following a link, not waiting for the other end of a pipe.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = "is a link; hand in the file itself" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise _Unreadable(f"{path.name} {reason}.") from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable(f"{path.name} is not an ordinary file.")
        if status.st_size > MAX_MODULE_BYTES:
            raise _Unreadable(f"{path.name} has {status.st_size:,} bytes; {MAX_MODULE_BYTES:,} are allowed.")
        return file.read(MAX_MODULE_BYTES)


def _read_text(path: Path) -> str | None:
    try:
        return _read(path).decode("utf-8", "replace")
    except (FileNotFoundError, _Unreadable):
        return None


def _shortened(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) <= MAX_LISTED:
        return tuple(names)
    return (*names[:MAX_LISTED], f"… and {len(names) - MAX_LISTED:,} more")
