"""What a process uses, measured from outside: the kernel is asked, never the process.

For a process that has ended, everything here returns zero: its closed connection shows that it has. On macOS only the
    scratch folder can be seen; there the processor time of a lost worker is known once it is reaped.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from autograder.sandbox.scratch import BLOCK
from autograder.sandbox.scratch import used as in_scratch

_PAGE = os.sysconf("SC_PAGE_SIZE")
_OWN_MEMORY = (b"RssAnon:", b"RssShmem:", b"VmSwap:", b"HugetlbPages:")


def cpu_seconds(pid: int) -> float:
    """Processor seconds of all its threads so far."""
    if sys.platform != "linux":
        return 0.0
    try:
        return time.clock_gettime((~pid << 3) | 2)  # its clock, as clock_getcpuclockid(3) names it
    except OSError:
        return 0.0


_EXITING = 0x4  # PF_EXITING in the kernel's sched.h: set before a process that dies closes its files


def is_dying(pid: int) -> bool:
    """Whether it is exiting, or dead and not yet reaped. A process that merely closed its connection is not.

    False where the system does not report it.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb", 0) as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
        return fields[0] in (b"Z", b"X") or bool(int(fields[6]) & _EXITING)
    except (OSError, IndexError, ValueError):
        return False


def resident(pid: int) -> int:
    """Bytes of its resident pages of any kind: never less than `memory`, and quicker to read."""
    try:
        with open(f"/proc/{pid}/statm", "rb", 0) as file:  # noqa: PTH123  (twice as fast as Path.read_bytes)
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def memory(pid: int) -> int:
    """Bytes of memory it has filled, including swapped ones, other than mapped files: private, shared, and stacks.

    Not the proportional set size: that takes milliseconds to add up, needs a right to trace that containers withhold,
        and depends on how many other workers are alive.
    """
    try:
        with open(f"/proc/{pid}/status", "rb", 0) as file:  # noqa: PTH123
            lines = file.read().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(_OWN_MEMORY))


def threads(pid: int) -> int:
    """The number of threads it runs."""
    try:
        return os.stat(f"/proc/{pid}/task").st_nlink - 2  # noqa: PTH116  (a folder for each, its own entry and `.`)
    except OSError:
        return 0


def scratch(pid: int, folder: Path, most_files: int) -> tuple[int, int]:
    """Bytes and number of the files and folders in its folder, including removed ones that it still holds open.

    Counting ends once there are more than `most_files`.
    """
    size, files = in_scratch(folder, most_files)
    # If a worker has a user id of its own, this takes a right that a container's root may lack. Then it can hide as
    # much as its open files can hold.
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        device = folder.stat().st_dev  # the images of a short run have no name either, but are elsewhere
        for entry in entries:
            with contextlib.suppress(OSError):
                held = entry.stat()
                if held.st_nlink == 0 and held.st_dev == device:
                    files += 1
                    size += held.st_blocks * BLOCK
    return size, files
