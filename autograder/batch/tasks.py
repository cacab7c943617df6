"""A worker's task: grade one submission, with a sandbox and images that the worker keeps for the next one.

A worker is a trusted process that decides points; students' code runs in its sandbox. Tasks and answers are plain data,
since a worker may be on another machine.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from dataclasses import dataclass
from multiprocessing import connection, parent_process

from autograder.course import Assignment
from autograder.errors import DeviceFull, GraderFault, KilledFromOutside, UnusableRequest
from autograder.grading.digests import grader_digest, suite_digest, thresholds_digest, versions
from autograder.grading.grader import Grader
from autograder.grading.report import Report
from autograder.grading.secret import Seeds
from autograder.intake import Submission
from autograder.render.versions import versions_in_words
from autograder.sandbox.isolation import require_layers

PRELOADED = ("autograder.grading.grade", "autograder.grading.short_run", "autograder.batch.tasks")

_grader = Grader()
_one_at_a_time = threading.Lock()  # a Dask worker may have several threads, but pytest has one state per process


@dataclass(frozen=True)
class Task:
    """One submission to grade.

    Attributes:
        submission: the submission as it was read.
        assignment: from `course` on the machine that started the class.
        questions: ids of those to grade.
        data: images to train networks on; None to train none.
        seeds: the student's; the course's secret itself never leaves the machine that started the class.
        code: the result of `code_digests` on the machine that started the class.
        allow_missing: allow layers of confinement to be missing.
        alone: whether nothing else is being graded, so that no other submission can be to blame if a process is killed.
        retrain: whether to train every network, also one that was trained on this machine before.
        device: where networks are trained, "cpu" or "cuda".
    """

    submission: Submission
    assignment: Assignment
    questions: tuple[str, ...]
    data: str | None
    seeds: Seeds
    code: dict[str, str]
    allow_missing: bool = False
    alone: bool = False
    retrain: bool = False
    device: str = "cpu"


@dataclass(frozen=True)
class TaskResult:
    """The outcome of a task: a report, or why the grader failed.

    Attributes:
        report: None if the grader failed.
        fault: why it failed, a sentence.
        stop: whether this worker would fail with any submission, so that going on is useless.
        crowded: whether it may succeed when graded alone: a process was killed, most likely for lack of memory, or a
            GPU was full.
    """

    report: Report | None = None
    fault: str = ""
    stop: bool = False
    crowded: bool = False


def code_digests() -> dict[str, str]:
    """Digests of what must be the same on all machines that grade a class: the code, and its Python and torch."""
    code = {"grader": grader_digest(), "suite": suite_digest(), "thresholds": thresholds_digest()}
    return {**code, **versions()}


def _mismatch(expected: dict[str, str]) -> str:
    """A sentence on how this worker differs from the process that started the class; "" if it does not."""
    here = code_digests()
    if expected == here:
        return ""
    where = f"The worker on {socket.gethostname()}"
    if versions_in_words(expected) != versions_in_words(here):
        return (
            f"{where} has {versions_in_words(here)}, and the class was started with {versions_in_words(expected)}: "
            "give both the same."
        )
    return f"{where} has another version of the grader: bring its checkout up to date."


def grade_task(task: Task) -> TaskResult:
    """Grade a submission; any failure becomes an answer, too."""
    try:
        with _one_at_a_time:
            mismatch = _mismatch(task.code)
            if mismatch:
                return TaskResult(fault=mismatch, stop=True)
            try:
                require_layers(_grader.layers(), allow_missing=task.allow_missing)
                if task.data is not None:
                    _grader.open(task.device)
                    _grader.load(task.data)
            except (UnusableRequest, GraderFault) as error:
                return TaskResult(fault=f"On {socket.gethostname()}: {error}", stop=True)
            report = _grader.grade(
                task.submission,
                task.assignment,
                questions=task.questions,
                data=task.data,
                seeds=task.seeds,
                alone=task.alone,
                retrain=task.retrain,
                device=task.device,
            )
            return TaskResult(report)
    except (KilledFromOutside, DeviceFull) as error:
        return TaskResult(fault=str(error), crowded=not task.alone)
    except Exception as error:  # noqa: BLE001  (a fault of ours with one submission; the others are graded)
        known = isinstance(error, GraderFault | UnusableRequest)
        sentence = str(error) if known else f"{type(error).__name__}: {error}"
        return TaskResult(fault=sentence or type(error).__name__)


def begin_local_worker() -> None:
    """Set up a local worker: ignore Ctrl-C, which the process that started the class handles, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)  # the sandbox, and what is running in it, ends when its connection closes
