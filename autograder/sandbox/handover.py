"""How a command's work goes on in a process that has imported torch already; see `ancestor`.

The command's own process only looks at the request. Then it hands over all that a process inherits or that its start
decides (arguments, environment, working directory, open files, terminal, module search path), waits, and ends as the
grader ends. Where the start was unusual (another operating system, a debugger, a measurement of coverage) nothing is
handed over, and the command grades by itself: it only takes longer to start.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from autograder.sandbox.ancestor import die_of
from autograder.sandbox.launch import (
    REPOSITORY,
    SERVER_ENVIRONMENT,
    SandboxError,
    kept_environment,
    package_folders,
    readable_paths,
    refuse_if_exposed,
)

_START = """
import sys
command, started_by, root, *packages = sys.argv[1:]
sys.path[:0] = [root, *packages]
from autograder.sandbox import ancestor
ancestor.main(int(command), int(started_by), root)
"""
_PROGRAM = "autograder.__main__"
_MOST_FILES = 250  # a message can carry 253
_FORWARDED = {getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")}
_FROM_A_PROCESS = 0  # si_code of a signal that was sent with kill(2), or less; a terminal's is above
_OUT_OF_THE_WAY = 512  # descriptors from here on are not the command's

_begun: _Begun | None = None


@dataclass
class _Begun:
    """An ancestor that imports torch meanwhile.

    Attributes:
        process: the ancestor.
        grader: the connection to its child that is going to be the grader.
    """

    process: subprocess.Popen[bytes]
    grader: socket.socket


def begin() -> None:
    """Start importing torch in the background, if the work may be handed over. `hand_over` must be called next."""
    global _begun  # noqa: PLW0603  (a process hands over once)
    if _begun is not None or not _ordinary():
        return
    try:
        packages = package_folders()
        refuse_if_exposed(readable_paths(packages))
    except SandboxError:
        return  # which the command says when it starts its own
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", _START),
                *(str(theirs.fileno()), str(os.getpid()), str(REPOSITORY), *packages),
            ],
            env={**kept_environment(), **SERVER_ENVIRONMENT},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # if it fails, the command does it all, and its own fork server says why
            pass_fds=[theirs.fileno()],
            process_group=0,  # Ctrl-C is for the grader
        )
    _begun = _Begun(process, ours)


def hand_over(work: str = "autograder.commands") -> None:
    """Go on as the grader, and end as it ends. Returns where nothing could be handed over: in the grader, too.

    Args:
        work: the module whose `main` the grader runs.
    """
    global _begun
    begun, _begun = _begun, None
    if begun is None:
        return
    grader = _handed_over(begun, work)
    if grader is None:
        begun.process.kill()
        begun.process.wait()
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD})
    while begun.process.poll() is None:
        came = signal.sigwaitinfo({*_FORWARDED, signal.SIGCHLD})
        if came.si_signo in _FORWARDED and came.si_code <= _FROM_A_PROCESS:  # the terminal's reach the grader anyway
            with contextlib.suppress(ProcessLookupError):
                os.kill(grader, came.si_signo)
    status = begun.process.returncode
    if status < 0:
        die_of(-status)
    os._exit(status)  # nothing was printed here, and nothing is to be tidied up


def _ordinary() -> bool:
    """Whether this process is `python -m autograder` on Linux, and was started without what could not be passed on."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    flags = sys.flags
    return (
        sys.platform == "linux"
        and hasattr(os, "pidfd_open")
        and spec is not None
        and spec.name == _PROGRAM
        and "torch" not in sys.modules
        and not (sys.warnoptions or sys.gettrace() or sys.getprofile() or "coverage" in sys.modules)
        and not (flags.optimize or flags.dev_mode or flags.inspect or flags.verbose)
        and sys.getfilesystemencoding() == "utf-8"
        and len(_inherited()) < _MOST_FILES
    )


