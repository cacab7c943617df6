"""Confine a worker, layer by layer, before it sees any of the student's code.

Each layer has a file of its own and holds without the others; `confine` applies all that this system has and returns
which those were. Landlock decides what can be read and written, seccomp which system calls can be made, a separate user
id whose processes can be touched, and resource limits how much can be used.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.sandbox.confinement import landlock, privileges, rlimits, seccomp

LAYERS = ("descriptors", "environment", "no_new_privileges", "user", "landlock", "seccomp", "limits")


@dataclass(frozen=True)
class Cell:
    """What one worker may touch.

    Attributes:
        readable: files and folders it may read: the interpreter, its packages, the submission.
        scratch: the one folder it may write to; also its working, home and temporary folder.
        memory: bytes of memory it may allocate beyond what importing torch took.
        cpu_seconds: processor seconds over its whole life.
        wall_seconds: how long it may live.
        file_bytes: the largest file it may write.
        open_files: the most descriptors it may hold.
        threads: the most threads it may run.
        out_of_reach: whether some of `readable` is closed to other users.
        without: names of layers to leave out, for the tests that show what each layer is worth.
    """

    readable: Sequence[str]
    scratch: str
    memory: int
    cpu_seconds: int
    wall_seconds: int
    file_bytes: int
    open_files: int
    threads: int
    out_of_reach: bool = False
    without: Sequence[str] = ()


def confine(cell: Cell, keep: Sequence[int]) -> dict[str, bool]:
    """Apply every layer to the calling process, for good.

    Args:
        cell: what the process may touch from now on.
        keep: the file descriptors to leave open; all others are closed, the standard three excepted.

    Returns:
        Whether each layer holds now, by its name in `LAYERS`.
    """
    held = dict.fromkeys(LAYERS, False)
    wanted = {layer for layer in LAYERS if layer not in cell.without}
    privileges.first_to_go()

    if "descriptors" in wanted:
        _close_all_but({0, 1, 2, *keep})
        held["descriptors"] = True
    if "environment" in wanted:
        _empty_environment(cell.scratch)
        held["environment"] = True
    os.chdir(cell.scratch)
    ruleset = None
    if "landlock" in wanted and landlock.abi() > 0:
        ruleset = landlock.prepare(cell.readable, cell.scratch)

    alone = "user" in wanted and privileges.can_change_user()
    if "limits" in wanted:
        # Before the user changes: only a privileged process may set some limits below what a user id already uses.
        held["limits"] = rlimits.apply(cell, own_user=alone)
    if alone:
        # Packages under a root-only home stay readable through one capability. It would open every file to a process
        # without Landlock, and every inode through open_by_handle_at; hence the condition.
        may_bypass = {"landlock", "seccomp"} <= wanted and landlock.abi() > 0 and seccomp.available()
        held["user"] = privileges.become_nobody(cell.scratch, keep_reading=may_bypass and cell.out_of_reach)
    elif "user" in wanted:
        privileges.drop_capabilities()
    if sys.platform == "linux":
        privileges.die_with_parent(signal.SIGKILL)
        if "no_new_privileges" in wanted:
            held["no_new_privileges"] = privileges.no_new_privileges()
    if ruleset is not None:
        landlock.enforce(ruleset)
        held["landlock"] = landlock.abi() >= landlock.LEAST
    if "seccomp" in wanted and seccomp.available():
        seccomp.install()
        held["seccomp"] = True
    return held


def _close_all_but(keep: set[int]) -> None:
    low = 0
    for descriptor in [*sorted(keep), os.sysconf("SC_OPEN_MAX")]:
        if low < descriptor:  # closerange(0, 0) would close everything
            os.closerange(low, descriptor)
        low = descriptor + 1


def _empty_environment(scratch: str) -> None:
    os.environ.clear()
    # By default torch and matplotlib create folders elsewhere.
    os.environ.update(HOME=scratch, TMPDIR=scratch, PATH="", LANG="C.UTF-8", TORCHINDUCTOR_CACHE_DIR=scratch)
    os.environ.update(MPLCONFIGDIR=scratch, MPLBACKEND="Agg")  # pictures go to files
