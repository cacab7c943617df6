"""Files are written whole or not at all."""

from __future__ import annotations

import ast
import errno
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

from autograder import course
from autograder.files.whole import sweep, write_first, write_whole

WRITERS = [write_whole, partial(write_whole, public=True, links=False), partial(write_whole, lasting=False)]


@pytest.fixture(autouse=True)
def usual_permissions() -> object:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("step", ["open", "write", "fsync", "chmod", "replace"])
@pytest.mark.parametrize("interrupted", [False, True])
def test_what_was_there_stays_until_all_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, interrupted: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt if interrupted else OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        owner, name = {"open": (os, "open"), "write": (os, "fdopen"), "fsync": (os, "fsync")}.get(step, (Path, step))
        patched.setattr(owner, name, fail)
        with pytest.raises(KeyboardInterrupt if interrupted else OSError):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_what_cannot_be_written_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "new" / "deeper" / "file", b"new")
    assert names(tmp_path) == []
    # Nor does a folder that cannot be made leave those above it.
    with pytest.raises(OSError, match="too long"):
        write_whole(tmp_path / "new" / ("x" * 300) / "file", b"new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("write", WRITERS)
def test_links_beside_it_are_not_followed_and_one_in_its_place_is_replaced(
    tmp_path: Path, write: Callable[[Path, bytes], None]
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (tmp_path / "file").symlink_to(outside)
    (tmp_path / ".file.unfinished").symlink_to(outside)
    write(tmp_path / "file", b"new")
    assert outside.read_bytes() == b"mine"
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not (tmp_path / "file").is_symlink()


def test_what_has_the_unfinished_files_name_already_is_neither_followed_nor_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", lambda _: b"guessed")
    (tmp_path / "outside").write_bytes(b"mine")
    guessed = f".file.{b'guessed'.hex()}.unfinished"
    (tmp_path / guessed).symlink_to("outside")
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "file", b"new")
    assert names(tmp_path) == [guessed, "outside"]
    assert (tmp_path / "outside").read_bytes() == b"mine"


def test_a_link_to_a_device_is_followed_only_where_nobody_else_made_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").symlink_to("pipe")
    with ThreadPoolExecutor() as reader:
        read = reader.submit((tmp_path / "pipe").read_bytes)
        write_whole(tmp_path / "file", "théy")
        assert read.result(timeout=10) == "théy".encode()
    assert (tmp_path / "file").is_symlink()
    write_whole(tmp_path / "file", b"new", public=True, links=False)  # else it would wait for a reader
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not (tmp_path / "file").is_symlink()


def test_permissions_are_the_usual_ones_or_those_that_it_had_or_everybodys(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_whole(path, b"1")
    assert (mode(path.parent), mode(path)) == (0o750, 0o640)
    path.chmod(0o604)
    write_whole(path, b"2")
    assert mode(path) == 0o604
    write_whole(path, b"3", public=True)
    assert mode(path) == 0o644
    write_whole(tmp_path / "public" / "file", b"1", public=True)
    assert (mode(tmp_path / "public"), mode(tmp_path / "public" / "file")) == (0o755, 0o644)


def test_a_name_as_long_as_a_file_system_takes(tmp_path: Path) -> None:
    for name in ("x" * 255, "✓" * 85):
        write_whole(tmp_path / name, b"it")
    assert names(tmp_path) == sorted(["x" * 255, "✓" * 85])


def test_two_who_write_the_same_file_at_once_do_not_mix(tmp_path: Path) -> None:
    """A process that another's whole writing interrupts still ends with its own contents."""
    path = tmp_path / "file"
    real = os.fsync
    depth = count()

    def meanwhile(descriptor: int) -> None:
        if next(depth) == 0:
            write_whole(path, b"theirs")
            assert path.read_bytes() == b"theirs"
        real(descriptor)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", meanwhile)
        write_whole(path, b"ours, which is longer")
    assert path.read_bytes() == b"ours, which is longer"
    assert names(tmp_path) == ["file"]


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".mine").touch()
    (tmp_path / "mine.unfinished").touch()
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", lambda *_: None)
        killed.setattr(Path, "unlink", lambda *_, **__: None)
        write_whole(tmp_path / "file", b"half")
    assert len(names(tmp_path)) == 3
    sweep(tmp_path)
    assert names(tmp_path) == [".mine", "mine.unfinished"]
    sweep(tmp_path / "nowhere")


def test_the_first_who_writes_a_secret_wins(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert write_first(path, b"first")
    assert not write_first(path, b"second")
    assert path.read_bytes() == b"first"
    assert mode(path) == 0o600
    assert names(tmp_path) == ["secret"]


def test_nobody_writes_whole_files_by_hand() -> None:
    """`Path.replace` and `os.replace` put a file in another's place: only this module does, and what says so here."""
    moved_as_they_are = {
        "autograder/files/whole.py",
        "autograder/files/update.py",  # the new record takes the old one's place once the update is finished
        "autograder/commands/class_run.py",  # results are put aside, reviews renamed
    }
    package = course.ROOT / "autograder"
    left_out = (package / "tests", package / "evidence" / "attacks" / "corpus", package / "evidence" / "bank")
    found = set()
    for path in package.rglob("*.py"):
        if any(path.is_relative_to(folder) for folder in left_out):
            continue
        text = path.read_text("utf-8")
        if "mkstemp(dir" in text or "os.replace(" in text or "os.link(" in text or _replaces_a_file(text):
            found.add(path.relative_to(course.ROOT).as_posix())
    assert found == moved_as_they_are


def _replaces_a_file(text: str) -> bool:
    """Whether a method `replace` gets one thing only: a text's gets two."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "replace"
        and len(node.args) == 1
        and not node.keywords
        for node in ast.walk(ast.parse(text))
    )
