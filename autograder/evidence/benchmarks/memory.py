"""The memory of a process and its descendants while it runs. Linux only."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 0.2  # seconds between samples, at least
SHARE = 0.05  # of a core that sampling may take, since it slows what is measured
_KILOBYTE = 1024


@dataclass
class Memory:
    """The samples.

    Attributes:
        looks: the time, and the sum of all proportional set sizes, in which a shared page counts once.
        hidden: how often a process could not be read by this user; its memory is missing in `looks`.
        busy: processor seconds spent on sampling.
    """

    looks: list[tuple[float, int]] = field(default_factory=list)
    hidden: int = 0
    busy: float = 0.0

    @property
    def peak(self) -> int:
        return max((size for _, size in self.looks), default=0)

    def fifths(self, since: float) -> tuple[int, int]:
        """The peaks in the first fifth and in the last fifth of the samples since a time."""
        sizes = [size for when, size in self.looks if when >= since]
        fifth = max(1, len(sizes) // 5)
        return max(sizes[:fifth], default=0), max(sizes[-fifth:], default=0)


def watch(process: subprocess.Popen[bytes]) -> Memory:
    """Sample a process and its descendants until it ends."""
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
    """The memory of a process and its descendants, in bytes, and how many of them this user cannot read."""
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
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            stat = status.read_text("utf-8", "replace").rpartition(")")[2]  # any text may precede
            children.setdefault(int(stat.split()[1]), []).append(int(status.parent.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])
