"""Grading for a process that grades many: one fork server, one set of images, for as long as it lives."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Self

from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.intake import Submission
from autograder.sandbox.launch import SandboxError, launch

if TYPE_CHECKING:
    from autograder.grading.calls import KeptFailure
    from autograder.grading.report import Report
    from autograder.grading.secret import Seeds
    from autograder.grading.suite import Progress


class Grading:
    """Grades one submission after the other. A context manager; for one thread at a time.

    The fork server is started at once and imports torch while this process goes on; images are loaded when the first
    submission needs them. After a fault of ours both are thrown away: the next submission gets new ones.
    """

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._sandbox: Any = None
        self._images: dict[str, Any] = {}
        self._server: Any = None

    def grade(
        self,
        submission: Submission,
        assignment: Assignment,
        *,
        questions: tuple[str, ...] = (),
        data: str | None = "auto",
        seeds: Seeds | None = None,
        progress: Progress | None = None,
        alone: bool | None = None,
        failures: list[KeptFailure] | None = None,
    ) -> Report:
        """Grade a submission as it was taken in.

        Args:
            submission: from `intake`.
            assignment: from `course`.
            questions: ids of those to grade; all if there are none.
            data: images to train networks on, as for `cifar10.resolve`; None leaves those tests and their points out.
            seeds: the student's, see `secret`; without, those of nobody in particular.
            progress: told after each test.
            alone, failures: see `grade.grade`.

        Raises:
            UnusableRequest: a question or the data cannot be used.
            KilledFromOutside: a worker was killed; see `grade.grade`.
            GraderFault: the grader failed; nothing is said about the submission.
        """
        trains = data is not None and any(question.trains for question in assignment.choose(questions))
        with self._ours():
            self._start()
            from autograder.grading.grade import grade

            images = self.load(data) if trains and data is not None else None
            sandbox = self._in_sandbox()
            return grade(
                submission,
                assignment,
                sandbox,
                questions=questions,
                data=images,
                seeds=seeds,
                progress=progress,
                alone=alone,
                failures=failures,
            )

    def layers(self) -> dict[str, bool]:
        """Which layers of confinement hold here.

        Raises:
            GraderFault: the sandbox does not work.
        """
        with self._ours():
            self._start()
            held: dict[str, bool] = self._in_sandbox().layers()
            return held

    def close(self) -> None:
        """End the fork server and give the images back; both come again when they are needed."""
        self._sandbox, self._server, self._images = None, None, {}
        self._held.close()

    def __enter__(self) -> Self:
        with self._ours():
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        if self._server is None:
            self._server = self._held.enter_context(contextlib.closing(launch()))

    def _in_sandbox(self) -> Any:
        if self._sandbox is None:
            from autograder.sandbox.sandbox import Sandbox

            self._sandbox = Sandbox(self._server)
        return self._sandbox

    def load(self, data: str) -> Any:
        """Load images now, if they are not yet there; `grade` does it else.

        Raises:
            UnusableRequest: there are no such images, or they are damaged.
        """
        if data not in self._images:
            from autograder.grading.short_run import Data

            self._images[data] = self._held.enter_context(Data.load(data))
        return self._images[data]

    @contextlib.contextmanager
    def _ours(self) -> Any:
        """Whatever is wrong with the fork server is the grader's fault, and the next submission gets another one."""
        try:
            yield
        except SandboxError as error:
            self.close()
            raise GraderFault(str(error)) from error
        except GraderFault:
            self.close()
            raise
