"""Landlock: the kernel refuses access to every file, TCP port, process and abstract socket that was not allowed.

The three system calls are made with ctypes: PyPI has only a pre-release of a binding. Numbers and structures
are those of the kernel's documentation, "Landlock: unprivileged access control", and are the same on every
architecture. Metadata (stat, chdir, chmod) is outside Landlock's reach: seccomp denies what changes it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import stat
import sys
from collections.abc import Sequence

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_DIR, _MAKE_REG = 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_READ = _READ_FILE | _READ_DIR
# Nothing may be removed from the scratch folder: an unlinked file that is still open or mapped would take up space
# where nobody sees it.
_WRITE = _READ | _WRITE_FILE | _MAKE_DIR | _MAKE_REG | _TRUNCATE
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE

# The number of file rights that each version of the interface knows; an unknown right must not be requested.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS_NOW = 16
_NET_SINCE, _NET = 4, 0b11  # bind and connect TCP
_SCOPE_SINCE, _SCOPE = 6, 0b11  # abstract unix sockets, signals

# Besides its packages a torch process reads these. Their paths are the same on every Linux.
_SYSTEM_FILES = (
    "/proc/cpuinfo",  # torch warns if it cannot count the cores
    "/sys/devices/system/cpu",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/etc/ld.so.cache",
)


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class _RulesetAttributes(ctypes.Structure):
    _fields_ = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


LEAST = 3  # older versions let a process truncate a file that it may not write


@functools.cache
def abi() -> int:
    """The version of Landlock that this kernel has; 0 if it has none."""
    if _libc is None:
        return 0
    version: int = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    return max(version, 0)


def prepare(readable: Sequence[str], scratch: str) -> int:
    """Make a rule set: `readable` to read, `scratch` to read and write, nothing to execute.

    Called while the process can still open everything that the rules name.

    Returns:
        A descriptor of the rule set, for `enforce`.

    Raises:
        OSError: the kernel has Landlock but refused; the process must not go on.
    """
    version = abi()
    rights = (1 << _FILE_RIGHTS.get(version, _FILE_RIGHTS_NOW)) - 1
    attributes = _RulesetAttributes(
        handled_access_fs=rights,
        handled_access_net=_NET if version >= _NET_SINCE else 0,
        scoped=_SCOPE if version >= _SCOPE_SINCE else 0,
    )
    # Older kernels know a shorter structure and accept a longer one only where the rest is zero, as it is here.
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), 0)
    for path in (*readable, *_SYSTEM_FILES):
        _allow(ruleset, path, _READ & rights)
    _allow(ruleset, "/dev/null", (_READ | _WRITE_FILE) & rights)
    _allow(ruleset, scratch, _WRITE & rights)
    return ruleset


def enforce(ruleset: int) -> None:
    """Bind the calling process to a rule set, for good. The process must already have set no_new_privs.

    Raises:
        OSError: the kernel refused; the process must not go on.
    """
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # a path that does not exist needs no permission
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _ON_FILES
        rule = _PathBeneath(allowed_access=access, parent_fd=descriptor)
        _call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    assert _libc is not None
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock refused system call {number}: {os.strerror(error)}")
    return result
