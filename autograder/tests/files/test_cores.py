"""How many cores there are for us."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.batch import executors
from autograder.files import cores as module
from autograder.files.cores import cores


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups of a machine with eight cores, all of which we may run on, and no limit."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(module, "CGROUP", tmp_path)
    monkeypatch.setattr(module, "_OWN", tmp_path / "own")
    return tmp_path


def limit(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.max").write_text(text)


def limit_of_old(folder: Path, quota: int) -> None:
    folder.mkdir(parents=True)
    (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")


def test_without_a_limit_they_are_those_that_we_may_run_on(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores() == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5})
    limit(machine, "400000 100000\n")
    assert cores() == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max 100000\n", 8),
        ("200000 100000\n", 2),
        ("260000 100000\n", 3),
        ("10000 100000\n", 1),
        ("9900000 100000\n", 8),
        ("", 8),
        ("a b c", 8),
        ("1 0", 8),
    ],
)
def test_a_container_has_its_share(machine: Path, text: str, expected: int) -> None:
    limit(machine, text)
    assert cores() == expected


def test_a_service_has_its_own_groups_share_and_that_of_those_above(machine: Path) -> None:
    (machine / "own").write_text("0::/system.slice/grader.service\n")
    limit(machine / "system.slice" / "grader.service", "max 100000")
    limit(machine / "system.slice", "300000 100000")
    assert cores() == 3
    limit(machine / "system.slice" / "grader.service", "100000 100000")
    assert cores() == 1


def test_control_groups_of_the_first_version(machine: Path) -> None:
    (machine / "own").write_text("12:memory:/elsewhere\n4:cpu,cpuacct:/docker/abc\n")
    limit_of_old(machine / "cpu", -1)
    assert cores() == 8
    limit_of_old(machine / "cpu" / "docker" / "abc", 150_000)
    limit_of_old(machine / "cpu" / "elsewhere", 100_000)
    assert cores() == 2


def test_what_the_kernel_says_of_groups_may_be_anything(machine: Path) -> None:
    for text in ("", "no colons", "0::/../../etc", "0::", "\udcff"):
        (machine / "own").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert cores() == 8


def test_a_class_is_graded_on_as_many(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(machine, "300000 100000")
    monkeypatch.setattr(executors, "_free_memory", lambda: 1e12)
    assert executors.local_jobs(training=False) == 3
