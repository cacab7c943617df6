"""A submission's own computing time: the suites' calls, made directly in a bare interpreter."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch

from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.grading.suite import run_suite
from autograder.intake import Submission
from autograder.sandbox.proxy import RemoteModule
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session

SECONDS = 300  # for all calls of one submission

# Prints the seconds and the number of calls that failed, as they do for wrong answers and missing layers.
_DIRECT = """
import importlib, sys, time, torch
sys.path.insert(0, sys.argv[1])
torch.set_num_threads(1)
layers, failed = {}, 0
calls = torch.load(sys.argv[2], weights_only=True)
begun = time.perf_counter()
for module, name, place, arguments, named in calls:
    try:
        if place >= 0:
            layers[module][place](*arguments)
            continue
        result = getattr(importlib.import_module(module), name)(*arguments, **named)
    except Exception:
        failed += 1
        continue
    results = result if isinstance(result, tuple) else (result,)
    layers.setdefault(module, []).extend(each for each in results if isinstance(each, torch.nn.Module))
print(time.perf_counter() - begun, failed)
"""

Call = tuple[str, str, int, list[Any], dict[str, Any]]
"""The module, the function or "", the index of the called layer or -1, and the arguments."""


class Direct:
    """Calls to repeat with the modules of a submission. A context manager.

    Args:
        modules: the submission's modules, by file name. They run here without a sandbox, so they must be trustworthy.
        calls: from `recorded_calls`.
    """

    def __init__(self, modules: Mapping[str, bytes], calls: list[Call]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="benchmark-direct-")
        self._calls = Path(self._folder.name) / "calls.pt"
        torch.save(calls, self._calls)
        for name, contents in modules.items():
            (Path(self._folder.name) / name).write_bytes(contents)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def seconds(self) -> tuple[float, int]:
        """The seconds that the calls take in a new interpreter, and how many failed.

        Raises:
            GraderFault: they could not be made.
        """
        command = [sys.executable, "-c", _DIRECT, self._folder.name, str(self._calls)]
        try:
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise GraderFault(f"The calls made directly take more than {SECONDS} seconds.") from None
        except subprocess.CalledProcessError as error:
            raise GraderFault(f"The calls cannot be made directly: {error.stderr[-2000:]}") from None
        seconds, failed = done.stdout.splitlines()[-1].split()  # the student's code may print too
        return float(seconds), int(failed)


def recorded_calls(submission: Submission, assignment: Assignment, sandbox: Sandbox) -> list[Call]:
    """The suites' calls with their arguments."""
    folder = sandbox.stage(submission.modules)
    sessions = {
        question.id: _Recording(sandbox, folder, question.module, question.from_scratch, question.limits)
        for question in assignment.questions
    }
    run_suite(assignment.questions, sessions, b"benchmark")
    for session in sessions.values():
        session.close()
    return [call for session in sessions.values() for call in session.calls]


class _Recording(Session):
    """A session that records its calls."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.module = arguments[2]
        self.calls: list[Call] = []

    def call(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any], module: str = "") -> object:
        self.calls.append((self.module, name, -1, [*map(_plain, arguments)], {**named}))
        return super().call(name, arguments, named, module)

    def ask(self, handle: RemoteModule, verb: str, *arguments: object) -> object:
        if verb == "call":
            self.calls.append((self.module, "", handle.number, [*map(_plain, arguments)], {}))
        return super().ask(handle, verb, *arguments)


def _plain(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value
