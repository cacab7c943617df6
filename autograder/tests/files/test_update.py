"""Bring a folder up to date: what a release and the exports have in common, wherever an update is interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from autograder.errors import UnusableRequest
from autograder.files.update import File, Record, carry_out, compare
from autograder.files.whole import write_whole

RECORD = Record("given/list.json", "what was given", "is broken.")
Files = dict[str, bytes]


def update(folder: Path, files: Files, record: Record = RECORD) -> list[File]:
    """Write and remove all that nobody changed."""
    found = [file for file in compare(folder, record, files) if not (file.up_to_date or file.changed_here)]
    write = [file.path for file in found if file.given is not None]
    carry_out(folder, record, files, write, [file.path for file in found if file.given is None])
    return compare(folder, record, files)


def contents(folder: Path) -> Files:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("what", ["what was given", ""])
def test_what_nobody_changed_is_brought_up_to_date(tmp_path: Path, what: str) -> None:
    record = Record("list.json", what, "is broken.")
    update(tmp_path, {"a": b"1", "b": b"1", "c/d": b"1", "e": b"1"}, record)
    (tmp_path / "b").write_bytes(b"mine")
    (tmp_path / "e").write_bytes(b"mine")
    found = {file.path: file for file in update(tmp_path, {"a": b"2", "b": b"2"}, record)}
    assert contents(tmp_path) == {
        "a": b"2", "b": b"mine", "e": b"mine", "list.json": record.of({"a": b"2", "b": b"2"}),
    }  # fmt: skip
    assert [path for path, file in found.items() if file.changed_here] == ["b"]  # `e` is nobody's business any more


def test_line_ends_are_not_a_change(tmp_path: Path) -> None:
    update(tmp_path, {"a": b"1\n2\n"})
    (tmp_path / "a").write_bytes(b"1\r\n2\r\n")
    (file,) = compare(tmp_path, RECORD, {"a": b"1\n2\n"})
    assert (file.up_to_date, file.changed_here) == (True, False)
    update(tmp_path, {"a": b"3\n"})
    assert (tmp_path / "a").read_bytes() == b"3\n"


class Interrupted(BaseException):
    """As a signal would come."""


@pytest.mark.parametrize("then", ["the same", "a newer one", "the older one"])
def test_an_update_that_was_interrupted_is_run_again(tmp_path: Path, then: str) -> None:
    """Whichever step was the last, the next update, to whichever version, leaves what an undisturbed one would."""
    versions = {
        "the older one": {"a": b"1", "b": b"1", "gone": b"1"},
        "the same": {"a": b"2", "b": b"1", "new/c": b"2"},
        "a newer one": {"a": b"3", "b": b"3", "gone": b"3"},
    }
    expected = {**versions[then], "mine": b"mine", RECORD.path: RECORD.of(versions[then])}
    steps, interrupted = 0, True
    while interrupted:
        folder = tmp_path / str(steps)
        folder.mkdir()
        (folder / "mine").write_bytes(b"mine")
        update(folder, versions["the older one"])
        interrupted = interrupt(steps, partial(update, folder, versions["the same"]))
        update(folder, versions[then])
        assert {path: data for path, data in contents(folder).items() if "unfinished" not in path} == expected
        steps += 1
    assert steps > 10


def interrupt(steps: int, action: Callable[[], object]) -> bool:
    """Interrupt an action after `steps` steps that change the folder. Returns whether it was interrupted."""
    left = iter(range(steps))

    def until_then(real: Callable[..., object]) -> Callable[..., object]:
        def do(*arguments: object, **named: object) -> object:
            if next(left, None) is None:
                raise Interrupted
            return real(*arguments, **named)

        return do

    with pytest.MonkeyPatch.context() as patched:
        for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (os, "fsync")):
            patched.setattr(owner, name, until_then(getattr(owner, name)))
        try:
            action()
        except Interrupted:
            return True
    return False


def test_a_first_update_that_was_interrupted_is_known_by_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not RECORD.lies_in(tmp_path)
    with monkeypatch.context() as full:

        def write(path: Path, contents: bytes, **named: bool) -> None:
            if path.name == "b":
                raise OSError(28, "No space left on device")
            write_whole(path, contents, **named)

        full.setattr("autograder.files.update.write_whole", write)
        with pytest.raises(UnusableRequest, match="cannot be written: No space left on device"):
            update(tmp_path, {"a": b"1", "b": b"1"})
    assert RECORD.lies_in(tmp_path)
    update(tmp_path, {"a": b"2", "b": b"2"})
    assert contents(tmp_path) == {"a": b"2", "b": b"2", RECORD.path: RECORD.of({"a": b"2", "b": b"2"})}


@pytest.mark.parametrize("links", [True, False])
def test_links_are_followed_only_where_nobody_else_made_them(tmp_path: Path, *, links: bool) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "given").symlink_to(tmp_path / "elsewhere")
    if links:
        assert [file.current for file in compare(tmp_path / "folder", RECORD, {"given/a": b"1"}, links=True)] == [None]
    else:
        with pytest.raises(UnusableRequest, match="is in the way: a link, or not a folder"):
            compare(tmp_path / "folder", RECORD, {"given/a": b"1"})


def test_a_record_may_not_name_itself(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / RECORD.path).write_text('{"files": {"given/list.json": "0", "given/list.json.next": "0"}}')
    assert compare(tmp_path, RECORD, {}) == []
