"""The folder a worker writes to, as its student left it: what lies in it, and how to be rid of it.

Folders in it may be nested deeper than a path can name or Python can recurse, and closed to everybody: nothing here
recurses, and no path has more than one name at a time.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

MAX_DEPTH = 8  # folders in one another; deeper ones are not looked into
BLOCK = 512  # bytes in which stat(2) counts


def used(folder: Path, most_files: int) -> tuple[int, int]:
    """Bytes and number of the files and folders in a folder, however deep.

    Counting ends once there are more than `most_files`. A folder that cannot be looked into could hold any number:
    it counts as that many.
    """
    size = files = 0
    waiting = [(str(folder), 0)]
    while waiting and files <= most_files:
        place, depth = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    files += 1
                    with contextlib.suppress(OSError):
                        size += entry.stat(follow_symlinks=False).st_blocks * BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, depth + 1))
                    if files > most_files:
                        break
        except FileNotFoundError:
            pass  # the worker was buried meanwhile
        except OSError:
            files += most_files
        if depth > MAX_DEPTH:
            files += most_files
    return size, files


def remove(folder: str | Path) -> None:
    """Remove a folder and all that is in it, as far as this process may."""
    with contextlib.suppress(OSError):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(folder)  # noqa: PTH106  (whoever has a text)


def _empty(top: int) -> None:
    """Remove all that is in an open folder. What lies deeper is first moved up into it."""
    token = os.urandom(8).hex()  # in no name that is there
    names = (f"{token}-{number}" for number in itertools.count())
    waiting = _unlink(top)
    while waiting:
        name = waiting.pop()
        with contextlib.suppress(OSError):
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
            try:
                for each in _unlink(inner):
                    moved = next(names)
                    os.rename(each, moved, src_dir_fd=inner, dst_dir_fd=top)
                    waiting.append(moved)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)


def _unlink(folder: int) -> list[str]:
    """Remove the files in an open folder: the names of the folders that are left."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
                with contextlib.suppress(OSError):  # its maker may have closed it
                    os.chmod(entry.name, 0o700, dir_fd=folder)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders
