"""A process that imports torch once for a whole `grade`: its forks are the grader and the fork servers.

The fork server must hold nothing worth stealing, so it cannot be a fork of the grader, which has read the environment,
its arguments and hidden suites; and two interpreters that both import torch take twice as long to start. So the command
starts this process, a new interpreter with an empty environment like that of a fork server. It forks as soon as torch
is imported: the child becomes the grader, and only the child reads what the command hands over. The ancestor itself
reads names of temporary folders and nothing else, and forks a fork server whenever the grader asks for one, also after
one was lost.

What the grader shares with its workers, because they have one ancestor, is the layout of memory and the seed of
Python's hashes. It draws nothing from a random generator that was there before.

    command (waits) ── ancestor ─┬─ grader
                                 └─ fork server ── workers

When the grader ends, so does the ancestor, with the same status. When the command ends before that, however it does,
the kernel kills the ancestor, and with it the grader. A fork server ends with its control connection, as always.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import socket
import subprocess
from typing import NoReturn

from autograder.sandbox.confinement.privileges import die_with_parent

_MOST_WORDS = 4096  # bytes of a request: the path of a temporary folder

# In the grader: the connection to its ancestor. None in any other process.
_connection: socket.socket | None = None


class Forked:
    """A fork server that is not a child of this process. Like `subprocess.Popen`, as far as that is needed.

    Args:
        ancestor: the connection on which the ancestor is going to say which process it is.
    """

    def __init__(self, ancestor: socket.socket) -> None:
        self._ancestor = ancestor

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process[0]

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not, after so many seconds.
        """
        if not select.select([self._process[1]], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("fork server", timeout or 0)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process[1], signal.SIGKILL)

    @functools.cached_property
    def _process(self) -> tuple[int, int]:
        """Its process id, and a descriptor that refers to it, see pidfd_open(2). Waits until it is forked."""
        answer, (descriptor, *_), _, _ = socket.recv_fds(self._ancestor, _MOST_WORDS, 1)
        return int(answer), descriptor

    def __del__(self) -> None:
        if "_process" in self.__dict__:
            os.close(self._process[1])


def fork_server(folder: str, control: int, log: int, lock: int) -> Forked | None:
    """A fork server from this process's ancestor, without waiting for it; None if this process has no ancestor.

    Args:
        folder: its temporary folder.
        control, log, lock: descriptors: its end of the connection, what takes its words, and the lock that it holds.

    Raises:
        OSError: the ancestor is gone.
    """
    if _connection is None:
        return None
    socket.send_fds(_connection, [os.fsencode(folder)], [control, log, lock])
    return Forked(_connection)


def main(command: int, started_by: int, root: str) -> NoReturn:
    """Import torch, fork the grader, and serve it until it ends.

    Args:
        command: descriptor of the connection on which the grader is going to hear from the command.
        started_by: process id of the command.
        root: folder of this package, in the module search path until all is imported.
    """
    _end_with(started_by)
    from autograder.sandbox import server  # with torch, what all this is for

    server.preload()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ancestor = os.getpid()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _end_with(ancestor)
        _become_grader(command, theirs)
    theirs.close()
    os.close(command)
    _serve(_Grader(pid, os.pidfd_open(pid)), ours, root)


def _end_with(parent: int) -> None:
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


def _become_grader(command: int, ancestor: socket.socket) -> NoReturn:
    global _connection  # noqa: PLW0603  (a process has one ancestor)
    from autograder.sandbox import handover

    _connection = handover.out_of_the_way(ancestor)
    handover.take_over(socket.socket(fileno=command))


class _Grader:
    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.descriptor = descriptor

    def end_like_it(self) -> NoReturn:
        """Wait for it, and end with its status or by the signal that ended it."""
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            die_of(-code)
        os._exit(code)


def die_of(number: int) -> NoReturn:
    """End this process by a signal, as another one ended, without leaving a core dump of its own."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def _serve(grader: _Grader, connection: socket.socket, root: str) -> NoReturn:
    import sys

    sys.path.remove(root)
    servers: dict[int, int] = {}  # process id by descriptor
    while True:
        ready, _, _ = select.select([grader.descriptor, connection.fileno(), *servers], [], [])
        if grader.descriptor in ready:
            grader.end_like_it()
        for descriptor in servers.keys() & {*ready}:
            os.waitpid(servers.pop(descriptor), 0)
            os.close(descriptor)
        if connection.fileno() in ready:
            folder, descriptors, _, _ = socket.recv_fds(connection, _MOST_WORDS, 3)
            if not folder:  # the grader has ended, which its descriptor says next
                grader.end_like_it()
            pid = os.fork()
            if pid == 0:
                for other in (grader.descriptor, *servers):
                    os.close(other)
                connection.close()
                _become_server(os.fsdecode(folder), *descriptors)
            process = os.pidfd_open(pid)
            servers[process] = pid
            for each in descriptors:
                os.close(each)
            socket.send_fds(connection, [str(pid).encode()], [process])


def _become_server(folder: str, control: int, log: int, _lock: int) -> NoReturn:
    # As `launch` starts one: apart from the terminal, and without the grader's standard streams. The lock stays open.
    import sys

    from autograder.sandbox import server

    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        server.main(control, folder, [*sys.path])
    except BaseException:  # noqa: BLE001  (its last words are for the grader)
        import traceback

        traceback.print_exc()
    finally:
        os._exit(0)
