"""A submission in a zip file. Nothing is unpacked to disk: the needed files are read into memory, up to a limit.

An archive can lie about its sizes, counts and names. So its directory is read up to a limit too, the size of a member
is counted while it is decompressed, and a name is only ever compared with the expected names.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import struct
import warnings
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from autograder.errors import UnusableRequest
from autograder.intake.names import printable
from autograder.intake.source import (
    DEEPEST,
    IS_A_LINK,
    IS_NOT_ORDINARY,
    MAX_ENTRIES,
    Listing,
    Parts,
    TooLarge,
    Unreadable,
)

MAX_DIRECTORY_BYTES = 8 << 20  # some 70,000 files, as with a virtual environment; a submission has a dozen

_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, OverflowError, ValueError),
)  # what zipfile raises for a malformed archive

_IS_DAMAGED = "is damaged in the zip file; make it again"
_PIECE_BYTES = 1 << 16  # less than `_BoundedFile` returns in one read
_LOCAL_HEADER_BYTES = 30  # before a member's name and contents

_FLAG_ENCRYPTED = 0x1 | 0x40
_FLAG_UTF8 = 0x800

_OTHER_KINDS = {
    b"\x1f\x8b": "a gzip or .tar.gz file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7z file",
    b"Rar!": "a rar file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
}
_TAR_MAGIC = slice(257, 262)


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip file.

    Raises:
        UnusableRequest: it is not a zip file, is damaged, or holds too many files.
        OSError: it cannot be read.
    """
    shown = printable(str(path), None)
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnusableRequest(f"{shown} is not a folder and not a zip file.")
    with _BoundedFile(path) as file, _opened(file, shown) as archive:
        yield Archive(path.stem, archive)


@contextlib.contextmanager
def open_inner_archive(contents: bytes, name: str, shown: str) -> Iterator[Archive]:
    """Open a zip file that is inside a zip file.

    Args:
        contents: its bytes.
        name: the submission's name, for people.
        shown: the inner file's name, for error messages.

    Raises:
        UnusableRequest: see `open_archive`.
    """
    with _BoundedBytes(contents) as file, _opened(file, shown) as archive:
        yield Archive(name, archive)


def _opened(file: IO[bytes], shown: str) -> zipfile.ZipFile:
    begin = file.read(512)
    try:
        return zipfile.ZipFile(file)
    except _TooMuch:
        raise UnusableRequest(
            f"{shown} holds too many files: hand in the assignment's own, without data sets or environments."
        ) from None
    except _DAMAGED:
        raise UnusableRequest(f"{shown} {_what_else(begin)}") from None


