"""Grading for a process that grades many: one fork server, one set of images, for as long as it lives."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import course
from autograder.grading.grader import Grading
from autograder.grading.secret import seeds_of
from autograder.intake import read_submission

if TYPE_CHECKING:
    from autograder.grading.report import Report


@dataclass(frozen=True)
class Settings:
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
    """Grades what lies in a folder; the last report is kept, for a submission has seven notebooks."""

    def __init__(self) -> None:
        self._grading = Grading()
        self._last: tuple[object, Report] | None = None

    def report(self, folder: Path, settings: Settings, student: str) -> Report:
        """Grade a folder, as `python -m autograder grade` does.

        Args:
            folder: what the student handed in.
            settings: how.
            student: as nbgrader knows them.

        Raises:
            UnusableRequest: the submission or the data cannot be used.
            GraderFault: the grader failed; nothing is said about the submission.
        """
        assignment = course.load()
        submission = read_submission(folder, assignment)
        key = (submission.digest, submission.left_out, assignment, settings, student)
        if self._last is None or self._last[0] != key:
            self._last = None
            data = settings.data if settings.training else None
            report = self._grading.grade(
                submission, assignment, questions=settings.questions, data=data, seeds=seeds_of(student)
            )
            self._last = key, report
        return self._last[1]

    def close(self) -> None:
        """End the sandbox and give the images back; both come again when they are needed."""
        self._last = None
        self._grading.close()


@cache
def grading() -> Service:
    """The process's own, closed when it ends."""
    service = Service()
    atexit.register(service.close)
    return service
