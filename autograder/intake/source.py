"""What a submission is read from: something that can tell what it holds, and give a file's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Parts = tuple[str, ...]
"""A place in a submission: the names from its top down; () is the top itself."""

DEEPEST = 3  # folders within folders that are searched for the modules
MAX_FOLDERS = 100  # so many of each depth
MAX_ENTRIES = 10_000  # of a folder's names that are looked at


class Unreadable(Exception):
    """A file is there and cannot be used. The text says why; it follows the file's name."""


class TooLarge(Unreadable):
    """It has more bytes than are taken."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"has {size:,} bytes; {limit:,} are allowed")


# The same words whether it lies in a folder or in an archive: a problem is part of a submission's digest.
IS_A_LINK = "is a link; hand in the file itself"
IS_NOT_ORDINARY = "is not an ordinary file"


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        names: each name, and whether it is a folder.
        whole: whether these are all; a folder may hold more than anyone wants to see.
    """

    names: Mapping[str, bool]
    whole: bool = True


class Source(Protocol):
    """A folder, or an archive of one."""

    @property
    def name(self) -> str:
        """What people call it."""

    def holds(self, path: Parts) -> bool:
        """Whether something of this name is there, whatever it is. Its folder must not be a link."""

    def listing(self, folder: Parts) -> Listing:
        """What a folder holds; nothing, if it cannot be looked into."""

    def read(self, path: Parts, limit: int) -> bytes:
        """A file's contents.

        Raises:
            FileNotFoundError: nothing of this name is there.
            Unreadable: it is no ordinary file, has more than `limit` bytes, or cannot be read.
        """
