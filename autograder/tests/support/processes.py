"""Processes of this machine as `/proc` shows them: the descendants of one, and whether it is gone."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

GONE_SECONDS = 20  # until a process that was killed must have ended: the kernel ends it when its turn comes


class StillThere(AssertionError):
    """A process outlived what it belonged to."""


def assert_gone(processes: dict[int, str]) -> None:
    """Make sure that none of these processes is left, or that none will be in a moment.

    Args:
        processes: when each began, by its number, as `descendants` returns it.

    Raises:
        StillThere: one is.
    """
    until = time.monotonic() + GONE_SECONDS
    while left := {pid: began for pid, began in processes.items() if began and began_at(pid) == began}:
        if time.monotonic() > until:
            raise StillThere(", ".join(f"{pid}: {words(pid)[:200]}" for pid in left))
        time.sleep(0.05)


def descendants(root: int) -> dict[int, str]:
    """A process and its descendants, with when each began: the kernel may give the number of a dead one again."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                children.setdefault(parent(int(entry.name)), []).append(int(entry.name))
    found, todo = {}, [root]
    while todo:
        pid = todo.pop()
        found[pid] = began_at(pid)
        todo += children.get(pid, [])
    return {pid: began for pid, began in found.items() if began}


def began_at(pid: int) -> str:
    """When a process began, in the kernel's ticks; "" if it is gone or only waits to be noticed as such."""
    with contextlib.suppress(OSError, IndexError):
        fields = _fields(pid)
        return "" if fields[0] in "ZX" else fields[19]
    return ""


def parent(pid: int) -> int:
    """The number of a process's parent.

    Raises:
        OSError: the process is gone.
    """
    return int(_fields(pid)[1])


def words(pid: int) -> str:
    """The command line of a process; "" if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def _fields(pid: int) -> list[str]:
    """The fields of `/proc/PID/stat` from the third on: what stands before may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
