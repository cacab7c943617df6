"""The memory of a process and all below it, while it runs. Linux only."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.2  # seconds from one look to the next, at least
SHARE = 0.05  # of a core that looking may take: what is looked at is measured too
_KILOBYTE = 1024


@dataclass
class Memory:
    """What was seen.

    Attributes:
        looks: when, and the sum of all processes' proportional set sizes: a page that several share counts once.
        hidden: how often a process was met that this user may not look into; what it has is missing in `looks`.
        busy: processor seconds that looking took.
    """

    looks: list[tuple[float, int]] = field(default_factory=list)
    hidden: int = 0
    busy: float = 0.0

    @property
    def peak(self) -> int:
        return max((size for _, size in self.looks), default=0)

    def fifths(self, since: float) -> tuple[int, int]:
        """The peaks of the first fifth of the looks since a time, and of the last fifth."""
        sizes = [size for when, size in self.looks if when >= since]
        fifth = max(1, len(sizes) // 5)
        return max(sizes[:fifth], default=0), max(sizes[-fifth:], default=0)


def watch(process: subprocess.Popen[bytes]) -> Memory:
    """Look at a process and all below it until it ends."""
    memory = Memory()
    while process.poll() is None:
        begun, busy = time.time(), time.process_time()
        size, hidden = look(process.pid)
        memory.looks.append((begun, size))
        memory.hidden += hidden
        busy = time.process_time() - busy
        memory.busy += busy
        time.sleep(max(EVERY, busy / SHARE))
    return memory


def look(root: int) -> tuple[int, int]:
    """The memory of a process and all below it now, in bytes; and how many of them this user may not look into."""
    size = hidden = 0
    for pid in _tree(root):
        try:
            size += _proportional(pid)
        except PermissionError:
            hidden += 1
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended
    return size, hidden


def _proportional(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * _KILOBYTE
    return 0


def _tree(root: int) -> Iterator[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            told = status.read_text("utf-8", "replace").rpartition(")")[2]  # the name before may hold anything
            children.setdefault(int(told.split()[1]), []).append(int(status.parent.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])
