"""One question of one submission: the worker that answers for it, and what the tests found out.

A `Session` sends calls to a worker, trusts nothing that comes back, replaces a lost worker, and turns every error into
a `SubmissionFailure` for the test that made the call.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from autograder.course.limits import Limits
from autograder.intake.cells import Notebook
from autograder.sandbox import codec, failures, replies
from autograder.sandbox.endings import Ended, Killed, Stopped
from autograder.sandbox.failures import SubmissionFailure, Unusable, one_line
from autograder.sandbox.launch import WorkerKilled
from autograder.sandbox.proxy import RemoteModule, attach_history
from autograder.sandbox.question_time import QuestionTime
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.student_module import StudentModule
from autograder.sandbox.supervisor import Allowance
from autograder.sandbox.worker import Worker

_MUCH_MEMORY = 64 << 20  # bytes; all of a submission's workers share what it may use


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
        beside: a sentence about files that the student may have meant, see `StudentModule`.
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
        self._name = module
        self._module = StudentModule(
            *(submission, module, limits, self.flag),
            from_scratch=bool(guarded), left_out=left_out, beside=beside, notebook=notebook,
        )  # fmt: skip
        self._limits = limits
        self._begin_with = begin_with
        self._files = files
        self._key = key or os.urandom(32)
        self._allowance = allowance or Allowance(limits)
        self._time = QuestionTime(limits, self._allowance)
        self._worker: Worker | None = None
        self._forked: Callable[[], Worker] | None = None  # waits for a worker that is being forked
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
        self._time.given_up = failure

    def flag(self, remark: str) -> None:
        """Record something that a person should look at."""
        if remark not in self.flags:
            self.flags.append(remark)

    @property
    def notes(self) -> list[str]:
        """Sentences about cells from which something was left out. Safe to show: the first import saw no test."""
        return self._module.notes

    def prepare(self) -> None:
        """Start forking a worker and importing the student's module in it, in the background."""
        if self._time.given_up is None:
            first = [self._module.importing(), *self._begin_with]
            self._forked = self._sandbox.begin_spawn(
                self._submission, self._limits, self._guarded, first, self._files, self._time.spent, self._allowance
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
        self._time.check()
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
        seed = int.from_bytes(hashlib.blake2b(drawn.to_bytes(8), digest_size=8, key=self._key).digest()) >> 2
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

    def _ready_worker(self) -> Worker:
        """The worker, with the student's module imported."""
        self._time.check()
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
                reply = self._exchange(f"import {self._name}", None, {}, self._worker)
                self._first_import(reply["value"])
            except SubmissionFailure as failure:
                self._keep_output()
                self.close()
                self._time.given_up = self._not_imported(failure)
                raise self._time.given_up from None
        return self._worker

    def _first_import(self, value: object) -> None:
        try:
            self._module.read_omissions(value)
        except SubmissionFailure:
            self._lose_worker()
            raise

    def _not_imported(self, failure: SubmissionFailure) -> Unusable:
        if self.heard:  # an earlier worker saw hidden tests' calls, and this one's text could reveal them
            message = f"{self._module.file} was imported before and could not be imported again."
            return Unusable(message, f"{message} {failure.detail}")
        if isinstance(failure, Unusable):
            return failure
        return Unusable(f"{self._module.file} cannot be imported: {failure.summary}", failure.detail)

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
            raise self._time.stopped(what, why) from None
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
            self._time.waited += time.monotonic() - begun
        if reply["used"]:
            self._used += reply["used"]
            self._calls.append(what)
        if "error" in reply:
            raise self._module.failure(what, reply["error"])
        return reply

    def _module_for(self, node: dict[str, Any], origin: str) -> RemoteModule:
        parts: list[Any] = [node.get(name) for name in ("number", "type", "repr", "value")]
        if [type(part) for part in parts] != [int, str, str, dict]:
            raise codec.MalformedMessage("a handle without the parts of a handle")
        number, kind, text, settings = parts
        return RemoteModule(self, number, one_line(kind), one_line(text, failures.MAX_TEXT), settings, origin)

    def _keep_output(self) -> None:
        if self._worker is not None:
            self._printed += self._worker.take_output()

    def _lose_worker(self) -> None:
        self._keep_output()
        if self._worker is not None:
            self._worker.close()
            self._time.spent += self._worker.lost_seconds
            self._worker = None


def _describe(value: object) -> dict[str, Any] | None:
    return {"is": "handle", "number": value.number} if isinstance(value, RemoteModule) else None
