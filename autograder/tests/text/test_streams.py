"""Terminals of few characters, pipes that close, full disks, little memory: a sentence, and nothing saved is lost."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault, UnusableRequest
from autograder.files.update import write_new
from autograder.files.whole import write_whole
from autograder.grading.report import write_json
from autograder.tests.support.classes import ANSWER, make_class, result_of
from autograder.tests.support.hostile_class import report_of
from autograder.text import streams
from autograder.text.streams import guarded

GRADE = ("grade", "solutions", "--question", "q2")


def run(*arguments: str, output: int | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command line; standard output goes to a descriptor, or is kept."""
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        cwd=course.ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if output is None else output,
        stderr=subprocess.PIPE,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("autograder: ")
    assert lines[0].endswith(".")
    return lines[0]


def closed_pipe() -> int:
    """A pipe that nobody reads from any more."""
    reads, writes = os.pipe()
    os.close(reads)
    return writes


@pytest.fixture
def graded_class(tmp_path: Path, assignment: Assignment) -> Path:
    results = [result_of(name, assignment, 0.5, answer=ANSWER) for name in ("anna", "berta")]
    return make_class(tmp_path / "class", assignment, results, "student,name\nanna,Anna ✓ Łoś\nberta,Berta\n")


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk without room for anything but names."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = (
        shutil.which("mount") is not None
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
        ).returncode
    )
    if not mounted:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> None:
    with (disk / "everything").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@pytest.mark.slow  # the next one would notice, too
def test_what_the_terminals_encoding_lacks_is_replaced(tmp_path: Path) -> None:
    done = run(*GRADE, "--json", str(tmp_path / "x.json"), PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode("cp1252")
    assert "Q2 ReLU" in shown
    assert "? " in shown  # a check mark
    assert json.loads((tmp_path / "x.json").read_text("utf-8"))["score"] == 5


def test_a_report_is_saved_before_it_is_shown(tmp_path: Path) -> None:
    done = run(*GRADE, "--json", str(tmp_path / "x.json"), output=closed_pipe(), PYTHONIOENCODING="cp1252")
    assert done.returncode == 1
    assert "Standard output was not written to its end: it was closed." in one_sentence(done)
    assert json.loads((tmp_path / "x.json").read_text("utf-8"))["score"] == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_output_that_cannot_be_written_is_one_sentence(graded_class: Path) -> None:
    with open("/dev/full", "wb") as nowhere:  # noqa: PTH123
        done = run("pages", str(graded_class), output=nowhere.fileno())
    assert done.returncode == 1
    assert "No space left on device" in one_sentence(done)
    assert (graded_class / "index.html").exists()


@pytest.mark.slow  # every command
@pytest.mark.parametrize("command", ["pages", "gradebook", "review", "release", "gradescope", "class"])
def test_a_closed_pipe_is_one_sentence(graded_class: Path, tmp_path: Path, command: str) -> None:
    new = str(tmp_path / "new")
    (tmp_path / "submissions" / "anna").mkdir(parents=True)
    shutil.copy(course.SOLUTIONS / "q2_relu.py", tmp_path / "submissions" / "anna")
    arguments = {
        "release": ("release", new),
        "gradescope": ("export", "gradescope", f"{new}.zip"),
        "class": ("class", str(tmp_path / "submissions"), "--out", new, "--question", "q2", "--no-training"),
    }.get(command, (command, str(graded_class)))
    done = run(*arguments, output=closed_pipe())
    assert done.returncode == 1
    assert "it was closed" in one_sentence(done)


def commands(graded_class: Path, disk: Path) -> Iterator[tuple[str, ...]]:
    yield "pages", str(disk / "class")
    yield "gradebook", str(disk / "class")
    yield "review", str(graded_class), "--export", str(disk / "answers.csv")
    yield "release", str(disk / "released")
    yield "release", str(disk / "committed"), "--solutions-branch"
    for place in ("github", "nbgrader", "classroom50"):
        yield "export", place, str(disk / place)
    yield "export", "gradescope", str(disk / "gradescope.zip")
    yield "class", str(graded_class.parent), "--out", str(disk / "out"), "--no-training"
    yield (*GRADE, "--json", str(disk / "x.json"))


def test_a_full_disk_is_named_and_nothing_unfinished_stays(graded_class: Path, full: Path) -> None:
    shutil.copytree(graded_class, full / "class")
    fill(full)
    before = sorted(full.rglob("*"))
    for arguments in list(commands(graded_class, full))[:3]:
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, b""), arguments
        assert "No space left on device" in one_sentence(done)
    left = {path.name for path in full.rglob("*") if path not in before}
    assert left <= {"students", "staff"}


