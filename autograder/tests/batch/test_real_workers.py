"""A class with real workers: killed and resumed, on a cluster with a worker killed, on a full disk, without rights."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import ROOT
from autograder.evidence.bank.classes import write_class
from autograder.tests.support.half_right import half_right
from autograder.tests.support.interrupted_class import (
    cluster,
    command,
    differences,
    graded_while_workers_die,
    killed,
    undisturbed,
)
from autograder.tests.support.processes import assert_gone, descendants, parent, words

STUDENTS = 24

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of all kinds of submissions and what came of it when nothing disturbed it: `class` and `out`."""
    work = tmp_path_factory.mktemp("graded")
    write_class(work / "class", STUDENTS, seed=5)
    undisturbed(work / "class", work / "out")
    return work


def test_killed_at_any_moment_it_goes_on_and_comes_to_the_same(graded: Path, tmp_path: Path) -> None:
    two = ("--jobs", "2")  # more would be done before the third kill
    killed(graded / "class", tmp_path / "out", STUDENTS, 3, *two)
    assert differences(graded / "out", tmp_path / "out") == []


def test_on_a_cluster_with_a_worker_killed_it_comes_to_the_same(graded: Path, tmp_path: Path) -> None:
    graded_while_workers_die(graded / "class", tmp_path / "out", STUDENTS, kills=1)
    assert differences(graded / "out", tmp_path / "out") == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_politely_it_says_how_to_go_on_and_leaves_no_process(tmp_path: Path, how: int) -> None:
    for number in range(6):
        half_right(tmp_path / "class" / f"s{number}")
    run = start(tmp_path)
    results = tmp_path / "out" / "results"
    wait_until(lambda: results.is_dir() and any(results.iterdir()), run)
    belonging = descendants(run.pid)
    os.killpg(run.pid, how) if how == signal.SIGINT else run.send_signal(how)
    _, printed = run.communicate(timeout=60)
    assert_gone(belonging)
    assert run.returncode == 130
    assert "the same command goes on" in printed
    undisturbed(tmp_path / "class", tmp_path / "out")


def test_when_only_the_one_who_started_it_is_killed_its_workers_end(tmp_path: Path) -> None:
    half_right(tmp_path / "class" / "ada")
    run = start(tmp_path)
    wait_until(lambda: len(descendants(run.pid)) > 4, run)
    belonging = descendants(run.pid)
    run.kill()
    run.wait()
    assert_gone(belonging)


def test_a_worker_that_is_killed_takes_nobody_with_it(tmp_path: Path) -> None:
    for number in range(6):
        half_right(tmp_path / "class" / f"s{number}")
    run = start(tmp_path, "--jobs", "1")
    results = tmp_path / "out" / "results"
    wait_until(lambda: results.is_dir() and any(results.iterdir()), run)
    forked = [pid for pid in descendants(run.pid) if "forkserver" in words(pid) and parent(pid) != run.pid]
    assert forked
    os.kill(forked[0], signal.SIGKILL)
    _, printed = run.communicate(timeout=300)
    assert run.returncode == 0, printed
    assert len(list(results.iterdir())) == 6


def test_on_a_full_disk_nothing_is_lost_and_it_goes_on_once_there_is_room(tmp_path: Path) -> None:
    for number in range(6):
        half_right(tmp_path / "class" / f"s{number}")
    with mounted(tmp_path / "disk", "size=128k") as disk:
        run = subprocess.run(
            command(tmp_path / "class", disk / "out"), cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert run.returncode == 2
        assert "No space left on device" in run.stderr
        there = {path.name: path.read_bytes() for path in (disk / "out" / "results").glob("*.json")}
        assert 0 < len(there) < 6
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        undisturbed(tmp_path / "class", disk / "out")
        assert len(list((disk / "out" / "results").glob("*.json"))) == 6
        for name, contents in there.items():
            assert (disk / "out" / "results" / name).read_bytes() == contents


def test_a_read_only_out_is_reported_before_anything_is_graded(tmp_path: Path) -> None:
    half_right(tmp_path / "class" / "ada")
    with mounted(tmp_path / "disk", "ro") as disk:
        run = subprocess.run(
            command(tmp_path / "class", disk / "out"), cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert run.returncode == 2
    assert "cannot be written to: Read-only file system" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_when_the_scheduler_dies_what_was_graded_is_kept(tmp_path: Path) -> None:
    for number in range(8):
        half_right(tmp_path / "class" / f"s{number}")
    results = tmp_path / "out" / "results"
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster", workers=1) as (address, scheduler, _):
        run = start(tmp_path, "--scheduler", address, "--question", "q2")
        wait_until(lambda: results.is_dir() and any(results.iterdir()), run)
        os.kill(scheduler, signal.SIGKILL)
        _, printed = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "scheduler is gone. What was graded is kept" in printed
    assert "Traceback" not in printed
    undisturbed(tmp_path / "class", tmp_path / "out", "--question", "q2")
    assert len(list(results.glob("*.json"))) == 8


def test_a_missing_scheduler_is_reported(tmp_path: Path) -> None:
    half_right(tmp_path / "class" / "ada")
    run = subprocess.run(
        command(tmp_path / "class", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1"),
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "no Dask scheduler answers" in run.stderr


def start(work: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(work / "class", work / "out", *options),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509  (no other thread has begun)
    )  # fmt: skip


@contextlib.contextmanager
def mounted(disk: Path, options: str) -> Iterator[Path]:
    """A file system of its own in a new folder."""
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"This test mounts a file system, as root: {done.stderr}"
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def heed_interrupts() -> None:
    """A process that a shell started in the background ignores them, and these tests may be such a process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(true, run: subprocess.Popen[str]) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 300
    while not true():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
