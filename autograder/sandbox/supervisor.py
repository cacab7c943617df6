"""Watches workers from outside and stops those that use more than they may, alone or together.

A worker's own limits (`confinement.rlimits`) cover only what the kernel counts: they miss the memory that a worker
gains by unmapping inherited libraries and the total size of its files, and they do nothing where that layer is missing.
Any thread that waits for a worker repeatedly checks all of them, including those that other threads wait for, or nobody
yet.
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

LOOK_EVERY = 0.1  # seconds; a check takes about 50 microseconds per worker, and memory fills by 0.3 GB in between


class Allowance:
    """What all workers of one submission may use together. Its clock starts when it is created.

    Safe to use from several threads.

    Args:
        limits: the submission's limits.

    Attributes:
        killed: whether one of them was killed from outside, so that nothing can be said about the submission.
    """

    def __init__(self, limits: Limits) -> None:
        self.killed = False
        self._limits = limits
        self._began = time.monotonic()
        self._spent = 0.0  # processor seconds of workers that have ended
        self._lock = threading.Lock()

    def bury(self, watch: Watch, seconds: float) -> None:
        """Take over the processor time of a worker that is about to be reaped."""
        with self._lock:
            watch.cpu_seconds = 0.0
            self._spent += seconds

    def used_up(self, watches: Sequence[Watch] = ()) -> endings.SubmissionOutOfTime | None:
        """Why nothing more of the submission can be tried; None if something can.

        Args:
            watches: its workers' watches, as of the last check.
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
        """Stop workers that use too much together: all if time is up, the largest if memory is exceeded.

        Args:
            watches: the watches of all workers of the submission, each just checked.
        """
        verdict = self.used_up(watches)
        if verdict is not None:
            for watch in watches:
                watch.stop(verdict)
            return
        allowed = self._limits.submission_memory_mb << 20
        if sum(watch.most_memory for watch in watches) > allowed:  # includes shared pages; the quicker check
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
        spent: processor seconds of the question's limit that its predecessors used.
        allowance: shared with the other workers of its submission.
        began: when it was forked, by `time.monotonic`; later if nobody was watching.
        verdict: why it was stopped, if it was.
        cpu_seconds, most_memory: processor time at the last check, and an upper bound of its memory then, in bytes.
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
    _inherited: int = 0  # bytes of memory inherited from the server
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, pid: int, server: int) -> None:
        """Start watching the worker.

        Args:
            pid: its process id.
            server: its parent's process id, for the memory it inherited: by now it may have allocated more itself.
        """
        self._inherited = usage.memory(server)
        self.began = time.monotonic()
        self._pid = pid

    def end(self) -> None:
        """Stop watching it: it is about to be reaped, and its id may be reused."""
        with self._lock:
            if self._pid:
                self.allowance.bury(self, usage.cpu_seconds(self._pid))
            self._pid = 0

    def look(self) -> None:
        """Stop it if it uses more than it may. Its owner then finds the connection closed, and `verdict` set."""
        with self._lock:
            if self._pid and self.verdict is None:
                verdict = self._judge(self._pid)
                if verdict is not None:
                    self._stop(verdict)

    def stop(self, verdict: endings.Stopped) -> None:
        """Stop it because of what it used together with others."""
        with self._lock:
            if self._pid and self.verdict is None:
                self._stop(verdict)

    def memory(self) -> int:
        """Bytes that it holds beyond what it inherited."""
        with self._lock:
            return max(0, usage.memory(self._pid) - self._inherited) if self._pid and self.verdict is None else 0

    def _stop(self, verdict: endings.Stopped) -> None:
        self.verdict = verdict
        self.most_memory = 0  # the kernel is freeing it
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)

    def _judge(self, pid: int) -> endings.Stopped | None:
        self.cpu_seconds = usage.cpu_seconds(pid)
        used = self.spent + self.cpu_seconds
        if used > self.limits.question_cpu_seconds:
            return endings.too_much_time_for_the_question(used, self.limits)
        self.most_memory = max(0, usage.resident(pid) - self._inherited)  # includes the libraries' shared pages
        if self.most_memory > self.limits.memory_mb << 20:
            held = usage.memory(pid) - self._inherited  # slower to read
            if held > self.limits.memory_mb << 20:
                return endings.too_much_memory(held, self.limits)
        running = usage.threads(pid)
        if running > self.limits.threads:  # the kernel counts per user, and not every worker has a user id of its own
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
        """Whether it is time for another check; if so, the caller must make it."""
        now = time.monotonic()
        with self._lock:
            if now < self._next:
                return False
            self._next = now + LOOK_EVERY
            return True

    def look(self) -> None:
        """Check every worker once, and what those of each submission use together."""
        with self._lock:
            watches = list(self._watches)
        together: dict[Allowance, list[Watch]] = {}
        for watch in watches:
            watch.look()
            together.setdefault(watch.allowance, []).append(watch)
        for allowance, shared in together.items():
            allowance.look(shared)
