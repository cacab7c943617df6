"""However submissions end, one after the other, the grader is afterwards what it was before."""

from __future__ import annotations

import gc
import itertools
import os
import re
import sys
import time
import weakref
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.course import Assignment
from autograder.course.limits import Limits
from autograder.grading.grade import grade
from autograder.intake import Submission
from autograder.sandbox import usage
from autograder.sandbox.sandbox import Sandbox
from tests.diagnosis import misconceptions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what other processes hold")

LIMITS = Limits(
    call_seconds=0.1, call_wall_seconds=5, memory_mb=128, message_mb=16, scratch_mb=4, scratch_files=16, threads=16
)
HEAD = """
import os, threading, time
import torch

kept, data = [], bytes(100_000)

def relu(input, inplace=False):
    """
SPENT = "of 0.1 processor seconds"  # comes first on a busy machine, where a processor's caches serve others as well
# Each with what its report says somewhere, so that it is known to have ended that way.
DEATHS = {
    "os._exit(0)": "ended the process itself",
    "raise ValueError": "raised ValueError",
    "while True: pass": SPENT,
    "while True: kept.append(torch.ones(1 << 20))": f"128 MB (may be allocated|are allowed)|{SPENT}",
    "while True: os.write(1, bytes(65536))": SPENT,
    "while True: os.write(os.open(str(time.time_ns()), os.O_CREAT | os.O_RDWR), data)": f"16 files|open|{SPENT}",
    "[threading.Thread(target=time.sleep, args=(999,), daemon=True).start() for _ in range(8)]": "None|threads may run",
    "os.closerange(3, 64); time.sleep(999)": "hung up",
    "import signal; signal.raise_signal(signal.SIGSEGV)": "SIGSEGV",
    "return torch.ones(8 << 20)": f"too large|{SPENT}",
}


@dataclass(frozen=True)
class Holdings:
    """What the grader and its fork server hold."""

    grader_kb: int
    server_kb: int
    grader_descriptors: int
    server_descriptors: int
    threads: int
    processes: int
    files: int


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_thousand_hostile_gradings_leave_nothing_behind(assignment: Assignment) -> None:
    # In a process of its own: one that has run other tests holds what they made, and may move or free it meanwhile.
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        before, after = process.submit(_before_and_after, assignment, 1000).result()
    print(f"  before {before}\n  after  {after}")  # shown by pytest -s
    for field in fields(Holdings):
        # A process's size is never quite the same. Tensors and tracebacks of a grading left behind would be more.
        room = 10_000 if field.name.endswith("_kb") else 0
        assert getattr(after, field.name) <= getattr(before, field.name) + room, field.name


def _before_and_after(assignment: Assignment, gradings: int) -> tuple[Holdings, Holdings]:
    question = replace(assignment.choose(["q2"])[0], limits=LIMITS)
    assignment = replace(assignment, questions=(question,))
    with Sandbox() as sandbox:
        for _ in range(max(1, gradings // 40)):  # what is made once is made now; memory needs some hundred to settle
            for body in DEATHS:
                _grade(assignment, sandbox, body)
        before = _holdings(sandbox)
        for body in itertools.islice(itertools.cycle(DEATHS), gradings):
            _grade(assignment, sandbox, body)
        return before, _holdings(sandbox)


def _grade(assignment: Assignment, sandbox: Sandbox, body: str) -> None:
    report = grade(Submission("a student", {"q2_relu.py": f"{HEAD}{body}\n".encode()}), assignment, sandbox)
    assert report.score == 0
    assert re.search(DEATHS[body], "\n".join(test.staff or test.message for test in report.questions[0].tests)), body


def _holdings(sandbox: Sandbox) -> Holdings:
    gc.collect()
    sandbox.layers()
    server = sandbox._server.process.pid
    end = time.monotonic() + 30
    while _children(server) and time.monotonic() < end:  # the last worker is ended without waiting for it
        time.sleep(0.01)
    return Holdings(
        grader_kb=usage.memory(os.getpid()) >> 10,
        server_kb=usage.memory(server) >> 10,
        grader_descriptors=_count("self", "fd"),
        server_descriptors=_count(server, "fd"),
        threads=_count("self", "task"),
        processes=len(_children(server)),
        files=len([*sandbox.folder.rglob("*")]),
    )


def _count(process: int | str, folder: str) -> int:
    return len([*Path(f"/proc/{process}/{folder}").iterdir()])


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()


def test_what_is_known_of_a_function_goes_with_it() -> None:
    def conv2d(input: torch.Tensor, *_: Any, **named: Any) -> torch.Tensor:
        if "dilation" in named:
            raise ValueError("dilation")
        return input

    kept = weakref.ref(conv2d)
    image = torch.ones(1, 1, 2, 2)
    refused = misconceptions.likely_refused(conv2d, (image, image), {"dilation": 2}, ValueError("dilation"))
    assert refused is None  # more is wrong than that
    assert misconceptions.likely(conv2d, (image, image), {}, image) is None
    del conv2d
    assert kept() is None
