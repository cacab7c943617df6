"""Bring a folder up to date with the files that are given there, so that nothing of anybody's is lost.

A record in the folder has the SHA-256 of each file that was given. It distinguishes a file that somebody changed from
one that is merely of an earlier version. What becomes of either is decided by the caller, before the first file is
written; what all callers have in common is here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.errors import UnusableRequest
from autograder.files.whole import remove_empty, sweep, write_whole

Files = Mapping[str, bytes]
"""The contents of files by their paths, with slashes."""


@dataclass(frozen=True)
class Record:
    """The list of what was given.

    Attributes:
        path: where it lies in the folder.
        what: what it says about itself, for people; "" if it is the bare list.
        unreadable: the end of the sentence about a record that is damaged.
    """

    path: str
    what: str
    unreadable: str

    @property
    def next(self) -> str:
        """The path of the new record until an update is finished; until then the files in either count as given."""
        return f"{self.path}.next"

    def lies_in(self, folder: Path) -> bool:
        """Whether files were given there, even by an update that was not finished."""
        return any((folder / path).is_file() for path in (self.path, self.next))

    def of(self, files: Files) -> bytes:
        """The contents of the record of these files."""
        given = {path: digest(contents) for path, contents in sorted(files.items())}
        return f"{json.dumps({'What': self.what, 'files': given} if self.what else given, indent=1)}\n".encode()


@dataclass(frozen=True)
class File:
    """A file that is given, or once was.

    Attributes:
        path: in the folder, with slashes.
        given: its contents; None if it is given no longer.
        current: what is there, with Unix line ends; None if nothing is.
        recorded: the digest of what was given the last time; None if it was not.
        begun: the digest of what an unfinished update gives; None if there is none.
    """

    path: str
    given: bytes | None
    current: bytes | None
    recorded: str | None
    begun: str | None

    @property
    def up_to_date(self) -> bool:
        return self.current == unix(self.given)

    @property
    def changed_here(self) -> bool:
        """Whether what is there was never given, or is somebody's change of it."""
        return self.current is not None and digest(self.current) not in (self.recorded, self.begun)


def names_in(folder: Path) -> set[str]:
    """What lies in the folder; nothing, if it is not there.

    Raises:
        UnusableRequest: it is not a folder, or cannot be read.
    """
    try:
        return {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise UnusableRequest(f"{folder} is not a folder that can be used: {error.strerror}.") from None


def compare(folder: Path, record: Record, files: Files, *, links: bool = False) -> list[File]:
    """Each file that is given or was, in order, with what is there.

    Args:
        folder: to bring up to date; it need not be there.
        record: of what was given.
        files: what is given now.
        links: whether there may be any. In a folder of somebody else's they could lead anywhere.

    Raises:
        UnusableRequest: the record cannot be used, or something that is not a file is in a file's place.
    """
    recorded, begun = (_recorded(folder, record, path, links=links) for path in (record.path, record.next))
    return [
        File(path, files.get(path), _current(folder, path, links=links), recorded.get(path), begun.get(path))
        for path in sorted({*files, *recorded, *begun} - {record.path, record.next})
    ]


def carry_out(
    folder: Path, record: Record, files: Files, write: Iterable[str], remove: Iterable[str], *, public: bool = False
) -> None:
    """Write and remove what was decided, and the record. An update that was interrupted can be run again.

    Args:
        folder: to bring up to date.
        record: of what is given.
        files: all that is given.
        write: paths of those to write.
        remove: paths of files that are given no longer.
        public: whether anybody may read what is written, no matter who writes it.

    Raises:
        UnusableRequest: the folder cannot be written.
    """
    try:
        write_whole(folder / record.next, record.of(files), public=public)
        for path in write:
            write_whole(folder / path, files[path], public=public)
        for path in remove:
            (folder / path).unlink(missing_ok=True)
        (folder / record.next).replace(folder / record.path)
        for place in {(folder / path).parent for path in (record.path, *files)}:
            sweep(place)  # what an update that was killed left
    except OSError as error:
        raise UnusableRequest(f"{folder} cannot be written: {error.strerror}.") from None


def write_new(folder: Path, files: Files, executable: Collection[str] = ()) -> None:
    """Write files into a folder that is new or empty; if that fails, what was written is removed again.

    So the same command can be given again once there is room.

    Args:
        folder: it.
        files: by their paths in it.
        executable: paths of programs.

    Raises:
        OSError: they cannot be written.
    """
    folders = {above for name in files for above in (folder / name).parents if not above.is_dir()}
    written: list[Path] = []
    try:
        for name, contents in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                written.append(path)
                file.write(contents)
            path.chmod(0o755 if name in executable else 0o644)
    except OSError:
        for path in written:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        remove_empty(sorted(folders, reverse=True))
        raise


def digest(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def unix(contents: bytes | None) -> bytes | None:
    """The same with Unix line ends: git may have written others."""
    return None if contents is None else contents.replace(b"\r\n", b"\n")


def _recorded(folder: Path, record: Record, path: str, *, links: bool) -> dict[str, str]:
    """What a record says; nothing, if it is not there. The folder may be a student's, so it may hold anything."""
    text = _current(folder, path, links=links)
    if text is None:
        return {}
    try:
        found = json.loads(text)
        digests = (found["files"] if record.what else found).items()
        return {str(name): str(value) for name, value in digests if _is_plain(str(name))}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnusableRequest(f"{folder / path} {record.unreadable}") from None


def _is_plain(path: str) -> bool:
    """Whether it is a path below the folder and outside of `.git`."""
    parts = PurePosixPath(path).parts
    below = bool(parts) and path == "/".join(parts) and parts[0].lower() != ".git" and ".." not in parts
    return below and path.isprintable() and not path.startswith("/") and not set(path) & set("\\:")


def _current(folder: Path, path: str, *, links: bool) -> bytes | None:
    """A file's contents, with Unix line ends; None if it is not there.

    Raises:
        UnusableRequest: something else is in its place, a link for instance, through which we would write elsewhere.
    """
    *above, place = [folder.joinpath(*PurePosixPath(path).parts[:depth]) for depth in range(1, path.count("/") + 2)]
    try:
        for each in (*above, place):
            as_it_should = each.is_file() if each == place else each.is_dir()
            if (each.is_symlink() and not links) or (each.exists() and not as_it_should):
                raise UnusableRequest(
                    f"{each} is in the way: a link, or not a {'file' if each == place else 'folder'}."
                )
        return unix(place.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableRequest(f"{place} cannot be read: {error.strerror}.") from None
