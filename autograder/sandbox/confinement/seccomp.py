"""Seccomp: the system calls a worker may make. All others fail with an error; they do not kill the process.

This is an allowlist: a call that a future kernel adds is refused until someone has thought about it. Files may be
    opened, read and written (Landlock says which), memory mapped, threads
started; there are no sockets, no new programs or processes, no tracing, no changes to other files' metadata,
no signals to anyone else. The filter is raw BPF through prctl(2), so that no system library is needed;
numbers are from the kernel's unistd.h for x86-64 and arm64 (None: the call does not exist there).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

# fmt: off
_ALLOWED = {
    # files
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "lseek": (8, 62), "close": (3, 57),
    "close_range": (436, 436), "creat": (85, None), "stat": (4, None), "fstat": (5, 80), "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44), "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "getdents": (78, None), "getdents64": (217, 61),
    "getcwd": (79, 17), "mkdir": (83, None), "mkdirat": (258, 34), "chdir": (80, 49), "fchdir": (81, 50),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "ftruncate": (77, 46), "fsync": (74, 82), "fdatasync": (75, 83), "fadvise64": (221, 223),
    "umask": (95, 166), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "pipe": (22, None),
    "pipe2": (293, 59), "eventfd2": (290, 19), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "poll": (7, None), "ppoll": (271, 73),
    "select": (23, None), "pselect6": (270, 72),
    # memory
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "msync": (26, 227), "mincore": (27, 232), "membarrier": (324, 283),
    "get_mempolicy": (239, 236),
    # threads
    "futex": (202, 98), "futex_waitv": (449, 449), "rseq": (334, 293), "set_robust_list": (273, 99),
    "get_robust_list": (274, 100), "set_tid_address": (218, 96), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120), "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126), "getcpu": (309, 168),
    # signals to itself, timers
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "rt_sigsuspend": (130, 133), "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137),
    "sigaltstack": (131, 132), "setitimer": (38, 103), "getitimer": (36, 102), "alarm": (37, None),
    "pause": (34, None), "restart_syscall": (219, 128), "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    # queries that change nothing
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None),
    "times": (100, 153), "getrusage": (98, 165), "getrandom": (318, 278), "uname": (63, 160),
    "sysinfo": (99, 179), "getrlimit": (97, 163), "getpid": (39, 172), "gettid": (186, 178),
    "getppid": (110, 173), "getpgrp": (111, None), "getpgid": (121, 155), "getsid": (124, 156),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "capget": (125, 90),
    "arch_prctl": (158, None), "exit": (60, 93), "exit_group": (231, 94),
}
_CONDITIONAL = {
    "clone": (56, 220), "prctl": (157, 167), "prlimit64": (302, 261), "kill": (62, 129),
    "open": (2, None), "openat": (257, 56),
    "tgkill": (234, 131), "sched_setaffinity": (203, 122), "fcntl": (72, 25), "ioctl": (16, 29),
}
# fmt: on
# System calls for which libraries fall back on an older call, or on reading and writing, if they get this error.
_ANSWERED = {
    "clone3": ((435, 435), errno.ENOSYS),
    "openat2": ((437, 437), errno.ENOSYS),
    "copy_file_range": ((326, 285), errno.EXDEV),
    "sendfile": ((40, 71), errno.ENOTSOCK),
}

_CLONE_THREAD = 0x00010000
_O_TMPFILE = 0o20000000
_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = 15, 16, 0x53564D41
_SIGKILL, _RLIMIT_CPU = 9, 0
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15  # make the kernel send a signal of one's choice
_LOCKS = [5, 6, 7, 36, 37, 38, 1024, 1025]  # F_GETLK, F_SETLK, F_SETLKW, F_OFD_…, F_SETLEASE, F_GETLEASE
_F_NOTIFY = 1026  # reports what others do in a folder
_F_SETPIPE_SZ = 1031  # a pipe of a megabyte: its buffer belongs to no process, so nobody counts it
_F_SET_RW_HINT, _F_SET_FILE_RW_HINT = 1036, 1038
_TCGETS, _TIOCGWINSZ, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX = 0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451
_FICLONE = 0x40049409  # share a file's blocks with a new one

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF: ld abs, jeq, jset, ret
_AT_NUMBER, _AT_ARCHITECTURE = 0, 4  # offsets in struct seccomp_data

# machine: (AUDIT_ARCH_…, column of the tables)
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def available() -> bool:
    """Whether this system has seccomp and its system call numbers are listed here."""
    return sys.platform == "linux" and platform.machine() in _MACHINES and sys.maxsize > 2**32


def install() -> None:
    """From now on, filter the system calls of the calling thread and of the threads that it starts.

    Raises:
        OSError: the kernel rejected the filter; the process must not go on.
    """
    code = b"".join(_program(os.getpid()))
    instructions = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(instructions))
    header = ctypes.create_string_buffer(program)
    assert _libc is not None
    unused = ctypes.c_ulong(0)
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    if _libc.prctl(_PR_SET_SECCOMP, mode, ctypes.byref(header), unused, unused) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"The kernel did not take the seccomp filter: {os.strerror(number)}")


def _program(own_pid: int) -> list[bytes]:
    """The whole filter: calls always allowed, then those that depend on an argument; all others are refused."""
    refuse = _ERROR | errno.EPERM
    oneself = [0, own_pid]
    conditions = {
        # Without this flag clone makes a process, not a thread.
        "clone": _argument(0, _ANY_BIT, [_CLONE_THREAD], then=_ALLOW, otherwise=refuse),
        "prctl": _argument(0, _EQUAL, [_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA], then=_ALLOW, otherwise=refuse),
        "prlimit64": [
            # A worker that changed its limit on processor time could choose when the kernel kills it.
            *_unless(1, [_RLIMIT_CPU], refuse),
            *_argument(0, _EQUAL, oneself, then=_ALLOW, otherwise=refuse),
        ],
        "sched_setaffinity": _argument(0, _EQUAL, oneself, then=_ALLOW, otherwise=refuse),
        # A process that dies of SIGKILL was killed from outside, which is not the submission's fault; none may fake
        # that.
        "kill": [*_unless(1, [_SIGKILL], refuse), *_argument(0, _EQUAL, [own_pid], then=_ALLOW, otherwise=refuse)],
        "tgkill": [*_unless(2, [_SIGKILL], refuse), *_argument(0, _EQUAL, [own_pid], then=_ALLOW, otherwise=refuse)],
        # A file without a name would take up space where nobody sees it; for the same reason none may be removed.
        "open": _argument(1, _ANY_BIT, [_O_TMPFILE], then=refuse, otherwise=_ALLOW),
        "openat": _argument(2, _ANY_BIT, [_O_TMPFILE], then=refuse, otherwise=_ALLOW),
        # Signals to others, notifications about others, locks that others would run into (hence no flock either),
        # memory that nobody counts, and marks that would stay on a file which later workers get.
        "fcntl": _argument(
            1,
            _EQUAL,
            [
                *(_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_NOTIFY, _F_SETPIPE_SZ, _F_SET_RW_HINT, _F_SET_FILE_RW_HINT),
                *_LOCKS,
            ],
            then=refuse,
            otherwise=_ALLOW,
        ),
        # Whether it is a terminal, how wide, how much can be read, whether it blocks, whether it outlives exec. No
        # more.
        "ioctl": _argument(
            1,
            _EQUAL,
            {
                **dict.fromkeys([_TCGETS, _TIOCGWINSZ, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX], _ALLOW),
                _FICLONE: _ERROR | errno.EOPNOTSUPP,  # the caller then copies the file
            },
            otherwise=refuse,
        ),
    }
    _, column = _MACHINES[platform.machine()]
    program = list(_UNCONDITIONAL)
    for name, numbers in _CONDITIONAL.items():
        program += _when(numbers[column], conditions[name])
    program.append(_instruction(_RETURN, refuse))
    return program


def _unconditional() -> list[bytes]:
    architecture, column = _MACHINES[platform.machine()]
    program = [
        _instruction(_LOAD, _AT_ARCHITECTURE),
        _instruction(_EQUAL, architecture, 1, 0),
        _instruction(_RETURN, _KILL),  # another architecture's numbers mean other calls
        _instruction(_LOAD, _AT_NUMBER),
    ]
    for numbers in _ALLOWED.values():
        program += _when(numbers[column], [_instruction(_RETURN, _ALLOW)])
    for numbers, answer in _ANSWERED.values():
        program += _when(numbers[column], [_instruction(_RETURN, _ERROR | answer)])
    return program


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _when(number: int | None, body: list[bytes]) -> list[bytes]:
    """Run `body`, which ends with a return, for one system call; skip it for all others."""
    return [] if number is None else [_instruction(_EQUAL, number, 0, len(body)), *body]


def _argument(
    index: int, test: int, values: list[int] | dict[int, int], *, then: int = _ALLOW, otherwise: int
) -> list[bytes]:
    """Decide by the low half of an argument, which is all the kernel reads of these.

    Args:
        values: the values to compare it with; each with a result of its own, or all with the result `then`.
    """
    body = [_instruction(_LOAD, 16 + 8 * index)]
    for value in values:
        answer = values[value] if isinstance(values, dict) else then
        body += [_instruction(test, value, 0, 1), _instruction(_RETURN, answer)]
    return [*body, _instruction(_RETURN, otherwise)]


def _unless(index: int, values: list[int], otherwise: int) -> list[bytes]:
    """Go on, unless an argument has one of these values."""
    body = [_instruction(_LOAD, 16 + 8 * index)]
    for value in values:
        body += [_instruction(_EQUAL, value, 0, 1), _instruction(_RETURN, otherwise)]
    return body


_UNCONDITIONAL = _unconditional() if available() else []  # once, in the fork server
