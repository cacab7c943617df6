"""A command's surroundings: a terminal that lacks characters, a closed pipe, a full disk, too little memory.

These are not faults of the grader. Each ends in a sentence, and nothing that was saved is lost.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

from autograder.errors import GraderFault, UnusableRequest

# Errors of a disk or folder, and what to do about them. Any other is a fault of ours, with its traceback.
_REFUSED = {
    errno.ENOSPC: "Make room on that disk",
    errno.EDQUOT: "Make room in that account's quota",
    errno.EROFS: "Name a place that can be written to",
    errno.EACCES: "Name a place that this account may read and write",
    errno.EPERM: "Name a place that this account may read and write",
    errno.EIO: "Look at that disk",
}
_OUTPUT = "standard output"
_MEMORY = "Give it more: a machine with more memory, or a higher limit (`ulimit -v unlimited`, a container's, a job's)."


def replace_what_is_lacking() -> None:
    """Write a question mark for a character that the terminal's encoding lacks, rather than fail.

    From then on, errors in writing to standard output have it as their file name.
    """
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.fileno() == 1:
        before, lines = sys.stdout, sys.stdout.line_buffering
        before.flush()
        raw = io.BufferedWriter(_Output(1, "w", closefd=False))
        sys.stdout = io.TextIOWrapper(
            raw, before.encoding, "replace", line_buffering=lines, write_through=before.write_through
        )
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


class _Output(io.FileIO):
    """Standard output, whose errors carry its name."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = _OUTPUT
            raise


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn errors of the machine, such as a full disk, into a sentence.

    Raises:
        UnusableRequest: a file or a folder cannot be written.
        GraderFault: there is too little memory, or standard output cannot be written.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except MemoryError:
        raise GraderFault(f"There is too little memory. {_MEMORY}") from None
    except OSError as error:
        raise _as_sentence(error) from None
    except (ImportError, RuntimeError) as error:  # one of torch's libraries does not fit; a thread cannot start
        if not _is_about_memory(str(error)):
            raise
        raise GraderFault(f"There is too little memory. {_MEMORY}") from None
    except (GraderFault, UnusableRequest):
        raise
    except Exception as error:
        if not _came_of_memory(error):
            raise
        raise GraderFault(f"There is too little memory. {_MEMORY}") from None


def _came_of_memory(error: BaseException | None) -> bool:
    """Whether an exception was caused by a lack of memory, as when a parser raises its own instead."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError) or (isinstance(error, SystemError) and _is_limited()):
            return True  # an extension that cannot even create its exception leaves Python with a SystemError
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _is_limited() -> bool:
    """Whether the process's address space is limited (`ulimit -v`)."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _forget_output() -> None:
    """Redirect what is still buffered to nowhere, or Python would complain again on exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _as_sentence(error: OSError) -> Exception:
    if error.filename == _OUTPUT or error.errno == errno.EPIPE:
        _forget_output()
        why = "it was closed" if error.errno == errno.EPIPE else str(error.strerror)
        return GraderFault(f"Standard output was not written to its end: {why}. Files that were asked for are written.")
    if error.errno == errno.ENOMEM:
        return GraderFault(f"There is too little memory. {_MEMORY}")
    if error.errno not in _REFUSED:
        return error
    what: Any = error.filename2 or error.filename
    named = f"{os.fsdecode(what)} cannot be used" if isinstance(what, str | bytes) else "A file cannot be written"
    return UnusableRequest(f"{named}: {error.strerror}. {_REFUSED[error.errno]}, and run the same command again.")


def _is_about_memory(text: str) -> bool:
    words = ("Cannot allocate memory", "can't allocate memory", "failed to map segment", "can't start new thread")
    return any(each in text for each in words)