class Archive:
    """A zip file as a `Source`.

    Args:
        name: the submission's name, for people.
        archive: the zip file, open.
    """

    def __init__(self, name: str, archive: zipfile.ZipFile) -> None:
        self.name = name
        self._archive = archive
        self._files: dict[Parts, list[zipfile.ZipInfo]] = defaultdict(list)
        self._folders: dict[Parts, dict[str, bool]] = defaultdict(dict)
        for info in archive.infolist():
            self._enter(info)
        # Where the next member, or the directory, begins. Some versions of zipfile check that, and only warn; others do
        # not.
        self._ends = sorted({archive.start_dir, *(info.header_offset for info in archive.infolist())})

    def holds(self, path: Parts) -> bool:
        return path[-1] in self._folders.get(path[:-1], {})

    def listing(self, folder: Parts) -> Listing:
        names = self._folders.get(folder, {})
        shown = dict(list(names.items())[:MAX_ENTRIES])
        return Listing(shown, whole=len(shown) == len(names))

    def read(self, path: Parts, limit: int) -> bytes:
        if path not in self._files:
            if self.holds(path):
                raise Unreadable(IS_NOT_ORDINARY)  # a folder
            raise FileNotFoundError
        info, *others = self._files[path]
        kind = stat.S_IFMT(info.external_attr >> 16)
        if others:
            raise Unreadable(f"is in the zip file {len(others) + 1} times; hand in one of them")
        if kind == stat.S_IFLNK:
            raise Unreadable(IS_A_LINK)
        if kind not in (0, stat.S_IFREG):
            raise Unreadable(IS_NOT_ORDINARY)
        if info.flag_bits & _FLAG_ENCRYPTED:
            raise Unreadable("is encrypted; make the zip file without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # With other methods zipfile decompresses a whole chunk at once, however large the result.
            raise Unreadable("is compressed in an unusual way; make the zip file with your system's own tool")
        if info.file_size > limit:
            raise TooLarge(info.file_size, limit)
        if info.compress_size > 2 * limit:
            raise Unreadable(_IS_DAMAGED)  # gigabytes that decompress to nothing take time
        end = next((end for end in self._ends if end > info.header_offset), 0)
        if info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size > end:
            raise Unreadable(_IS_DAMAGED)
        try:
            contents = bytearray()
            with warnings.catch_warnings(), self._opened(info) as member:
                while piece := member.read(min(_PIECE_BYTES, limit + 1 - len(contents))):
                    contents += piece
        except (*_DAMAGED, _TooMuch):
            raise Unreadable(_IS_DAMAGED) from None
        if len(contents) > limit:
            raise TooLarge(len(contents), limit)
        return bytes(contents)

    def _opened(self, info: zipfile.ZipInfo) -> IO[bytes]:
        warnings.simplefilter("ignore")  # of overlapping entries, since Python 3.14: none is read twice
        return self._archive.open(info)

    def _enter(self, info: zipfile.ZipInfo) -> None:
        name = member_name(info)
        parts = tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))
        if not parts:
            return
        if ".." in parts or re.match(r"[/\\]|[A-Za-z]:", name) or "\0" in info.orig_filename:
            self._folders[()][info.orig_filename] = False  # leads out of the archive: listed by name, but not a file
            return
        is_folder = re.search(r"[/\\]$", name) is not None
        for depth, part in enumerate(parts[: DEEPEST + 2]):
            inside = depth < len(parts) - 1
            names = self._folders[parts[:depth]]
            names[part] = names.get(part, False) or inside or is_folder
        if not is_folder and len(parts) <= DEEPEST + 2:
            self._files[parts].append(info)


class _TooMuch(Exception):
    """A single read asked for more than a zip file's directory may have."""


class _BoundedFile(io.FileIO):
    """A file that refuses reads larger than a directory may be: zipfile asks for as much as the archive claims."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(os.fstat(self.fileno()).st_size - self.tell(), 0)  # a read allocates what is asked for
        return _whole_piece(super().read(min(_at_most(size), left + 1)))


class _BoundedBytes(io.BytesIO):
    """The same for a file in memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        return _whole_piece(super().read(_at_most(size)))


def _at_most(size: int | None) -> int:
    most = MAX_DIRECTORY_BYTES + 1
    return most if size is None or size < 0 else min(size, most)


def _whole_piece(contents: bytes | None) -> bytes:
    if contents is not None and len(contents) > MAX_DIRECTORY_BYTES:
        raise _TooMuch
    return contents or b""


def member_name(info: zipfile.ZipInfo) -> str:
    """A member's name; many tools write UTF-8 without saying so."""
    if not info.flag_bits & _FLAG_UTF8:
        with contextlib.suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename


def _what_else(begin: bytes) -> str:
    """The kind of a file that cannot be opened as a zip file, and what to do about it."""
    advice = "Give the folder that holds the student's modules, or a zip file of it."
    for magic, kind in _OTHER_KINDS.items():
        if begin.startswith(magic):
            return f"is {kind}, not a zip file. {advice}"
    if begin[_TAR_MAGIC] == b"ustar":
        return f"is a tar file, not a zip file. {advice}"
    if begin.startswith(b"PK"):
        return "is a zip file that is damaged or incomplete: make it again, or give the folder."
    return f"is not a folder and not a zip file. {advice}"
