"""How long a question's code is still tried: its seconds, the submission's, and the calls that were stopped."""

from __future__ import annotations

from autograder.course.limits import Limits
from autograder.sandbox.endings import OutOfTime, QuestionOutOfTime, Stopped, SubmissionOutOfTime
from autograder.sandbox.failures import SubmissionFailure, TimedOut, Unusable
from autograder.sandbox.launch import WorkerKilled
from autograder.sandbox.supervisor import Allowance

TIMEOUTS_PER_QUESTION = 2  # after the last of them the rest of the question is not tried


class QuestionTime:
    """What a question has used, and the failure of all its further calls once that is too much.

    Args:
        limits: what the submission may use.
        allowance: shared with the submission's other questions.

    Attributes:
        given_up: why no further call is tried; None while they are.
        spent: processor seconds, in workers that were lost.
        waited: seconds on the clock, for its calls.
    """

    def __init__(self, limits: Limits, allowance: Allowance) -> None:
        self.given_up: Unusable | None = None
        self.spent = 0.0
        self.waited = 0.0
        self._limits = limits
        self._allowance = allowance
        self._timeouts = 0

    def check(self) -> None:
        """Raise the failure that decided the question, if any, including that its or the submission's time is up.

        Raises:
            Unusable: no further call is tried.
            WorkerKilled: one of the submission's workers was killed from outside.
        """
        if self._allowance.killed:
            raise WorkerKilled("One of the submission's workers was killed from outside.")
        over = self._allowance.used_up()
        if self.given_up is None and over is not None:
            self.given_up = Unusable(f"Not tried: the submission {over}.")
        limit, waited = self._limits.question_wall_seconds, self.waited
        if self.given_up is None and waited > limit:
            self.given_up = Unusable(f"Not tried: the question took {waited:.1f} of its {limit:g} seconds.")
        limit, used = self._limits.question_cpu_seconds, self.spent
        if self.given_up is None and used > limit:
            self.given_up = Unusable(f"Not tried: the question took {used:.1f} of its {limit:g} processor seconds.")
        if self.given_up is not None:
            raise type(self.given_up)(self.given_up.summary, self.given_up.detail)

    def stopped(self, what: str, why: Stopped) -> SubmissionFailure:
        """The failure of a call that was stopped; it may be the last that is tried.

        Args:
            what: the call, for people.
            why: the limit that it exceeded.
        """
        together = isinstance(why, SubmissionOutOfTime)
        message = f"{what} was stopped: {'the submission' if together else 'it'} {why}."
        if not isinstance(why, OutOfTime):
            return SubmissionFailure(message)
        self._timeouts += 1
        if together:
            self.given_up = Unusable(f"Not tried: the submission {why}.")
        elif isinstance(why, QuestionOutOfTime):
            self.given_up = Unusable(f"Not tried: {what} {why}.")
        elif self._timeouts >= TIMEOUTS_PER_QUESTION:
            self.given_up = Unusable(
                f"Not tried: {self._timeouts} calls took too long, the last of them {what}: it {why}."
            )
        return TimedOut(message)
