"""`grade` and its fork servers come from one process that has imported torch, and share nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import course
from autograder.course.limits import Limits
from autograder.sandbox.proxy import RemoteQuestion
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.tests.support.handed_over import EXTRA, HIDDEN_SUITE, PROBE
from autograder.tests.support.processes import assert_gone, descendants, parent

SECRET = "canary-7f31c0d2"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is handed over")


class Run:
    """A run of the program, as far as its waiting for input.

    Attributes:
        command: the process that was started.
        before, after: what a process inherits, as the command and the grader see it.
        processes: process ids by name.
    """

    def __init__(self, extra: Path) -> None:
        extra.write_text("read through a descriptor", "utf-8")
        with extra.open() as file:
            self.command = subprocess.Popen(
                [sys.executable, "-m", "autograder.tests.support.handed_over", f"--{SECRET}"],
                cwd=course.ROOT,
                env={**os.environ, "GRADER_TOKEN": SECRET, "PYTHONIOENCODING": "iso8859-15", EXTRA: str(file.fileno())},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=[file.fileno()],
            )
        assert self.command.stdout is not None
        self.before = json.loads(self.command.stdout.readline())
        found, self.after = json.loads(self.command.stdout.readline())
        self.processes: dict[str, int] = {**found, "command": self.command.pid}

    def end(self) -> int:
        """Close its input, and wait for its status."""
        self.command.communicate()
        return self.command.returncode


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("handover") / "extra")
    yield run
    assert run.end() == 0


@pytest.fixture(scope="module")
def processes(run: Run) -> dict[str, int]:
    return run.processes


def test_the_grader_inherits_what_the_command_inherited(run: Run) -> None:
    assert run.before["extra"] == "read through a descriptor"
    assert run.before["environment"]["GRADER_TOKEN"] == SECRET
    assert run.after == {**run.before, "a worker's path": run.after["a worker's path"]}


def test_a_worker_imports_what_any_worker_does(run: Run, sandbox: Sandbox) -> None:
    with contextlib.closing(Session(sandbox, sandbox.stage(PROBE), "probe", (), Limits())) as session:
        assert run.after["a worker's path"] == RemoteQuestion(session).path()


def memory(pid: int) -> Iterator[bytes]:
    """What a process can write to: its stack, its heap, its libraries' variables."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as all_of_it:
        for line in Path(f"/proc/{pid}/maps").read_text("utf-8", "surrogateescape").splitlines():
            addresses, rights, *_ = line.split()
            if rights.startswith("rw") and not line.endswith("[vvar]"):
                first, last = (int(address, 16) for address in addresses.split("-"))
                all_of_it.seek(first)
                yield all_of_it.read(last - first) or b""


def test_grader_and_fork_server_are_forks_of_a_process_that_both_have_in_common(processes: dict[str, int]) -> None:
    assert parent(processes["ancestor"]) == processes["command"]
    for name in ("grader", "first server", "second server"):
        assert parent(processes[name]) == processes["ancestor"]
    assert parent(processes["first worker"]) == processes["first server"]
    assert parent(processes["second worker"]) == processes["second server"]


CANARIES = {"environment": SECRET.encode(), "suite": HIDDEN_SUITE.read_bytes()[:200]}


@pytest.fixture(scope="module")
def holders(processes: dict[str, int]) -> dict[str, set[str]]:
    """For each canary, the processes that have it in their memory."""
    found: dict[str, set[str]] = {name: set() for name in CANARIES}
    for process in processes.keys() - {"command"}:
        for part in memory(processes[process]):
            for name, canary in CANARIES.items():
                if canary in part:
                    found[name].add(process)
    return found


@pytest.mark.parametrize("canary", CANARIES)
def test_what_the_grader_knows_is_in_no_workers_memory(holders: dict[str, set[str]], canary: str) -> None:
    assert holders[canary] == {"grader"}


def test_arguments_and_environment_are_not_the_ancestors(processes: dict[str, int]) -> None:
    for name in processes.keys() - {"command"}:
        for file in ("environ", "cmdline"):
            assert SECRET not in Path(f"/proc/{processes[name]}/{file}").read_text("utf-8")


@pytest.mark.parametrize("victim", ["command", "ancestor"])
def test_whichever_is_killed_nothing_is_left(victim: str, tmp_path: Path) -> None:
    run = Run(tmp_path / "extra")
    all_of_them = descendants(run.command.pid)
    assert run.processes["second worker"] in all_of_them
    os.kill(run.processes[victim], signal.SIGKILL)
    assert run.end() == -signal.SIGKILL
    assert_gone(all_of_them)


def test_a_signal_to_the_command_reaches_the_grader(tmp_path: Path) -> None:
    run = Run(tmp_path / "extra")
    all_of_them = descendants(run.command.pid)
    run.command.send_signal(signal.SIGTERM)
    assert run.command.wait() == -signal.SIGTERM
    assert_gone(all_of_them)
    run.end()
