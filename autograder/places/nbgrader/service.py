"""The grader of a process of nbgrader's, which asks for a submission's report once for each of its notebooks."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import course
from autograder.grading.grader import Grader
from autograder.grading.secret import seeds_of
from autograder.intake import read_submission

if TYPE_CHECKING:
    from autograder.grading.report import Report


@dataclass(frozen=True)
class GradingOptions:
    """How to grade.

    Attributes:
        questions: ids of those to grade; all if there are none.
        training: whether networks are trained.
        data: on what, as `grade --data` takes it.
    """

    questions: tuple[str, ...] = ()
    training: bool = True
    data: str = "auto"


class Service:
    """Grades what lies in a folder, and keeps the last report: a submission has seven notebooks."""

    def __init__(self) -> None:
        self._grader = Grader()
        self._last: tuple[object, Report] | None = None

    def report(self, folder: Path, settings: GradingOptions, student: str) -> Report:
        """Grade a folder, as `python -m autograder grade` does.

        Args:
            folder: what the student handed in.
            settings: how.
            student: as nbgrader knows them.

        Raises:
            UnusableRequest: the submission or the data cannot be used.
            GraderFault: the grader failed, which says nothing about the submission.
        """
        assignment = course.load()
        submission = read_submission(folder, assignment)
        key = (submission.digest, submission.left_out, assignment, settings, student)
        if self._last is None or self._last[0] != key:
            self._last = None
            data = settings.data if settings.training else None
            report = self._grader.grade(
                submission, assignment, questions=settings.questions, data=data, seeds=seeds_of(student)
            )
            self._last = key, report
        return self._last[1]

    def close(self) -> None:
        """End the sandbox and release the images; both come back when they are needed."""
        self._last = None
        self._grader.close()


@cache
def grading() -> Service:
    """The process's own, closed when it ends."""
    service = Service()
    atexit.register(service.close)
    return service