def test_a_roster_that_does_not_fit_on_the_disk_leaves_nothing(graded_class: Path, full: Path) -> None:
    fill(full)
    roster = graded_class / "roster.csv"
    done = run("class", str(graded_class.parent), "--out", str(full / "out"), "--roster", str(roster), "--no-training")
    assert done.returncode == 2
    assert "No space left on device" in one_sentence(done)
    assert not [path for path in (full / "out").iterdir() if "roster" in path.name]


@pytest.mark.slow  # every command
def test_every_command_says_that_the_disk_is_full_and_can_be_given_again(graded_class: Path, full: Path) -> None:
    shutil.copytree(graded_class, full / "class")
    fill(full)
    for arguments in commands(graded_class, full):
        for _ in range(2):  # what the first left there is not in the way of the second
            done = run(*arguments)
            assert done.returncode == 2, (arguments, done.stderr)
            assert "No space left on device" in one_sentence(done), arguments


@pytest.mark.slow  # every command
def test_every_command_says_that_a_folder_is_read_only(graded_class: Path, full: Path) -> None:
    shutil.copytree(graded_class, full / "class")
    subprocess.run(["mount", "-o", "remount,ro", str(full)], check=True)
    for arguments in commands(graded_class, full):
        done = run(*arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert "Read-only file system" in one_sentence(done), arguments


def test_little_memory_is_one_sentence() -> None:
    limited = ["bash", "-c", 'ulimit -v 600000; exec "$@"', "bash", sys.executable, "-m", "autograder", *GRADE]
    done = subprocess.run(limited, cwd=course.ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "Grading does not fit into the 585 MB that a process may address here" in one_sentence(done)


def test_new_files_are_all_there_or_none(tmp_path: Path) -> None:
    theirs = tmp_path / "folder" / "theirs"
    theirs.parent.mkdir()
    theirs.write_text("kept", "utf-8")
    with pytest.raises(OSError, match="File exists"):
        write_new(theirs.parent, {"a": b"1", "deep/er/b": b"2", "theirs": b"3"})
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "theirs"]
    assert theirs.read_text("utf-8") == "kept"
    with pytest.raises(OSError, match="exists"):
        write_new(tmp_path / "new", {"a": b"1", "a/b": b"2"})
    assert not (tmp_path / "new").exists()


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for write in (partial(write_whole, pipe, b"it"), partial(write_json, report_of("it"), pipe)):
        with ThreadPoolExecutor() as reader:
            read = reader.submit(pipe.read_bytes)
            write()
            assert b"it" in read.result(timeout=10)
        assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_memory_that_ran_out_in_a_library_is_reported_as_that() -> None:
    with pytest.raises(GraderFault, match="There is too little memory"), guarded():
        raise ValueError("a rule") from MemoryError()


@pytest.mark.parametrize(("limited", "kind"), [(True, GraderFault), (False, SystemError)])
def test_an_error_of_pythons_own_is_reported_as_memory_only_under_a_limit(
    monkeypatch: pytest.MonkeyPatch, limited: bool, kind: type[Exception]
) -> None:
    monkeypatch.setattr(streams, "_is_limited", lambda: limited)
    with pytest.raises(kind), guarded():
        raise SystemError("error return without exception set")


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), UnusableRequest, "/a/b cannot be used: No space"),
        (OSError(errno.EROFS, "Read-only file system"), UnusableRequest, "A file cannot be written: Read-only"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), GraderFault, "There is too little memory."),
        (MemoryError(), GraderFault, "There is too little memory."),
        (RuntimeError("can't start new thread"), GraderFault, "There is too little memory."),
        (ImportError("libtorch.so: failed to map segment from shared object"), GraderFault, "There is too little"),
        # Anything else is a fault of ours, and its traceback is needed.
        (OSError(errno.EBADF, "Bad file descriptor"), OSError, "Bad file descriptor"),
        (RuntimeError("another"), RuntimeError, "another"),
        (ImportError("another"), ImportError, "another"),
    ],
)
def test_what_the_machine_refuses_becomes_a_sentence_and_nothing_else(
    raised: BaseException, kind: type[BaseException], words: str
) -> None:
    with pytest.raises(kind, match=words), guarded():
        raise raised
