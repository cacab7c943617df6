"""How many cores there are for us: a container, a batch system or `taskset` may leave fewer than the machine has."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

CGROUP = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def cores() -> int:
    """How many cores this process may use: those that it may run on, or a container's share of them if that is less.

    A share is rounded to whole cores; there is always at least one.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *(round(share) for share in _shares())]))


def _shares() -> Iterator[float]:
    """The limits on processor time, in cores, of our control group and of those that it is in, where they have one.

    A container sees its own group as the root. A service or a job of a batch system sees the whole machine's groups.
    """
    for group in _groups():
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (CGROUP / group / "cpu.max").read_text("ascii").split()
            yield int(quota) / int(period)
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):  # the first version of control groups
            folder = CGROUP / "cpu" / group
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period"))
            if int(quota) > 0:
                yield int(quota) / int(period)


def _groups() -> set[PurePosixPath]:
    """Our control groups and all above them, as paths below the root, which is among them."""
    groups = {PurePosixPath()}
    with contextlib.suppress(OSError, ValueError):
        for line in _OWN.read_text("utf-8").splitlines():
            _, kinds, path = line.split(":", 2)
            if {"", "cpu"} & set(kinds.split(",")):
                group = PurePosixPath(path.lstrip("/"))
                groups |= {group, *group.parents}
    return {group for group in groups if ".." not in group.parts}
