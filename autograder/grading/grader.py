"""The grader that every door calls: from a submission to a report, in a process that grades one or many."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from autograder.course import Assignment
from autograder.errors import GraderFault, UnusableRequest
from autograder.grading.report import Report
from autograder.grading.secret import Seeds, seeds_of
from autograder.intake import Submission, read_submission
from autograder.sandbox.launch import ForkServer, SandboxError, launch

if TYPE_CHECKING:  # these import torch
    from autograder.grading.calls import KeptFailure
    from autograder.grading.device import Device
    from autograder.grading.images import Data
    from autograder.grading.suite import Progress
    from autograder.sandbox.sandbox import Sandbox


@dataclass(frozen=True)
class Graded:
    """A submission that was read and graded.

    Attributes:
        report: what came of it.
        submission: as it was graded.
        problem: why nothing in it could earn points, a sentence; "" if it could be used.
        failures: the hidden tests that failed, with all that they called, if that was asked for; see `evidence`.
    """

    report: Report
    submission: Submission
    problem: str = ""
    failures: tuple[KeptFailure, ...] = ()


class Grader:
    """Grades one submission after the other. A context manager; for one thread at a time.

    The fork server is started when it is first needed, and imports torch while this process does so, too; images are
    loaded, and a GPU is opened, when a submission needs them. All are kept for the next submission. After a fault of
    ours they are thrown away, and the submission after that gets new ones.
    """

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._server: ForkServer | None = None
        self._sandbox: Sandbox | None = None
        self._images: dict[str, Data] = {}
        self._devices: dict[str, Device | None] = {}

    def grade_one(
        self,
        path: Path,
        assignment: Assignment,
        *,
        questions: tuple[str, ...] = (),
        data: str | None = "auto",
        student: str = "",
        unusable_is_zero: bool = False,
        progress: Progress | None = None,
        keep_failures: bool = False,
        retrain: bool = False,
        device: str = "cpu",
    ) -> Graded:
        """Read the submission in a folder or a zip file, and grade it.

        Args:
            path: the folder or the zip file.
            assignment: from `course`.
            questions: ids of those to grade; all if there are none.
            data: images to train networks on, as for `cifar10.resolve`; None leaves those tests and their points out.
            student: whose it is, as the course knows them: decides the random numbers of training, see `secret`.
            unusable_is_zero: what cannot be used is graded as a submission without any file: every test is there, and
                none has points. For places that want a result for everyone.
            progress: called after each test.
            keep_failures: return the hidden tests that failed, too.
            retrain: train every network, also one that was trained on this machine before.
            device: where networks are trained, "cpu" or "cuda".

        Raises:
            UnusableRequest: the submission, a question, the data or the device cannot be used.
            GraderFault: the grader failed, which says nothing about the submission.
        """
        problem = ""
        try:
            submission = read_submission(path, assignment)
        except UnusableRequest as error:
            if not unusable_is_zero:
                raise
            submission, problem = Submission(path.name, {}), str(error)
        failures: list[KeptFailure] = []
        report = self.grade(
            submission,
            assignment,
            questions=questions,
            data=data,
            seeds=seeds_of(student),
            progress=progress,
            failures=failures if keep_failures else None,
            retrain=retrain,
            device=device,
        )
        return Graded(report, submission, problem, tuple(failures))

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
        retrain: bool = False,
        device: str = "cpu",
    ) -> Report:
        """Grade a submission that was read before.

        Args:
            submission: from `intake`.
            assignment: from `course`.
            questions: ids of those to grade; all if there are none.
            data: images to train networks on, as for `cifar10.resolve`; None leaves those tests and their points out.
            seeds: the student's, see `secret`; without, those of nobody in particular.
            progress: called after each test.
            alone, failures: see `grade.grade`.
            retrain: train every network, also one that was trained on this machine before.
            device: where networks are trained, "cpu" or "cuda".

        Raises:
            UnusableRequest: a question, the data or the device cannot be used.
            KilledFromOutside: a worker was killed; see `grade.grade`.
            GraderFault: the grader failed, which says nothing about the submission.
        """
        trains = data is not None and any(question.trains for question in assignment.choose(questions))
        with self._renewed_after_a_fault():
            server = self._started()  # before torch is imported here, so that both import it at the same time
            from autograder.grading.grade import grade
            from autograder.grading.kept import Kept

            there = self.open(device) if trains else None
            images = self.load(data) if trains and data is not None else None
            return grade(
                submission,
                assignment,
                self._in_sandbox(server),
                questions=questions,
                data=images,
                seeds=seeds,
                progress=progress,
                alone=alone,
                failures=failures,
                kept=None if retrain else Kept(),
                device=there,
            )

    def layers(self) -> dict[str, bool]:
        """Which layers of confinement hold here, by their names.

        Raises:
            GraderFault: the sandbox does not work.
        """
        with self._renewed_after_a_fault():
            return self._in_sandbox(self._started()).layers()

    def load(self, data: str) -> Data:
        """Load images now, unless they are loaded already; otherwise `grade` does when it needs them.

        Raises:
            UnusableRequest: there are no such images, or they are damaged.
        """
        if data not in self._images:
            from autograder.grading.images import Data

            self._images[data] = self._held.enter_context(Data.load(data))
        return self._images[data]

    def open(self, device: str) -> Device | None:
        """Open a device now, unless it is open already; otherwise `grade` does when it needs it. None for the CPU.

        Raises:
            UnusableRequest: there is no such device here, or torch cannot use it.
        """
        if device not in self._devices:
            from autograder.grading.device import opened

            self._devices[device] = self._held.enter_context(opened(device))
        return self._devices[device]

    def close(self) -> None:
        """End the fork server and the devices, and release the images; all come back when they are needed."""
        self._server, self._sandbox, self._images, self._devices = None, None, {}, {}
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self) -> ForkServer:
        if self._server is None:
            self._server = self._held.enter_context(contextlib.closing(launch()))
        return self._server

    def _in_sandbox(self, server: ForkServer) -> Sandbox:
        if self._sandbox is None:
            from autograder.sandbox.sandbox import Sandbox

            self._sandbox = Sandbox(server)
        return self._sandbox

    @contextlib.contextmanager
    def _renewed_after_a_fault(self) -> Iterator[None]:
        """Whatever is wrong with the fork server is the grader's fault, and the next submission gets another one."""
        try:
            yield
        except SandboxError as error:
            self.close()
            raise GraderFault(str(error)) from error
        except GraderFault:
            self.close()
            raise
