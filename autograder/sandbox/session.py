"""One question of one submission: the worker that answers for it, and what the tests found out.

A `Session` sends calls to a worker, trusts nothing that comes back, replaces a lost worker, and turns every error into
a `SubmissionFailure` for the test that made the call.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import torch

from autograder.course.limits import Limits
from autograder.intake.cells import Notebook
from autograder.sandbox import codec, failures, omissions, replies
from autograder.sandbox.endings import Ended, Killed, OutOfTime, QuestionOutOfTime, Stopped, SubmissionOutOfTime
from autograder.sandbox.failures import Frame, SubmissionFailure, TimedOut, Unusable, one_line
from autograder.sandbox.launch import WorkerKilled
from autograder.sandbox.newer_python import NewerPython, newer_python
from autograder.sandbox.omissions import Omission
from autograder.sandbox.proxy import RemoteModule, attach_history
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.supervisor import Allowance
from autograder.sandbox.worker import Worker

_PACKAGE = r"\w{1,100}"
_MUCH_MEMORY = 64 << 20  # bytes; all of a submission's workers share what it may use

TIMEOUTS_PER_QUESTION = 2  # after the last of them the rest of the question is not tried


class Notes(Protocol):
    """Records calls as they are made; nothing of this goes to a worker."""

    def called(self, name: str, request: dict[str, Any], arguments: Sequence[Any], named: dict[str, Any]) -> None: ...

    def backward(self, worker: object, number: int, gradients: Sequence[torch.Tensor]) -> None: ...

    def returned(self, result: object, worker: object, number: int) -> None: ...

    def failed(self, error: BaseException) -> None: ...


class Session:
    """One question of one submission: a worker, replaced if it is lost, and what the tests noticed.

    Args:
        sandbox: where workers come from.
        submission: the staged submission.
        module: name of the question's module.
        guarded: its functions that must not use the library's own kernels.
        limits: what the submission may use.
        begin_with: requests that the first worker gets right after the one to import the module.
        files: descriptors of files that it may read.
        left_out: names of files that were handed in but are not graded, for the message if the module needs one.
        beside: a sentence about files that the student may have meant, for the message if the module is missing or a
            TODO.
        key: the key from which the seeds of calls are derived; by default a new one.
        allowance: shared with the submission's other questions; by default its own.
        notebook: the notebook from which the module was made, if it was one.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        submission: Path,
        module: str,
        guarded: Sequence[str],
        limits: Limits,
        *,
        begin_with: Sequence[dict[str, Any]] = (),
        files: Sequence[int] = (),
        left_out: Sequence[str] = (),
        beside: str = "",
        key: bytes = b"",
        allowance: Allowance | None = None,
        notebook: Notebook | None = None,
    ) -> None:
        self.flags: list[str] = []
        self.noted: Notes | None = None  # the calls, for staff
        self.heard = False  # whether the student's code has answered in this test
        self._guarded = guarded
        self._sandbox = sandbox
        self._submission = submission
        self._module = module
        self._limits = limits
        self._begin_with = begin_with
        self._files = files
        self._left_out = left_out
        self._beside = beside
        self._key = key or os.urandom(32)
        self._allowance = allowance or Allowance(limits)
        self._worker: Worker | None = None
        self._forked: Callable[[], Worker] | None = None  # waits for a worker that is being forked
        self._given_up: Unusable | None = None
        self._timeouts = 0
        self._spent = 0.0  # processor seconds, in workers that were lost
        self._waited = 0.0  # seconds on the clock, for its calls
        self._notebook = notebook
        self._file = notebook.file if notebook is not None else f"{module}.py"  # as the student knows it
        self._omitted: dict[int, Omission] | None = None  # what the first import left out, by line
        self._used: list[str] = []
        self._calls: list[str] = []
        self._printed = ""  # in this test, by workers that were lost

    def begin_test(self) -> None:
        """Forget what the last test printed and which kernels it used."""
        self.heard = False
        self._used.clear()
        self._calls.clear()
        self._keep_output()
        self._printed = ""

    def end_test(self) -> tuple[str, SubmissionFailure | None]:
        """What the student's code printed in this test, and a failure if it used something forbidden."""
        self._keep_output()
        printed = self._printed
        if not self._used:
            return printed, None
        kernels = list(dict.fromkeys(self._used))
        self.flag(f"{self._calls[0]} used {kernels[0]}")
        return printed, failures.used_kernels(self._calls[0], kernels)

    def give_up(self, failure: Unusable) -> None:
        """From now on, fail every call with this: the module cannot be used."""
        self._given_up = failure

    def flag(self, remark: str) -> None:
        """Record something that a person should look at."""
        if remark not in self.flags:
            self.flags.append(remark)

    @property
    def notes(self) -> list[str]:
        """Sentences about cells from which something was left out. Safe to show: the first import saw no test."""
        cells: dict[str, list[tuple[int, Omission]]] = {}
        for line, omission in (self._omitted or {}).items():
            cell = self._notebook.cell_of(line) if self._notebook is not None else None
            if cell is not None:
                name = f"{self._file}, cell {cell.number}"
                cells.setdefault(name, []).append((line - cell.first + 1, omission))
        return omissions.noted(list(cells.items()))

    def prepare(self) -> None:
        """Start forking a worker and importing the student's module in it, in the background."""
        if self._given_up is None:
            # Only names that the source contains: names could smuggle in data that nobody checks.
            names = {PurePosixPath(name).stem for name in self._left_out}
            own = sorted(names & self._words_of_the_source()) if names else []
            importing = {"do": "import", "module": f"assignment.{self._module}", "own": own}
            first = [{**importing, **self._of_notebook()}, *self._begin_with]
            self._forked = self._sandbox.begin_spawn(
                self._submission, self._limits, self._guarded, first, self._files, self._spent, self._allowance
            )

    def close(self) -> None:
        """End the worker, even one that was prepared but never used."""
        if self._forked is not None:
            finish, self._forked = self._forked, None
            with contextlib.suppress(WorkerKilled):
                self._worker = finish()
        if self._worker is not None:
            self._worker.drop()
            self._worker = None

    def rest(self) -> None:
        """The worker is no longer needed: end it now if it holds much memory, otherwise later, in `close`.

        Ending a process takes the kernel milliseconds, which would slow the next question's worker.
        """
        if self._worker is not None and self._worker.memory() > _MUCH_MEMORY:
            self.close()

    def renew(self) -> None:
        """Send the next call to a new worker, which knows nothing of earlier calls."""
        self._lose_worker()

    def begun(self, what: str, limits: Limits | None = None) -> object:
        """Wait for the answer to the next of the requests that the worker began with.

        Args:
            what: a description of the request, for people.
            limits: its limits, if not those of a call.
        """
        worker = self._ready_worker()
        return self._exchange(what, None, {}, worker, limits)["value"]

    def call(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any], module: str = "") -> object:
        """Call a function of the student's module, or of a given module."""
        request = {"do": "call", "name": name, "module": module, "guard": self._guard(name)}
        return self._invoke(name, request, arguments, named)

    def ask(self, handle: RemoteModule, verb: str, *arguments: object) -> object:
        """Make one of a handle's requests."""
        request = {"do": "ask", "handle": handle, "verb": verb, "guard": self._guard(handle.origin)}
        # Named by the function that made it: the worker could give its type any name.
        what = f"{handle.origin}'s layer" if verb == "call" else f"{handle.origin}'s layer: {verb}"
        return self._invoke(what, request, arguments, {})

    def vector_jacobian(self, call: int, worker: Worker, gradients: Sequence[torch.Tensor]) -> list[Any]:
        """Gradients of a call's differentiable arguments, given those of its outputs."""
        if worker is not self._worker:
            raise SubmissionFailure("backward: the worker that holds this call's graph was lost")
        self._check_time()
        if self.noted is not None:
            self.noted.backward(worker, call, gradients)
        reply = self._exchange("backward", {"do": "backward", "call": call, "gradients": list(gradients)}, {}, None)
        answers = reply["value"]
        if type(answers) is not list or not all(item is None or isinstance(item, torch.Tensor) for item in answers):
            raise SubmissionFailure("backward gave something that is not a gradient")
        return [item if item is None else item.detach() for item in answers]

    def _guard(self, function: str) -> str:
        return function if function in self._guarded else ""

    def _invoke(self, what: str, request: dict[str, Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> object:
        given: dict[int | str, Any] = dict([*enumerate(arguments), *named.items()])
        # The seed follows the caller's torch.manual_seed, call by call. The worker gets it hashed with a key: from the
        # number itself it could predict what the test draws next, and so what is expected.
        drawn = int(torch.randint(2**62, ()).item())
        seed = int.from_bytes(hmac.digest(self._key, drawn.to_bytes(8), "sha256")[:8]) >> 2
        request |= {
            "arguments": list(arguments),
            "named": named,
            "grad": torch.is_grad_enabled(),
            "seed": seed,
        }
        if self.noted is not None:
            self.noted.called(what, request, arguments, named)
        try:
            worker = self._ready_worker()
            reply = self._exchange(what, request, given, worker)
            self.heard = True
            for key, tensor in reply["changed"]:
                replies.change(given[key], tensor, what)
        except SubmissionFailure as failure:
            if self.noted is not None:
                self.noted.failed(failure)
            raise
        inputs = [item for item in given.values() if isinstance(item, torch.Tensor) and item.requires_grad]
        value = attach_history(self, worker, reply["value"], inputs)
        if self.noted is not None:
            self.noted.returned(value, worker, worker.asked)
        return value

    def _check_time(self) -> None:
        """Raise the failure that decided the question, if any, including that its or the submission's time is up."""
        if self._allowance.killed:
            raise WorkerKilled("One of the submission's workers was killed from outside.")
        over = self._allowance.used_up()
        if self._given_up is None and over is not None:
            self._given_up = Unusable(f"Not tried: the submission {over}.")
        limit, waited = self._limits.question_wall_seconds, self._waited
        if self._given_up is None and waited > limit:
            self._given_up = Unusable(f"Not tried: the question took {waited:.1f} of its {limit:g} seconds.")
        limit, used = self._limits.question_cpu_seconds, self._spent
        if self._given_up is None and used > limit:
            self._given_up = Unusable(f"Not tried: the question took {used:.1f} of its {limit:g} processor seconds.")
        if self._given_up is not None:
            raise type(self._given_up)(self._given_up.summary, self._given_up.detail)

    def _ready_worker(self) -> Worker:
        """The worker, with the student's module imported."""
        self._check_time()
        if self._worker is None:
            if self._forked is None:
                self.prepare()
            assert self._forked is not None
            finish, self._forked = self._forked, None
            try:
                self._worker = finish()
            except WorkerKilled:
                self._allowance.killed = True
                raise
            try:
                reply = self._exchange(f"import {self._module}", None, {}, self._worker)
                self._read_omissions(reply["value"])
            except SubmissionFailure as failure:
                self._keep_output()
                self.close()
                self._given_up = self._not_imported(failure)
                raise self._given_up from None
        return self._worker

    def _not_imported(self, failure: SubmissionFailure) -> Unusable:
        if self.heard:  # an earlier worker saw hidden tests' calls, and this one's text could reveal them
            said = f"{self._file} was imported before and could not be imported again."
            return Unusable(said, f"{said} {failure.detail}")
        if isinstance(failure, Unusable):
            return failure
        return Unusable(f"{self._file} cannot be imported: {failure.summary}", failure.detail)

    def _exchange(
        self,
        what: str,
        request: dict[str, Any] | None,
        given: dict[int | str, Any],
        worker: Worker | None,
        limits: Limits | None = None,
    ) -> dict[str, Any]:
        """Send a request, unless it was sent already, and wait for a usable reply.

        Raises:
            SubmissionFailure: there is no usable reply.
            WorkerKilled: the worker was killed from outside.
        """
        worker = worker or self._worker
        assert worker is not None
        restore: dict[str, codec.Restore] = {
            "argument": lambda node: replies.tensor_of(given, node["key"]),
            "handle": lambda node: self._module_for(node, origin=what),
        }
        begun = time.monotonic()
        try:
            if request is None:
                reply = worker.answer(restore=restore, limits=limits)
            else:
                reply = worker.ask(request, describe=_describe, restore=restore)
            replies.check_reply(reply, given)
        except Stopped as why:
            self._lose_worker()
            raise self._stopped(what, why) from None
        except Killed as end:
            self._allowance.killed = True
            self._lose_worker()
            raise WorkerKilled(f"The worker that did {what} {end}.") from None
        except Ended as end:
            self._lose_worker()
            self.flag(f"{what} {end} (status {end.status})")
            raise SubmissionFailure(f"{what} {end}.", f"{what} {end} (status {end.status}).") from None
        except codec.TooLarge as size:
            raise SubmissionFailure(f"{what} was called with something too large to send: {size}.") from None
        except codec.MalformedMessage as complaint:
            self._lose_worker()
            # The complaint may quote the reply, so it goes with the test's other details.
            self.flag(f"{what} spoke on the grader's wire")
            summary = f"{what} gave back something that cannot be read."
            raise SubmissionFailure(summary, f"{summary} {one_line(str(complaint))}") from None
        except BaseException:  # pytest-timeout, Ctrl-C: the next call would get the answer that is still to come
            self._lose_worker()
            raise
        finally:
            self._waited += time.monotonic() - begun
        if reply["used"]:
            self._used += reply["used"]
            self._calls.append(what)
        if "error" in reply:
            raise self._failure(what, reply["error"])
        return reply

    def _failure(self, what: str, error: dict[str, Any]) -> SubmissionFailure:
        frames = self._frames(error["frames"])
        kind, text = one_line(error["type"]), error["text"][: failures.MAX_TEXT]
        omitted = self._omitted or {}
        if error["kind"] == "missing":
            return self._without(f"{self._file} has no {what}.", omitted.values())
        if error["kind"] == "left out" and text.isdecimal() and int(text) in omitted:
            omission = omitted[int(text)]
            if omission.kind == "needs":
                place = f"line {text}" if self._notebook is None else self._place(int(text))
                self.flag(f"{what} needs {place}, which was left out: it asked for {omission.what}")
            return self._without(f"{what} could not be run.", [omission])
        if error["kind"] == "refused" and re.fullmatch(_PACKAGE, text):
            known = text if text in self._words_of_the_source() else "another package"
            self.flag(f"{what} used {known}")
            return failures.used_package(what, text, known)
        if error["kind"] == "unguarded":
            self.flag(f"{what} disabled the watch over the library's kernels")
            return failures.disabled_guard(what)
        if error["kind"] == "too large":
            summary = f"{what} returned something too large to take."
            return SubmissionFailure(summary, f"{summary} {one_line(text)}")
        hint = failures.limit_met(kind, text, self._limits)
        if what == f"import {self._module}":
            newer = self._newer_python(kind, text, frames)
            if newer is not None:
                file = f"assignment/{frames[-1].file}"
                self.flag(f"{self._file if self._is_notebook(frames[-1].file) else file} {newer.flag}")
            needs = newer.sentence if newer is not None else ""
            if self._notebook is not None and frames and kind in ("IndentationError", "SyntaxError", "TabError"):
                text = self._notebook.in_cells(text)  # "'(' was never closed … on line 24", which nobody can see
            remarks = (hint, self._left_out, needs, self._beside)
            return failures.cannot_import(self._module, self._file, kind, text, frames, *remarks)
        return failures.raised(what, kind, text, frames, hint, self._beside)

    def _words_of_the_source(self) -> set[str]:
        """Words of the source: they were written before any test ran, so they reveal nothing of a test."""
        modules = (self._submission / "assignment").glob("*.py")
        return {word for path in modules for word in re.findall(r"\w+", path.read_text("utf-8", "replace"))}

    def _newer_python(self, kind: str, text: str, frames: Sequence[Frame]) -> NewerPython | None:
        """The newer Python that the module needs, if that is why it failed."""
        if not frames:
            return None
        source = (self._submission / "assignment" / frames[-1].file).read_text("utf-8", "replace")
        return newer_python(source, kind, text, frames[-1].line)

    def _of_notebook(self) -> dict[str, Any]:
        """What the worker needs to know about the notebook that it imports, if the module is one."""
        if self._notebook is None:
            return {}
        slow = [line for line, omission in (self._omitted or {}).items() if omission.kind == "slow"]
        seconds = [self._limits.call_seconds, self._limits.call_wall_seconds]
        return {"notebook": {**self._notebook.for_worker(), "seconds": seconds, "slow": slow}}

    def _read_omissions(self, value: object) -> None:
        """Record what the first import left out of the module; later imports could reveal what a test asked."""
        read = omissions.read(value, replies.is_kernel)
        if read is None:
            self._lose_worker()
            raise SubmissionFailure(f"{self._file} spoke on the grader's wire while it was imported.")
        if self._omitted is None:
            book = self._notebook
            self._omitted = {
                each.line: replace(each, what=book.in_cells(each.what)) if book and each.kind == "syntax" else each
                for each in read
            }

    def _without(self, what: str, omitted: Iterable[Omission]) -> SubmissionFailure:
        why = omissions.explain(omitted, self._place, from_scratch=bool(self._guarded))
        return SubmissionFailure(f"{what} {why}".strip())

    def _place(self, line: int) -> str:
        """The location of a line of the module, as the student knows it."""
        return self._notebook.place(line) if self._notebook is not None else f"Line {line} of {self._file}"

    def _is_notebook(self, file: str) -> bool:
        return self._notebook is not None and file == f"{self._module}.py"

    def _frames(self, reported: list[list[Any]]) -> list[Frame]:
        """The lines of a traceback that are in the submission, with their text read from the submission itself."""
        frames = []
        modules = {path.name: path for path in (self._submission / "assignment").glob("*.py")}
        for file, line, function in reported[-failures.MAX_FRAMES :]:
            text = modules[file].read_text("utf-8", "replace") if file in modules else ""
            lines = text.splitlines()
            if 1 <= line <= len(lines):
                known = function if function in re.findall(r"\bdef (\w+)", text) else ""
                place = self._place(line) if self._is_notebook(file) else f"assignment/{file}, line {line}"
                frames.append(Frame(file, line, known, one_line(lines[line - 1].strip()), place))
        return frames

    def _module_for(self, node: dict[str, Any], origin: str) -> RemoteModule:
        parts: list[Any] = [node.get(name) for name in ("number", "type", "repr", "value")]
        if [type(part) for part in parts] != [int, str, str, dict]:
            raise codec.MalformedMessage("a handle without the parts of a handle")
        number, kind, text, settings = parts
        return RemoteModule(self, number, one_line(kind), one_line(text, failures.MAX_TEXT), settings, origin)

    def _stopped(self, what: str, why: Stopped) -> SubmissionFailure:
        together = isinstance(why, SubmissionOutOfTime)
        message = f"{what} was stopped: {'the submission' if together else 'it'} {why}."
        if not isinstance(why, OutOfTime):
            return SubmissionFailure(message)
        self._timeouts += 1
        if together:
            self._given_up = Unusable(f"Not tried: the submission {why}.")
        elif isinstance(why, QuestionOutOfTime):
            self._given_up = Unusable(f"Not tried: {what} {why}.")
        elif self._timeouts >= TIMEOUTS_PER_QUESTION:
            self._given_up = Unusable(
                f"Not tried: {self._timeouts} calls took too long, the last of them {what}: it {why}."
            )
        return TimedOut(message)

    def _keep_output(self) -> None:
        if self._worker is not None:
            self._printed += self._worker.take_output()

    def _lose_worker(self) -> None:
        self._keep_output()
        if self._worker is not None:
            self._worker.close()
            self._spent += self._worker.lost_seconds
            self._worker = None


def _describe(value: object) -> dict[str, Any] | None:
    return {"is": "handle", "number": value.number} if isinstance(value, RemoteModule) else None
