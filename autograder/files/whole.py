"""Write a file so that whoever reads it, after whatever happened, finds the old contents or the new ones.

All writing of what somebody may want to keep goes through here. Nothing but the standard library is imported: in GitHub
Actions the steps around grading have nothing else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

_UNFINISHED = "unfinished"


def write_whole(
    path: Path, contents: bytes | str, *, public: bool = False, lasting: bool = True, links: bool = True
) -> None:
    """Write a file whole or not at all. It keeps the permissions that it had.

    Args:
        path: where; folders that are missing are made.
        contents: of the file; text is written as UTF-8.
        public: whether anybody may read it, whoever writes it.
        lasting: it must survive a power failure. What can be made again need not, and is written ten times as fast.
        links: a link in its place may lead to a device, which is then written to. In a folder of somebody else's it
            could lead anywhere, so there any link is replaced.

    Raises:
        OSError: it cannot be written; what was there still is.
        ValueError: the text is none that UTF-8 has.
    """
    data = contents.encode() if isinstance(contents, str) else contents
    followed = links or not path.is_symlink()
    if followed and path.exists() and not path.is_file():  # a device or a pipe, /dev/stdout: not to be replaced
        path.write_bytes(data)
        return
    made = list(reversed([folder for folder in path.parents if not folder.is_dir()]))
    try:
        for folder in made:
            folder.mkdir(exist_ok=True)
            if public:
                folder.chmod(0o755)
        with _beside(path, data, lasting=lasting) as unfinished:
            if public:
                unfinished.chmod(0o644)
            elif followed and path.exists():
                unfinished.chmod(path.stat().st_mode & 0o777)
            unfinished.replace(path)
    except OSError:
        remove_empty(reversed(made))
        raise


def write_first(path: Path, contents: bytes) -> bool:
    """Write a file that only its owner may read, whole, unless there is one; whether there was none.

    Raises:
        OSError: it cannot be written.
    """
    with _beside(path, contents, mode=0o600) as unfinished:
        try:
            os.link(unfinished, path)
        except FileExistsError:
            return False
    return True


def sweep(folder: Path) -> None:
    """Remove what processes that were killed left half written in a folder, which nobody may be writing in now."""
    with contextlib.suppress(OSError):
        for left in folder.glob(f".*.{_UNFINISHED}"):
            left.unlink(missing_ok=True)


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders, the innermost first, that nothing lies in."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


@contextlib.contextmanager
def _beside(path: Path, data: bytes, *, mode: int = 0o666, lasting: bool = True) -> Iterator[Path]:
    """A new file with these contents, to be put in the place of `path`; removed again if it was not.

    Nobody else has its name: another who writes the same file at the same time has a file of their own, and a link
    that waits under a name that could be guessed is not followed. What of `path`'s name is in it stays below the most
    that a file system takes.
    """
    unfinished = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}.{_UNFINISHED}")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        yield unfinished
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
