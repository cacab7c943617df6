"""Looks at workers from outside and stops those that use more than they may.

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
from dataclasses import dataclass, field
from pathlib import Path

from autograder.sandbox import endings, usage
from autograder.sandbox.limits import Limits

LOOK_EVERY = 0.1  # seconds; a look takes some 50 microseconds a worker, and memory fills by 0.3 GB meanwhile


@dataclass
class Watch:
    """One worker under watch.

    Attributes:
        scratch: the folder it writes to.
        limits: what it may use.
        spent: processor seconds that its predecessors used of the question's.
        verdict: why it was stopped.
    """

    scratch: Path
    limits: Limits
    spent: float
    verdict: endings.Stopped | None = None
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
        self._pid = pid

    def end(self) -> None:
        """It is about to be buried: its id may become anybody's."""
        with self._lock:
            self._pid = 0

    def look(self) -> None:
        """Stop it if it uses more than it may. Its owner finds the connection closed, and `verdict`."""
        with self._lock:
            if self._pid and self.verdict is None:
                self.verdict = self._judge(self._pid)
                if self.verdict is not None:
                    with contextlib.suppress(OSError):
                        os.kill(self._pid, signal.SIGKILL)

    def _judge(self, pid: int) -> endings.Stopped | None:
        used = self.spent + usage.cpu_seconds(pid)
        if used > self.limits.question_cpu_seconds:
            return endings.too_much_time_for_the_question(used, self.limits)
        allowed = self._inherited + (self.limits.memory_mb << 20)
        if usage.resident(pid) > allowed:  # with the libraries' pages, which are nobody's; the quicker look
            held = usage.memory(pid)
            if held > allowed:
                return endings.too_much_memory(held - self._inherited, self.limits)
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
        """Look at every worker once."""
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.look()
