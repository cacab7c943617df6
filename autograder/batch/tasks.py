"""What a worker of a class does: grade one submission, with a sandbox and images that it keeps for the next one.

A worker is a process that decides points; students' code runs in the sandbox below it. What goes to a worker and comes
back is plain data, for a worker may be on another machine.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from dataclasses import dataclass
from multiprocessing import connection, parent_process

from autograder.course import Assignment
from autograder.errors import GraderFault, KilledFromOutside, UnusableRequest
from autograder.grading.digests import grader_digest, suite_digest, thresholds_digest, versions
from autograder.grading.grader import Grader
from autograder.grading.report import Report
from autograder.grading.secret import Seeds
from autograder.intake import Submission
from autograder.render.versions import versions_in_words
from autograder.sandbox.isolation import require_layers

PRELOADED = ("autograder.grading.grade", "autograder.grading.short_run", "autograder.batch.tasks")

_grader = Grader()
_one_at_a_time = threading.Lock()  # a Dask worker may have several threads, and pytest has one state a process


@dataclass(frozen=True)
class Task:
    """One submission to be graded.

    Attributes:
        submission: as it was taken in.
        assignment: as it stands where the class was started.
        questions: ids of those to grade.
        data: images to train networks on; None: none is trained.
        seeds: the student's; the course's secret itself stays where the class was started.
        code: what `code_digests` says where the class was started.
        allow_missing: a layer of confinement may be missing.
        alone: nothing else is being graded, so that a worker that is killed is nobody else's doing.
    """

    submission: Submission
    assignment: Assignment
    questions: tuple[str, ...]
    data: str | None
    seeds: Seeds
    code: dict[str, str]
    allow_missing: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of a task: a report, or why the grader failed.

    Attributes:
        report: None if the grader failed.
        fault: why, a sentence.
        stop: the fault is this worker's with any submission, so that it is of no use to go on.
        crowded: it may go well with nothing beside it: something of it was killed, most likely for want of memory.
    """

    report: Report | None = None
    fault: str = ""
    stop: bool = False
    crowded: bool = False


def code_digests() -> dict[str, str]:
    """What must be the same wherever a class is graded: the code, and the Python and torch that run it."""
    code = {"grader": grader_digest(), "suite": suite_digest(), "thresholds": thresholds_digest()}
    return {**code, **versions()}


def _mismatch(wanted: dict[str, str]) -> str:
    """What this worker has otherwise than the process that started the class, a sentence; "" if nothing."""
    here = code_digests()
    if wanted == here:
        return ""
    where = f"The worker on {socket.gethostname()}"
    if versions_in_words(wanted) != versions_in_words(here):
        return (
            f"{where} has {versions_in_words(here)}, and the class was started with {versions_in_words(wanted)}: "
            "give both the same."
        )
    return f"{where} has another version of the grader: bring its checkout up to date."


def grade_task(task: Task) -> Answer:
    """Grade a submission; whatever goes wrong is an answer."""
    try:
        with _one_at_a_time:
            mismatch = _mismatch(task.code)
            if mismatch:
                return Answer(fault=mismatch, stop=True)
            try:
                require_layers(_grader.layers(), allow_missing=task.allow_missing)
                if task.data is not None:
                    _grader.load(task.data)
            except (UnusableRequest, GraderFault) as error:
                return Answer(fault=f"On {socket.gethostname()}: {error}", stop=True)
            report = _grader.grade(
                task.submission,
                task.assignment,
                questions=task.questions,
                data=task.data,
                seeds=task.seeds,
                alone=task.alone,
            )
            return Answer(report)
    except KilledFromOutside as error:
        return Answer(fault=str(error), crowded=not task.alone)
    except Exception as error:  # noqa: BLE001  (a fault of ours with one submission; the others are graded)
        sentence = str(error) if isinstance(error, GraderFault) else f"{type(error).__name__}: {error}"
        return Answer(fault=sentence or type(error).__name__)


def begin_local_worker() -> None:
    """Called once in each local worker: Ctrl-C is for the process that started the class; when that ends, so do we."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)  # the sandbox ends when its connection closes, and with it what is running there
