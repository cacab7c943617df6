"""A program that hands over as `grade` does, and shows the processes that come of it.

It prints the process ids of the grader, of its ancestor, and of two workers with the fork servers that they come from:
the second one after the first server was lost; and what it has inherited. Then it waits for the end of its input.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import sys

from autograder import course
from autograder.course.limits import Limits
from autograder.sandbox import handover
from autograder.sandbox.launch import launch

EXTRA = "EXTRA_DESCRIPTOR"
PROBE = {"probe.py": b"import sys\ndef path():\n    return sys.path[1:]\n"}
HIDDEN_SUITE = course.ROOT / "autograder" / "hidden" / "test_q2_relu.py"


def inherited() -> dict[str, object]:
    """What a process gets from the one that starts it, and what its interpreter makes of that."""
    extra = int(os.environ[EXTRA])
    return {
        "arguments": sys.argv[1:],
        "folder": os.getcwd(),  # noqa: PTH109
        "environment": dict(os.environ),
        "path": sys.path,
        "prefix": sys.prefix,
        "encodings": [stream.encoding for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "group": os.getpgrp(),
        "session": os.getsid(0),
        "signals ignored": [number for number in (signal.SIGHUP, signal.SIGINT) if _ignored(number)],
        "extra": os.pread(extra, 100, 0).decode(),
        "files": sorted(int(name) for name in os.listdir("/proc/self/fd") if int(name) < extra),  # noqa: PTH208
        "imports": sorted(name for name in ("pytest", "click", "torch") if importlib.util.find_spec(name)),
    }


def _ignored(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def main() -> None:
    from autograder.sandbox.proxy import RemoteQuestion
    from autograder.sandbox.sandbox import Sandbox
    from autograder.sandbox.session import Session

    suite = HIDDEN_SUITE.read_bytes()  # a suite is in memory before any worker is forked
    had = inherited()
    found = {"grader": os.getpid(), "ancestor": os.getppid()}
    with contextlib.ExitStack() as held:
        for when in ("first", "second"):
            server = held.enter_context(contextlib.closing(launch()))
            sandbox = Sandbox(server)
            worker = sandbox.spawn(sandbox.stage({"probe.py": b""}), Limits())
            held.callback(worker.close)
            found |= {f"{when} server": server.process.pid, f"{when} worker": worker.pid}
            if when == "first":
                lost = launch()
                os.kill(lost.process.pid, signal.SIGKILL)
                lost.process.wait(timeout=20)
                lost.close()
        session = held.enter_context(contextlib.closing(Session(sandbox, sandbox.stage(PROBE), "probe", (), Limits())))
        had["a worker's path"] = RemoteQuestion(session).path()
        print(json.dumps([found, had]), flush=True)
        sys.stdin.read()
        del suite


if __name__ == "__main__":
    assert __spec__ is not None
    print(json.dumps(inherited()), flush=True)
    handover._PROGRAM = __spec__.name
    handover.begin()
    handover.hand_over(__spec__.name)
    sys.exit("Nothing was handed over.")
