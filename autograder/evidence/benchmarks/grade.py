"""Measure the cost of grading, compared with its lower bound: the student's own code, a bare fork.

Everything is a median measured in one run on one machine, so that ratios are meaningful even if seconds are not.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from autograder import course
from autograder.course.limits import Limits
from autograder.errors import GraderFault
from autograder.evidence.benchmarks import without_training
from autograder.evidence.benchmarks.direct import Direct, recorded_calls
from autograder.grading.grade import grade
from autograder.intake import read_submission
from autograder.sandbox.confinement import LAYERS
from autograder.sandbox.proxy import RemoteQuestion
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session

MEGABYTE = 1 << 20
ISOLATION_AIM = 0.015  # seconds per worker

# Runs in a bare interpreter: a fork and nothing else.
_BARE_FORK = """
import os, sys, time, torch
torch.set_num_threads(1)
for repetition in range(int(sys.argv[1])):
    begun = time.perf_counter()
    reading, writing = os.pipe()
    if os.fork() == 0:
        torch.nn.functional.conv2d(torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3))
        os.write(writing, b"!")
        os._exit(0)
    os.read(reading, 1)
    print(time.perf_counter() - begun)
    os.wait()
"""
_WORKER_MODULE = b"""
import torch

def first():
    return torch.nn.functional.conv2d(torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3))

def same(x):
    return x
"""


def run(repeat: int, questions: tuple[str, ...] = ()) -> None:
    """Measure and print the table.

    Args:
        repeat: the number of measurements of each kind.
        questions: ids of the questions to grade; by default all that do not train a network.

    Raises:
        UnusableRequest: a question trains a network; its calls need objects that only a worker has.
    """
    assignment = course.load()
    chosen = without_training(
        assignment, questions, "its calls cannot be made directly; --training measures its speed."
    )
    assignment = replace(assignment, questions=chosen)
    submission = read_submission(course.SOLUTIONS, assignment)
    cold, importing = _cold_beside_an_import(assignment, max(1, repeat // 3))
    with Sandbox() as sandbox:
        grade(submission, assignment, sandbox)  # the first one starts the fork server
        calls = recorded_calls(submission, assignment, sandbox)
        with Direct(submission.modules, calls) as made_directly:
            warm, direct = _side_by_side(lambda: grade(submission, assignment, sandbox), made_directly, repeat)
        folder = sandbox.stage({"probe.py": _WORKER_MODULE})
        start, isolation = _starts(sandbox, folder, 5 * repeat)
        megabyte = _megabyte_calls(sandbox, folder, repeat)
    bare_fork = _lines(_BARE_FORK, str(repeat))

    names = ", ".join(question.id for question in assignment.questions)
    table = Table(title=f"The reference solutions of {names}, medians of {repeat}")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    table.add_column("beside", justify="right")
    table.add_row(
        "grade, cold: a new process",
        f"{cold.wall:.2f}",
        f"{cold.wall / importing.wall:.2f} × `import torch`; processor {cold.cpu / importing.cpu:.2f} ×",
    )
    table.add_row("grade, warm: the sandbox is there", f"{warm:.3f}", f"{warm / direct:.2f} × the direct calls")
    table.add_row(f"the same {len(calls)} calls made directly", f"{direct:.3f}", "")
    table.add_row(
        "aim: 1.5 × the direct calls + 0.3 s",
        f"{1.5 * direct + 0.3:.3f}",
        "met" if warm <= 1.5 * direct + 0.3 else "missed",
    )
    table.add_row(
        "worker: fork, confine, import, first convolution", f"{start:.4f}", f"{start / bare_fork:.2f} × the bare fork"
    )
    table.add_row(
        "of it isolation: with all layers less with none, in turn",
        f"{isolation:.4f}",
        f"aim: {ISOLATION_AIM} s, {'met' if isolation < ISOLATION_AIM else 'missed'}",
    )
    table.add_row("bare fork and first convolution", f"{bare_fork:.4f}", "")
    table.add_row("one call with a tensor of 1 MB, there and back", f"{megabyte:.4f}", "")
    Console().print(table)


@dataclass(frozen=True)
class _Cost:
    """What a program takes: seconds by the clock, and of processors, with all processes that it started."""

    wall: float
    cpu: float


def _cold_beside_an_import(assignment: course.Assignment, repeat: int) -> tuple[_Cost, _Cost]:
    """What grading in a new process costs, and importing torch in one, in turn."""
    chosen = [argument for question in assignment.questions for argument in ("--question", question.id)]
    commands = (
        [sys.executable, "-m", "autograder", "grade", str(course.SOLUTIONS), "--no-training", *chosen],
        [sys.executable, "-c", "import torch"],
    )
    costs: list[list[_Cost]] = [[_cost(command) for command in commands] for _ in range(repeat)]
    cold, importing = (
        _Cost(statistics.median(each.wall for each in of_one), statistics.median(each.cpu for each in of_one))
        for of_one in zip(*costs, strict=True)
    )
    return cold, importing


def _cost(command: list[str]) -> _Cost:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(command, cwd=course.ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - begun
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return _Cost(wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)


def _starts(sandbox: Sandbox, folder: Path, repeat: int) -> tuple[float, float]:
    """The seconds that a worker takes to start, and how many of them isolation takes."""
    confined, bare = [], []
    for _ in range(repeat):
        sandbox.without = ()
        confined.append(_start_and_call(sandbox, folder))
        sandbox.without = LAYERS
        bare.append(_start_and_call(sandbox, folder))
    sandbox.without = ()
    return statistics.median(confined), statistics.median(confined) - statistics.median(bare)


def _start_and_call(sandbox: Sandbox, folder: Path) -> float:
    """The seconds from requesting a worker to the result of its first convolution."""
    session = Session(sandbox, folder, "probe", ["conv2d"], Limits())
    begun = time.perf_counter()
    RemoteQuestion(session).first()
    seconds = time.perf_counter() - begun
    session.close()
    return seconds


def _megabyte_calls(sandbox: Sandbox, folder: Path, repeat: int) -> float:
    session = Session(sandbox, folder, "probe", [], Limits())
    probe = RemoteQuestion(session)
    tensor = torch.zeros(MEGABYTE // 4)
    probe.same(tensor)
    # A copy, since an unchanged argument would be returned as a reference.
    median = _times(lambda: probe.same([tensor]), 5 * repeat)
    session.close()
    return median


def _side_by_side(grading: Callable[[], object], made_directly: Direct, repeat: int) -> tuple[float, float]:
    """The seconds of a grading and of its calls made directly, alternately, so that a busy machine slows both.

    Raises:
        GraderFault: a call of a solution failed, so that fewer were measured than are graded.
    """
    gradings, direct = [], []
    for _ in range(repeat):
        gradings.append(_times(grading, 3))
        seconds, failed = made_directly.seconds()
        if failed:
            raise GraderFault(f"{failed} of the calls made directly failed.")
        direct.append(seconds)
    return statistics.median(gradings), statistics.median(direct)


def _lines(script: str, *arguments: str) -> float:
    """The median of the seconds that a script prints, one per line."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True)
    return statistics.median(float(line) for line in done.stdout.split())


def _times(action: Callable[[], object], repeat: int) -> float:
    seconds = []
    for _ in range(repeat):
        begun = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)
