"""Processes of the course's own, in which networks that came as lists are measured, compared and trained."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from autograder import course
from autograder.course.limits import Limits
from autograder.errors import GraderFault
from autograder.sandbox import codec
from autograder.sandbox.endings import Ended, Killed, OutOfTime, Stopped
from autograder.sandbox.failures import SubmissionFailure, TimedOut
from autograder.sandbox.launch import SandboxError, WorkerKilled
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.supervisor import Allowance
from autograder.sandbox.worker import Worker


class NetworkRefused(SubmissionFailure):
    """A network may not be run, for what it is or what it costs."""


class Job:
    """A request to a new process of the course's own, which is confined like a submission's.

    Args:
        sandbox: where it comes from.
        what: is done, for people.
        request: see `operations.trainer`.
        limits, allowance: what it may use.
        files: descriptors of files that it may read.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        what: str,
        request: dict[str, Any],
        limits: Limits,
        allowance: Allowance,
        files: Sequence[int] = (),
    ) -> None:
        self._sandbox = sandbox
        self._what = what
        self._limits = limits
        self._allowance = allowance
        self._folder: Path | None = sandbox.stage({}, course.given_files())
        self._worker: Worker | None = None
        self._forked: Callable[[], Worker] | None = sandbox.begin_spawn(
            self._folder, limits, (), [request], files, 0.0, allowance
        )

    def result(self) -> dict[str, Any]:
        """Wait for the answer.

        Raises:
            NetworkRefused: it was found that the network may not be run, or cannot be trained.
            SubmissionFailure: measuring or training it failed or took too much.
            WorkerKilled: the process was killed from outside.
            GraderFault: it answered with something else.
        """
        try:
            answer = self._started().answer(limits=self._limits)
        except Stopped as why:
            kind = TimedOut if isinstance(why, OutOfTime) else SubmissionFailure
            raise kind(f"{self._what} was stopped: it {why}.") from None
        except Killed as end:
            self._allowance.killed = True
            raise WorkerKilled(f"The process that was {self._what} {end}.") from None
        except Ended as end:
            raise SubmissionFailure(f"{self._what}: the process {end}.") from None
        except codec.MalformedMessage as complaint:
            raise GraderFault(f"{self._what}: the answer cannot be read: {complaint}.") from None
        if "error" in answer:
            error = answer["error"]
            raise SubmissionFailure(f"{self._what} ended with {error['type']}: {error['text']}")
        value: dict[str, Any] = answer["value"]
        if "refused" in value:
            raise NetworkRefused(f"{self._what}: {value['refused']}")
        return value

    def close(self) -> None:
        """End the process, and remove its folder."""
        with contextlib.suppress(SandboxError):  # it ends with the fork server
            self._started().drop()
        if self._folder is not None:
            self._sandbox.unstage(self._folder)
            self._folder = None

    def _started(self) -> Worker:
        if self._worker is None:
            assert self._forked is not None
            self._worker = self._forked()
        return self._worker
