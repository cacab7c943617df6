"""Looks at workers from outside and stops those that use more than they may, alone or together.

Limits that a worker carries itself (`confinement.rlimits`) count what the kernel counts for them: not the memory
that comes free when a worker unmaps the libraries it was born with, not the sum of its files, nothing where that
layer is missing. Whoever waits for a worker has all of them looked at, again and again: those too that somebody
else waits for, or nobody yet.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.limits import Limits
from autograder.sandbox import endings, usage

LOOK_EVERY = 0.1  # seconds; a look takes some 50 microseconds a worker, and memory fills by 0.3 GB meanwhile


class Allowance:
    """What all workers of one submission may use together. It begins when it is made.

    Safe to use from several threads.

    Args:
        limits: of the submission.

    Attributes:
        killed: whether one of them was killed from outside, so that nothing can be said about the submission.
    """

    def __init__(self, limits: Limits) -> None:
        self.killed = False
        self._limits = limits
        self._began = time.monotonic()
        self._spent = 0.0  # processor seconds, in workers that are gone
        self._lock = threading.Lock()

    def bury(self, watch: Watch, seconds: float) -> None:
        """A worker is about to be gone that has used so much processor time."""
        with self._lock:
            watch.cpu_seconds = 0.0
            self._spent += seconds

    def used_up(self, watches: Sequence[Watch] = ()) -> endings.SubmissionOutOfTime | None:
        """Why no more of the submission can be tried, if nothing more can.

        Args:
            watches: of its workers, as they were last looked at.
        """
        limits, waited = self._limits, time.monotonic() - self._began
        if waited > limits.submission_wall_seconds:
            return endings.too_much_time_for_the_submission(waited, limits.submission_wall_seconds)
        with self._lock:
            used = self._spent + sum(watch.cpu_seconds for watch in watches)
        if used > limits.submission_cpu_seconds:
            return endings.too_much_time_for_the_submission(used, limits.submission_cpu_seconds, "processor ")
        return None

    def look(self, watches: Sequence[Watch]) -> None:
        """Stop what uses too much: all of them, if it is time; of memory, the one that holds most.

        Args:
            watches: of all workers of the submission, each of which has just been looked at.
        """
        verdict = self.used_up(watches)
        if verdict is not None:
            for watch in watches:
                watch.stop(verdict)
            return
        allowed = self._limits.submission_memory_mb << 20
        if sum(watch.most_memory for watch in watches) > allowed:  # with what is nobody's; the quicker look
            held = [(watch.memory(), watch) for watch in watches]
            together = sum(own for own, _ in held)
            if together > allowed:
                own, watch = max(held, key=lambda each: each[0])
                watch.stop(endings.too_much_memory_together(own, together, self._limits))


@dataclass
class Watch:
    """One worker under watch.

    Attributes:
        scratch: the folder it writes to.
        limits: what it may use.
        spent: processor seconds that its predecessors used of the question's.
        allowance: what it shares with the other workers of its submission.
        began: when it was forked, by `time.monotonic`; later, if nobody looked.
        verdict: why it was stopped.
        cpu_seconds, most_memory: what it had used when it was last looked at, and bytes that it surely did not exceed.
    """

    scratch: Path
    limits: Limits
    spent: float
    allowance: Allowance
    began: float = 0.0
    verdict: endings.Stopped | None = None
    cpu_seconds: float = 0.0
    most_memory: int = 0
    _pid: int = 0
    _inherited: int = 0  # bytes of memory that it was born with
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, pid: int, server: int) -> None:
        """The worker is there.

        Args:
            pid: its process id.
            server: that of its parent, which tells what it was born with: it may itself have allocated more by now.
        """
        self._inherited = usage.memory(server)
        self.began = time.monotonic()
        self._pid = pid

    def end(self) -> None:
        """It is about to be buried: its id may become anybody's."""
        with self._lock:
            if self._pid:
                self.allowance.bury(self, usage.cpu_seconds(self._pid))
            self._pid = 0

    def look(self) -> None:
        """Stop it if it uses more than it may. Its owner finds the connection closed, and `verdict`."""
        with self._lock:
            if self._pid and self.verdict is None:
                verdict = self._judge(self._pid)
                if verdict is not None:
                    self._stop(verdict)

    def stop(self, verdict: endings.Stopped) -> None:
        """Stop it for what it used together with others."""
        with self._lock:
            if self._pid and self.verdict is None:
                self._stop(verdict)

    def memory(self) -> int:
        """Bytes that it holds beyond what it was born with."""
        with self._lock:
            return max(0, usage.memory(self._pid) - self._inherited) if self._pid and self.verdict is None else 0

    def _stop(self, verdict: endings.Stopped) -> None:
        self.verdict = verdict
        self.most_memory = 0  # the kernel is taking it back
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)

    def _judge(self, pid: int) -> endings.Stopped | None:
        self.cpu_seconds = usage.cpu_seconds(pid)
        used = self.spent + self.cpu_seconds
        if used > self.limits.question_cpu_seconds:
            return endings.too_much_time_for_the_question(used, self.limits)
        self.most_memory = max(0, usage.resident(pid) - self._inherited)  # with the libraries' pages, nobody's own
        if self.most_memory > self.limits.memory_mb << 20:
            held = usage.memory(pid) - self._inherited  # takes longer to ask for
            if held > self.limits.memory_mb << 20:
                return endings.too_much_memory(held, self.limits)
        running = usage.threads(pid)
        if running > self.limits.threads:  # the kernel counts by user, and not every worker has one to itself
            return endings.too_many_threads(running, self.limits)
        size, files = usage.scratch(pid, self.scratch, self.limits.scratch_files)
        if size > self.limits.scratch_mb << 20 or files > self.limits.scratch_files:
            return endings.too_much_scratch(size, files, self.limits)
        return None


class Supervisor:
    """All workers of a sandbox. Safe to use from several threads."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []
        self._lock = threading.Lock()
        self._next = 0.0

    def watch(self, watch: Watch, pid: int, server: int) -> None:
        watch.begin(pid, server)
        with self._lock:
            self._watches.append(watch)

    def forget(self, watch: Watch) -> None:
        watch.end()
        with self._lock, contextlib.suppress(ValueError):
            self._watches.remove(watch)

    def due(self) -> bool:
        """Whether it is time for another look; if so, whoever asked is to take it."""
        now = time.monotonic()
        with self._lock:
            if now < self._next:
                return False
            self._next = now + LOOK_EVERY
            return True

    def look(self) -> None:
        """Look at every worker once, and at what those of each submission use together."""
        with self._lock:
            watches = list(self._watches)
        together: dict[Allowance, list[Watch]] = {}
        for watch in watches:
            watch.look()
            together.setdefault(watch.allowance, []).append(watch)
        for allowance, shared in together.items():
            allowance.look(shared)
