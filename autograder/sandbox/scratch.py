"""A worker's scratch folder, in whatever state the student's code left it: measure it and remove it.

Folders in it may be nested deeper than a path can name or Python can recurse, and may have no permissions: nothing here
    recurses, and no path has more than one component.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

MAX_DEPTH = 8  # levels of nested folders; deeper ones are not searched
BLOCK = 512  # bytes; the unit of stat(2)'s st_blocks


def used(folder: Path, most_files: int) -> tuple[int, int]:
    """Bytes and number of the files and folders in a folder, however deep.

    Counting ends once there are more than `most_files`. A folder that cannot be read could hold any number of files: it
    counts as that many.
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
            pass  # the worker ended and was reaped meanwhile
        except OSError:
            files += most_files
        if depth > MAX_DEPTH:
            files += most_files
    return size, files


def remove(folder: str | Path) -> None:
    """Remove a folder and everything in it, as far as this process may."""
    with contextlib.suppress(OSError):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(folder)  # noqa: PTH106  (a path may be a str)


def _empty(top: int) -> None:
    """Empty an open folder. Deeper folders are first moved up into it."""
    token = os.urandom(8).hex()  # not part of any existing name
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
    """Remove the files in an open folder; return the names of the folders that are left."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
                with contextlib.suppress(OSError):  # the student's code may have removed its permissions
                    os.chmod(entry.name, 0o700, dir_fd=folder)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders
