"""A separate user id, no capabilities, and no way to gain any.

Only root can change the user; otherwise the process keeps its own and drops any capabilities it has.
See prctl(2), capabilities(7) and credentials(7).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 8, 24, 38
_CAPABILITY_VERSION = 0x20080522
_CAP_DAC_READ_SEARCH = 2
_LAST_CAPABILITY = 63

# Each worker gets a user id of its own, so that workers cannot touch one another either, and so that a limit on
# threads, which the kernel counts per user, counts one worker. The range is the one that systemd reserves for
# short-lived services: no person's account lies in it.
_FIRST_USER, _USERS = 61184, 4336


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def can_change_user() -> bool:
    """Whether this process may take another user id."""
    return sys.platform == "linux" and os.geteuid() == 0


def become_nobody(scratch: str, *, keep_reading: bool) -> bool:
    """Take a user id that owns nothing but `scratch`, and give up every capability.

    Args:
        scratch: the folder to hand over to the new user.
        keep_reading: keep CAP_DAC_READ_SEARCH, for an interpreter that other users cannot read.
    """
    user = _FIRST_USER + os.getpid() % _USERS
    os.chown(scratch, user, user)
    for capability in range(_LAST_CAPABILITY + 1):
        _prctl(_PR_CAPBSET_DROP, capability)  # EINVAL past the last one this kernel knows: nothing to drop
    os.setgroups([])
    os.setresgid(user, user, user)
    _prctl(_PR_SET_KEEPCAPS, int(keep_reading))
    os.setresuid(user, user, user)
    _set_capabilities(1 << _CAP_DAC_READ_SEARCH if keep_reading else 0)
    return True


def drop_capabilities() -> None:
    """Give up every capability and keep the user id."""
    if sys.platform == "linux":
        _set_capabilities(0)


def no_new_privileges() -> bool:
    """Set no_new_privs, which Landlock and seccomp require."""
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1) == 0


def first_to_go() -> None:
    """Have the kernel kill this process first when memory runs out: a worker, not the grader or somebody else's
    process.

    Call it before the user changes: an unprivileged process cannot lower what a privileged one has set. Any may raise
        it.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)  # a text file would import its encoding
        try:
            os.write(descriptor, b"1000")
        finally:
            os.close(descriptor)


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send a signal when the fork server ends. Call it after the user changes, which resets it."""
    _prctl(_PR_SET_PDEATHSIG, int(signal_number))


def _prctl(option: int, argument: int) -> int:
    assert _libc is not None
    zero = ctypes.c_ulong(0)
    result: int = _libc.prctl(option, ctypes.c_ulong(argument), zero, zero, zero)
    return result


def _set_capabilities(low_word: int) -> None:
    assert _libc is not None
    header = _Header(_CAPABILITY_VERSION, 0)
    sets = (_Sets * 2)(_Sets(low_word, low_word, 0), _Sets(0, 0, 0))
    if _libc.capset(ctypes.byref(header), ctypes.byref(sets)) != 0:
        raise OSError("The kernel refused to take this worker's capabilities away.")
