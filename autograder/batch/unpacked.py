"""Unpack the zip file in which a system delivers a whole class. Students' own zip files in it stay packed."""

from __future__ import annotations

import errno
import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path

from autograder.errors import UnusableRequest
from autograder.intake.archive import member_name
from autograder.intake.names import printable
from autograder.text.numbers import listed

FOLDER = ".handed_out"  # in the results' folder
MAX_FILES = 200_000
MAX_FILE_BYTES = 256 << 20
MAX_BYTES = 8 << 30
_PIECE_BYTES = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def unpacked(archive: Path, out: Path) -> tuple[Path, list[str]]:
    """Unpack a class, replacing what was unpacked the last time.

    No links are created, and nothing is written outside the folder. Members that cannot be unpacked are left out.

    Args:
        archive: the zip file as it was downloaded.
        out: the results' folder.

    Returns:
        The folder with the submissions, and sentences about what was left out.

    Raises:
        UnusableRequest: it is not a zip file, is too large, or cannot be unpacked there.
    """
    folder = out / FOLDER
    shown = printable(str(archive), None)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        with zipfile.ZipFile(archive) as opened:
            return folder, _all(opened, folder, shown)
    except zipfile.BadZipFile:
        raise UnusableRequest(f"{shown} is not a zip file, or only part of one: download it again.") from None
    except OSError as error:
        raise UnusableRequest(f"{shown} cannot be unpacked into {folder}: {error.strerror}.") from None


def _all(opened: zipfile.ZipFile, folder: Path, shown: str) -> list[str]:
    members = [member for member in opened.infolist() if not member.is_dir()]
    left_out: list[str] = []
    room = MAX_BYTES
    if len(members) > MAX_FILES:
        raise UnusableRequest(f"{shown} holds {len(members):,} files; {MAX_FILES:,} are the most that are unpacked.")
    for member in members:
        name = member_name(member)
        parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
        kind = stat.S_IFMT(member.external_attr >> 16)
        path = folder.joinpath(*parts)
        if not parts or ".." in parts or re.match(r"[/\\]|[A-Za-z]:", name) or kind not in (0, stat.S_IFREG):
            left_out.append(f"{printable(name)} (not an ordinary file in it)")
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            room -= _copy(opened, member, path, min(room, MAX_FILE_BYTES))
        except _TooLarge:
            path.unlink()
            if room <= MAX_FILE_BYTES:
                raise UnusableRequest(
                    f"{shown} unpacks to more than {MAX_BYTES:,} bytes: unpack it yourself."
                ) from None
            left_out.append(f"{printable(name)} (more than {MAX_FILE_BYTES:,} bytes)")
        except _DAMAGED:
            path.unlink(missing_ok=True)
            left_out.append(f"{printable(name)} (damaged or encrypted)")
        except (FileExistsError, NotADirectoryError):
            left_out.append(f"{printable(name)} (there twice)")
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            left_out.append(f"{printable(name)} (its name is too long)")
    return [f"{shown}: left out {listed(left_out)}."] if left_out else []


class _TooLarge(Exception):
    """A member exceeds the limit in bytes."""


def _copy(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, most: int) -> int:
    size = 0
    with opened.open(member) as packed, path.open("xb") as file:
        while piece := packed.read(_PIECE_BYTES):
            size += len(piece)
            if size > most:
                raise _TooLarge
            file.write(piece)
    return size
