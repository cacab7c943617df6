"""The ways in which a worker ends before it has answered, each as the predicate of a sentence for the student."""

from __future__ import annotations

import signal

from autograder.course.limits import Limits
from autograder.sandbox.scratch import MAX_DEPTH

_SIGNALS = {
    "SIGSEGV": "crashed with SIGSEGV: it touched memory that does not exist (too deep a recursion does that too)",
    "SIGBUS": "crashed with SIGBUS: it touched memory beyond the end of a file",
    "SIGFPE": "crashed with SIGFPE: it divided whole numbers by zero",
    "SIGABRT": "crashed with SIGABRT: a library gave up, perhaps for lack of memory",
    "SIGKILL": "hung up on the grader: it closed a connection that is not its own",
}


class Stopped(Exception):
    """The worker used more than it may. The text says how much, of what, and how much is allowed."""


class OutOfTime(Stopped):
    """One call took too long."""


class QuestionOutOfTime(OutOfTime):
    """The whole question took too long: nothing more of it can be tried."""


class SubmissionOutOfTime(OutOfTime):
    """The submission's workers together took too long: nothing more of it can be tried.

    The text says how much of what the submission took; it follows "the submission".
    """


class Ended(Exception):
    """The worker's process is gone, or has closed the connection. The text says how; `status` is its exit status."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Killed(Ended):
    """Neither the grader nor its own code killed the process. That says nothing about the submission."""


def too_much_time(used: float, limit: float, kind: str = "") -> OutOfTime:
    """One call took `used` of `limit` seconds; `kind` is "processor " or "" for seconds on the clock."""
    return OutOfTime(f"took {used:.1f} of {limit:g} {kind}seconds")


def too_much_time_for_the_question(used: float, limits: Limits) -> QuestionOutOfTime:
    return QuestionOutOfTime(
        f"took the question to {used:.1f} of its {limits.question_cpu_seconds:g} processor seconds"
    )


def too_much_memory(used: int, limits: Limits) -> Stopped:
    return Stopped(f"allocated {used >> 20:,} MB; {limits.memory_mb:,} MB are allowed")


def too_much_time_for_the_submission(used: float, limit: float, kind: str = "") -> SubmissionOutOfTime:
    """The submission took `used` of `limit` seconds; `kind` is as in `too_much_time`."""
    return SubmissionOutOfTime(f"took {used:.1f} of its {limit:g} {kind}seconds")


def too_much_memory_together(own: int, together: int, limits: Limits) -> Stopped:
    """A worker held `own` bytes, all of the submission's workers `together`."""
    return Stopped(
        f"held {own >> 20:,} MB, and all processes of the submission {together >> 20:,} MB at once; "
        f"{limits.submission_memory_mb:,} MB are allowed for all of them"
    )


def too_much_scratch(size: int, files: int, limits: Limits) -> Stopped:
    return Stopped(
        f"wrote {size >> 20:,} MB in {files:,} files and folders; {limits.scratch_mb:,} MB in "
        f"{limits.scratch_files:,} files are allowed, in folders no deeper than {MAX_DEPTH}"
    )


def too_many_threads(running: int, limits: Limits) -> Stopped:
    """It ran more threads than allowed, where the kernel does not count them per worker."""
    return Stopped(f"ran {running:,} threads; {limits.threads:,} may run")


def by_itself(status: int, cpu_seconds: float, limits: Limits, *, was_dead: bool) -> Stopped | Ended:
    """How a process ended that the trusted side did not stop.

    Args:
        status: its exit status, negative for a signal.
        cpu_seconds: processor seconds that it and its predecessors used.
        limits: what it was allowed.
        was_dead: whether it was already dying when the server killed it, so that the signal is not the server's.
    """
    if status >= 0:
        return Ended("ended the process itself (os._exit does that)", status)
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if name in ("SIGXCPU", "SIGKILL") and cpu_seconds >= limits.question_cpu_seconds:
        return too_much_time_for_the_question(cpu_seconds, limits)  # the kernel's limit came first
    if name == "SIGKILL" and was_dead:  # seccomp keeps workers from sending it to themselves or one another
        return Killed("was killed from outside, most likely because the machine ran out of memory", status)
    if name == "SIGXFSZ":
        return Stopped(f"wrote a file of more than {limits.file_mb:,} MB")
    return Ended(_SIGNALS.get(name, f"crashed with {name}"), status)
