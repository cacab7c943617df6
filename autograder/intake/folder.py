"""A submission in a folder. No link is followed, and only ordinary files are opened."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from autograder.intake.source import IS_A_LINK, IS_NOT_ORDINARY, MAX_ENTRIES, Listing, Parts, TooLarge, Unreadable


class Folder:
    """A folder as a `Source`.

    Args:
        path: the folder. It may itself be a link, since the grader's user named it.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.resolve().name
        self._path = path
        os.scandir(path).close()

    def holds(self, path: Parts) -> bool:
        here = self._path.joinpath(*path)
        return os.path.lexists(here) and (len(path) == 1 or not here.parent.is_symlink())

    def listing(self, folder: Parts) -> Listing:
        try:
            with os.scandir(self._path.joinpath(*folder)) as entries:
                names = {
                    entry.name: entry.is_dir(follow_symlinks=False) for entry in itertools.islice(entries, MAX_ENTRIES)
                }
                return Listing(names, whole=next(entries, None) is None)
        except OSError:
            return Listing({})

    def read(self, path: Parts, limit: int) -> bytes:
        return _read(self._path.joinpath(*path), limit)


class LooseFiles:
    """Files of one student in a folder with those of others, as a `Source`.

    Args:
        name: the submission's name, for people.
        files: the path of each file, by the student's name for it.
    """

    def __init__(self, name: str, files: Mapping[str, Path]) -> None:
        self.name = name
        self._files = files

    def holds(self, path: Parts) -> bool:
        return len(path) == 1 and path[0] in self._files

    def listing(self, folder: Parts) -> Listing:
        names = dict.fromkeys(itertools.islice(self._files, MAX_ENTRIES), False)
        return Listing({} if folder else names, whole=len(names) == len(self._files))

    def read(self, path: Parts, limit: int) -> bytes:
        if not self.holds(path):
            raise FileNotFoundError("/".join(path))
        return _read(self._files[path[0]], limit)


def _read(file: Path, limit: int) -> bytes:
    try:
        _check(file.lstat(), limit)  # before opening it: opening a device can have side effects
        # In case the file was replaced since: follow no link, and do not wait for the other end of a pipe.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as opened:
            _check(os.fstat(descriptor), limit)
            contents = opened.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    if len(contents) > limit:
        raise TooLarge(len(contents), limit)
    return contents


def _check(status: os.stat_result, limit: int) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise Unreadable(IS_A_LINK)
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable(IS_NOT_ORDINARY)
    if status.st_size > limit:
        raise TooLarge(status.st_size, limit)
