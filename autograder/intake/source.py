"""Where a submission is read from: an interface to list names and read files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Parts = tuple[str, ...]
"""A path within a submission: the names from the top down; () is the top itself."""

DEEPEST = 3  # folders within folders that are searched for the modules
MAX_FOLDERS = 100  # at each depth
MAX_ENTRIES = 10_000  # names of a folder that are looked at


class Unreadable(Exception):
    """A file exists but cannot be used. The text says why; it follows the file's name."""


class TooLarge(Unreadable):
    """It has more bytes than allowed."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"has {size:,} bytes; {limit:,} are allowed")


# The same words for a folder and an archive, since a problem is part of a submission's digest.
IS_A_LINK = "is a link; hand in the file itself"
IS_NOT_ORDINARY = "is not an ordinary file"


@dataclass(frozen=True)
class Listing:
    """The contents of a folder.

    Attributes:
        names: each name, and whether it is a folder.
        whole: whether these are all the names; at most `MAX_ENTRIES` are listed.
    """

    names: Mapping[str, bool]
    whole: bool = True


class Source(Protocol):
    """A folder, or an archive of one."""

    @property
    def name(self) -> str:
        """Its name, for people."""

    def holds(self, path: Parts) -> bool:
        """Whether anything with this name exists. Its folder must not be a link."""

    def listing(self, folder: Parts) -> Listing:
        """The contents of a folder; empty if it cannot be read."""

    def read(self, path: Parts, limit: int) -> bytes:
        """A file's contents.

        Raises:
            FileNotFoundError: nothing with this name exists.
            Unreadable: it is not an ordinary file, has more than `limit` bytes, or cannot be read.
        """
