"""Grading for a process that grades many: one fork server, one set of images, for as long as it lives."""

from __future__ import annotations

import atexit
import contextlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import course
from autograder.errors import GraderFault
from autograder.intake import read_submission
from autograder.sandbox.launch import SandboxError, launch

if TYPE_CHECKING:
    from autograder.report import Report


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


class Grading:
    """Grades one submission after the other; the last report is kept, for a submission has seven notebooks."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._sandbox: Any = None
        self._images: dict[str, Any] = {}
        self._last: tuple[object, Report] | None = None

    def report(self, folder: Path, settings: Settings) -> Report:
        """Grade what lies in a folder, as `python -m autograder grade` does.

        Raises:
            UnusableRequest: the submission or the data cannot be used.
            GraderFault: the grader failed; nothing is said about the submission.
        """
        assignment = course.load()
        submission = read_submission(folder, assignment)
        key = (submission.digest, submission.left_out, assignment, settings)
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        self._last = None
        try:
            self._start()
            from autograder.grade import grade

            chosen = assignment.choose(settings.questions)
            trains = settings.training and any(question.trains for question in chosen)
            report = grade(
                submission,
                assignment,
                self._sandbox,
                questions=settings.questions,
                data=self._load(settings.data) if trains else None,
            )
        except SandboxError as error:
            self.close()
            raise GraderFault(str(error)) from error
        except GraderFault:
            self.close()  # whatever is wrong with the fork server, the next submission gets another one
            raise
        self._last = key, report
        return report

    def close(self) -> None:
        """End the fork server and give the images back; both come again when they are needed."""
        self._sandbox, self._images, self._last = None, {}, None
        self._held.close()

    def _start(self) -> None:
        if self._sandbox is None:
            server = self._held.enter_context(contextlib.closing(launch()))  # imports torch while this process does
            from autograder.sandbox.sandbox import Sandbox

            self._sandbox = Sandbox(server)

    def _load(self, data: str) -> Any:
        if data not in self._images:
            from autograder.short_run import Data

            self._images[data] = self._held.enter_context(Data.load(data))
        return self._images[data]


@cache
def grading() -> Grading:
    """The process's own, closed when it ends."""
    service = Grading()
    atexit.register(service.close)
    return service