def _inherited() -> list[int]:
    """The descriptors of open files that this process got when it started: Python's own are not inheritable."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of the listing itself is closed by now
            if os.get_inheritable(int(entry.name)):
                found.append(int(entry.name))
    return sorted(found)


def _handed_over(begun: _Begun, work: str) -> int | None:
    """Send the grader all it needs; its process id, or None if it did not take over."""
    files = _inherited()
    state = {
        "work": work,
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "path": sys.path,
        "prefixes": [sys.prefix, sys.exec_prefix],
        "group": os.getpgrp(),
        "files": files,
        "streams": [_settings(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "bytecode": [sys.dont_write_bytecode, sys.pycache_prefix],
    }
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        with begun.grader as grader:
            socket.send_fds(grader, [b"!"], [here, *files])
            grader.sendall(json.dumps(state).encode())
            grader.shutdown(socket.SHUT_WR)
            return int(grader.recv(20))
    except (OSError, ValueError):
        return None
    finally:
        os.close(here)


def _settings(stream: Any) -> dict[str, Any] | None:
    """How a standard stream was opened; None if there is none."""
    if stream is None:
        return None
    return {name: getattr(stream, name) for name in ("encoding", "errors", "line_buffering", "write_through")}


# --- In the child of the ancestor.


def take_over(command: socket.socket) -> NoReturn:
    """Become the process that the command would have been, and do its work.

    Args:
        command: the connection to it. If it closes before it has said anything, there is nothing to be done.
    """
    with out_of_the_way(command) as connection:
        _, files, _, _ = socket.recv_fds(connection, 1, _MOST_FILES + 1)
        text = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        if not text:
            os._exit(0)
        state = json.loads(text)
        os.setpgid(0, state["group"])
        here, *files = files
        os.fchdir(here)
        os.close(here)
        _put_in_place(files, state["files"])
        _begin_again(state)
        connection.sendall(str(os.getpid()).encode())
    try:
        importlib.import_module(state["work"]).main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  (as the interpreter does)
        sys.excepthook(*sys.exc_info())
        code = 1
    else:
        code = 0
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    _finish(code or 0)


def out_of_the_way(connection: socket.socket) -> socket.socket:
    """The same connection under a number that none of the command's files has."""
    import fcntl

    number = fcntl.fcntl(connection.fileno(), fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY)
    connection.close()
    return socket.socket(fileno=number)


def _put_in_place(files: Iterable[int], numbers: list[int]) -> None:
    """Give files the numbers that they had in the command."""
    import fcntl

    for standard in range(3):
        if standard not in numbers:
            os.close(standard)
    moved = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY) for file in files]
    for file in files:
        os.close(file)
    for file, number in zip(moved, numbers, strict=True):
        os.dup2(file, number)
        os.close(file)


def _begin_again(state: dict[str, Any]) -> None:
    """What an interpreter derives from its arguments, environment and files when it starts."""
    os.environ.clear()
    os.environ.update(state["environment"])
    time.tzset()
    sys.argv[:] = sys.orig_argv[:] = state["arguments"]
    sys.modules["__main__"].__package__ = "autograder"  # by which click says how it was started
    sys.path[:] = state["path"]
    sys.path_importer_cache.clear()
    sys.prefix, sys.exec_prefix = state["prefixes"]
    sys.dont_write_bytecode, sys.pycache_prefix = state["bytecode"]
    for number, (name, settings) in enumerate(zip(("stdin", "stdout", "stderr"), state["streams"], strict=True)):
        stream = None if settings is None else _opened(number, **settings)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    # Workers have the same ancestor, and so would know what these are going to draw.
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _opened(number: int, *, write_through: bool, **settings: Any) -> io.TextIOWrapper:
    """A standard stream as the interpreter opens it."""
    if number == 0:
        return io.TextIOWrapper(io.BufferedReader(io.FileIO(number, closefd=False)), **settings)
    raw = io.FileIO(number, "w", closefd=False)
    buffer = raw if write_through else io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, newline="\n", write_through=write_through, **settings)


def _finish(code: int) -> NoReturn:
    """End like an interpreter: exit handlers, then what is still in buffers."""
    import atexit
    import threading

    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001  (os._exit runs none, and the ancestor's stack is below us)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    os._exit(code)
