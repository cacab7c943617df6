"""Resource limits of a worker: memory, processor time, file size, descriptors, threads. See getrlimit(2).

Only what the kernel counts per process is here. How long a call may take, how much it may print or return, and what
workers may use together is watched by the trusted side, in `worker` and `supervisor`.
"""

from __future__ import annotations

import os
import resource  # on Linux and macOS, where workers are
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.sandbox.confinement import Cell


def apply(cell: Cell, *, own_user: bool) -> bool:
    """Lower this process's limits to what `cell` allows.

    Args:
        cell: the figures.
        own_user: whether the process will have a user id to itself. The kernel counts threads per user, so a limit
            would otherwise count the grader's own.

    Returns:
        Whether memory could be limited as well: that takes a system that reports how much is already in use.
    """
    _lower(resource.RLIMIT_CORE, 0)
    # SIGXCPU first; SIGKILL if that is ignored and nobody watches from outside. The kernel counts by clock ticks: a
    # process that runs only around them is charged more than it used, but never more than all processors had.
    _lower(resource.RLIMIT_CPU, cell.cpu_seconds, max(cell.cpu_seconds, (os.cpu_count() or 1) * cell.wall_seconds) + 1)
    _lower(resource.RLIMIT_FSIZE, cell.file_bytes)
    _lower(resource.RLIMIT_NOFILE, cell.open_files)
    if own_user:
        _lower(resource.RLIMIT_NPROC, cell.threads)
    if sys.platform != "linux":
        return False
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)
    # RLIMIT_DATA counts private memory and RLIMIT_AS the shared mappings too. Both count what importing torch
    # has mapped, gigabytes with a CUDA build: the limit starts from there.
    size, data = _mapped_bytes()
    _lower(resource.RLIMIT_DATA, data + cell.memory)
    _lower(resource.RLIMIT_AS, size + cell.memory)
    return True


def _lower(limit: int, soft: int, hard: int | None = None) -> None:
    most = resource.getrlimit(limit)[1]
    wanted = (soft, soft if hard is None else hard)
    resource.setrlimit(
        limit, wanted if most == resource.RLIM_INFINITY else (min(wanted[0], most), min(wanted[1], most))
    )


def _mapped_bytes() -> tuple[int, int]:
    """Bytes of address space, and of private writable memory, in use now."""
    fields = Path("/proc/self/statm").read_text("ascii").split()
    return int(fields[0]) * resource.getpagesize(), int(fields[5]) * resource.getpagesize()
