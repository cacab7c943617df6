"""How a student's files are handed in: as a folder, a zip file or a git checkout, at the top or nested."""

from __future__ import annotations

import io
import random
import shutil
import zipfile
from pathlib import Path

from autograder.release.git import Repository

Files = dict[str, bytes]

_DATE = (2026, 11, 2, 9, 0, 0)  # of a zip file's members: the current time would make two classes differ
_HOMES = ("", "", "", "assignment/", "lab 3 (final)/", "cnn-lab-main/assignment/")
_LEAVINGS: Files = {
    ".DS_Store": b"\0\0\0\1Bud1",
    "notes.txt": "Übung 3 — to do".encode(),
    "scratch.py": b"import this\n",
}
_ZIPPED = {
    *("an encrypted zip file", "an unreadable zip file", "a zip file in a zip file", "no zip file"),
    "an empty zip file",
}


def pack(folder: Path, student: str, kind: str, files: Files, draw: random.Random) -> Path:
    """Write a student's submission to the folder of a class.

    Args:
        folder: the class's.
        student: the student's name, which the submission gets.
        kind: a key of `classes.SHARES`; some of them are about the packing.
        files: what is handed in.
        draw: decides whatever is left open.

    Returns:
        The folder or the file that was written.
    """
    home = draw.choice(_HOMES)
    if draw.random() < 0.2:
        files = {**_LEAVINGS, **files}
    files = {f"{home}{name}": contents for name, contents in files.items()}
    form = draw.choice(("folder", "zip", "zip", "git"))
    if kind in _ZIPPED or (form == "zip" and kind not in ("a link", "an empty folder", "two answers")):
        path = folder / f"{student}.zip"
        path.write_bytes(_spoilt(kind, files, draw))
        return path
    path = folder / student
    if kind == "an empty folder":
        files = {}
    elif kind == "two answers":
        files = {f"{version}/{name}": contents for version in ("old", "new") for name, contents in files.items()}
    if form == "git" and kind != "a link":
        repository = Repository(path)
        repository.require_main()
        repository.commit("main", files or {"README.md": b"# My lab\n"}, "Hand in")
        repository.stage([*files], [])
        shutil.rmtree(path / ".git" / "logs")  # it contains the current time
    path.mkdir(exist_ok=True)
    for name, contents in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(contents)
    if kind == "a link":
        module = path / next(name for name in sorted(files) if name.endswith(".py") and "/q" in f"/{name}")
        module.unlink()
        module.symlink_to(draw.choice(("/etc/passwd", f"../{student}/no.py", "../../solutions/q1_conv2d.py")))
    return path


def _spoilt(kind: str, files: Files, draw: random.Random) -> bytes:
    """The bytes of a zip file of this kind."""
    if kind == "an empty zip file":
        return _zipped({})
    whole = _zipped(files)
    if kind == "an encrypted zip file":
        return _encrypted(whole)
    if kind == "an unreadable zip file":
        return draw.choice((whole[: len(whole) // 2], whole[:4], b"", whole[: -(len(whole) // 4)]))
    if kind == "a zip file in a zip file":
        return _zipped({"submission.zip": whole})
    if kind == "no zip file":
        return draw.choice(
            (b"Rar!\x1a\x07\x01\0" + draw.randbytes(500), b"\x1f\x8b\x08\0" + draw.randbytes(500), b"%PDF-1.7\n")
        )
    return whole


def _zipped(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, contents in files.items():
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o100644 << 16
            archive.writestr(member, contents)
    return file.getvalue()


def _encrypted(archive: bytes) -> bytes:
    """The same zip file with all members marked as encrypted, which makes their contents unreadable."""
    marked = bytearray(archive)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = archive.find(signature)
        while found >= 0:
            marked[found + at] |= 1
            found = archive.find(signature, found + 4)
    return bytes(marked)
