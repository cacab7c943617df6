"""Write a file so that anyone who reads it, whatever happened, finds the old contents or the new ones.

All writing of what somebody may want to keep goes through here. Nothing but the standard library is imported: in GitHub
Actions the steps around grading have nothing else.
"""

from __future__ import annotations

import contextlib
import os
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
        public: whether anybody may read it, no matter who writes it.
        lasting: it must survive a power failure. What can be made again need not, and is written ten times as fast.
        links: a link in its place may lead to a device, which is then written to. In a folder of somebody else's it
            could lead anywhere, so there any link is replaced.

    Raises:
        OSError: it cannot be written; what was there still is.
        ValueError: the text cannot be encoded as UTF-8.
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
    """Write a file that only its owner may read, whole, unless it is there already. Returns whether it was written.

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
    """Remove the half-written files that killed processes left in a folder. Nobody may be writing there now."""
    with contextlib.suppress(OSError):
        for left in folder.glob(f".*.{_UNFINISHED}"):
            left.unlink(missing_ok=True)


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those folders that are empty; the innermost come first."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


@contextlib.contextmanager
def _beside(path: Path, data: bytes, *, mode: int = 0o666, lasting: bool = True) -> Iterator[Path]:
    """A new file with these contents, to be put in the place of `path`; removed again if it was not.

    Its name is random, so another process that writes the same file at the same time has a file of its own, and nobody
    can put a link in its place beforehand. Only the beginning of `path`'s name is in it: file systems limit names.
    """
    unfinished = path.with_name(f".{path.name[:40]}.{os.urandom(8).hex()}.{_UNFINISHED}")
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
