"""Inside a worker: import the student's module and answer calls until the other end closes the connection.

Student code is imported nowhere else. Whatever it does to this process, it can only change the replies; expected values
and points live elsewhere. The requests, each a dict with `do`:

    import    module, perhaps own, notebook  -> the statements left out (see `loading`): [line, kind, what]
    call      name, module, arguments, named, guard, grad, seed
    ask       handle, verb, arguments, named, guard, grad, seed
    backward  call, gradients          -> a gradient or None for each differentiable argument; parameters keep theirs
    trace     name, settings, train_batch, evaluate_batch, seed, perhaps compared_batch  -> see `_trace`
    train     name, settings, recipe, train, held_out, before, seed     -> see `_train`
    compare, learn                                                      -> see `operations.trainer`

Every reply carries the request's number and either `value` (with `changed`, arguments that were changed in
place, and `used`, kernels the guard saw) or `error`.
"""

from __future__ import annotations

import importlib
import io
import os
import random
import socket
import sys
import tempfile
import traceback
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.operations import trainer
from autograder.operations.lists import MalformedList, read
from autograder.operations.run import Program
from autograder.operations.trace import Untraceable, assert_same_gradients, traced
from autograder.operations.trainer import SHAPE
from autograder.sandbox import channel, codec, sealed
from autograder.sandbox.confinement import Cell, confine
from autograder.sandbox.failures import MAX_FRAMES, MAX_TEXT
from autograder.sandbox.guard import Guard, Refused
from autograder.sandbox.handles import VERBS, Handles
from autograder.sandbox.loading import LeftOut, load
from autograder.sandbox.notebook_loading import run_cells
from autograder.sandbox.omissions import MOST_LEFT_OUT

CHECKED = 8  # images on which a new network is tried
KEPT_GRAPHS = 64  # calls whose gradients can still be requested


def live(
    connection: socket.socket,
    output: int,
    cell: Cell,
    submission: str,
    packages: list[str],
    guard: Guard,
    guarded: list[str],
    max_payload: int,
    files: list[int],
) -> None:
    """Become a worker: confine this process, report that, and answer calls. Never returns to the fork server's loop.

    Args:
        connection: this worker's end of the conversation.
        output: descriptor that takes what the student's code prints.
        cell: what the worker may touch.
        submission: folder that holds the package `assignment` as submitted.
        packages: folders to import torch and other packages from.
        guard: the one that has replaced the library's own kernels in this process.
        guarded: functions that must not use the library's own kernels.
        max_payload: the most bytes of tensors in one message, in either direction.
        files: descriptors of files that the worker may read.
    """
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # After a fork torch replaces its thread pool when it is next asked for, and aborts if two threads ask at once, as
    # those of a backward pass can (torch 2.15). So it is asked for while there is one thread.
    torch.set_num_threads(1)
    try:
        guard.watch(guarded)
        layers = confine(cell, keep=[connection.fileno(), *files])
    except Exception as error:  # noqa: BLE001  (whatever it was, the trusted side must hear of it)
        channel.send(connection, codec.encode({"refused": f"{type(error).__name__}: {error}"}, max_payload=0))
        return
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "w", closefd=False)
        # Unbuffered: what was printed just before a crash helps to explain it.
        setattr(sys, name, io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (lives as long as the process)
    sys.path[:] = [submission, *packages]
    sys.argv = ["assignment"]
    sys.orig_argv = ["assignment"]  # it contained the grader's folders
    sys.dont_write_bytecode = True
    tempfile.tempdir = cell.scratch  # Python's search for one would create a file there that it cannot remove
    channel.send(connection, codec.encode({"layers": layers}, max_payload=0))
    _Harness(connection, submission, guard, max_payload, files).loop()


# What is kept of a call: its outputs, its inputs, and the function as which it is guarded.
_Graph = tuple[list[torch.Tensor], list[torch.Tensor], str]

_WEEK8 = ("assignment.given.week8", "assignment.week8")  # the second is its name in earlier notebooks


class _Harness:
    def __init__(
        self, connection: socket.socket, submission: str, guard: Guard, max_payload: int, files: list[int]
    ) -> None:
        self._connection = connection
        self._submission = submission + os.sep
        self._max_payload = max_payload
        self._files = files
        self._module: Any = None
        self._left_out: list[LeftOut] = []
        self._guard = guard
        self._handles = Handles()
        self._graphs: OrderedDict[int, _Graph] = OrderedDict()

    def loop(self) -> None:
        while True:
            try:
                tree, payload = channel.receive(self._connection, self._max_payload)
            except EOFError:
                return
            restore: dict[str, codec.Restore] = {"handle": lambda node: self._handles[node["number"]]}
            request = codec.decode(tree, payload, restore=restore)
            channel.send(self._connection, self._answer(request))

    def _answer(self, request: dict[str, Any]) -> codec.Message:
        number = request["number"]
        try:
            answer, describe = self._do(request)
            return self._encoded({"number": number, **answer}, describe, request.get("guard", ""))
        except BaseException as error:  # noqa: BLE001  (SystemExit too: the other end decides when this ends)
            failed = {"number": number, "error": self._as_data(error), "used": self._guard.used}
            return codec.encode(failed, max_payload=self._max_payload)
        finally:
            self._guard.rearm()

    def _encoded(self, answer: dict[str, Any], describe: codec.Describe, guard: str) -> codec.Message:
        # Encoding may still run the student's code, such as that of a lazy tensor or a finalizer. So the guard stays
        # armed until the reply no longer shares memory with the tensors, and what it saw until then is reported: if
        # need be in a second message, since the first was encoded too early.
        for _ in ("as a rule", "the guard saw something meanwhile"):
            answer["used"] = list(self._guard.used)
            message = codec.encode(answer, max_payload=self._max_payload, describe=describe).frozen()
            if answer["used"] == self._guard.used:
                break
        if not self._guard.holds(guard):
            raise _Unguarded
        return message

    def _do(self, request: dict[str, Any]) -> tuple[dict[str, Any], codec.Describe]:
        match request["do"]:
            case "import":
                own, notebook = frozenset(request.get("own", ())), request.get("notebook")
                run = partial(run_cells, notebook=notebook, guard=self._guard, own=own) if notebook else None
                self._module, self._left_out = load(request["module"], self._guard, own, run)
                left_out = [[each.line, each.kind, each.what] for each in self._left_out[:MOST_LEFT_OUT]]
                return {"value": left_out}, self._handles.describe
            case "call":
                self._guard.arm(request["guard"])  # looking up a name may already run the module's code
                name, given = request["name"], request["module"]
                module = importlib.import_module(f"assignment.{given}") if given else self._module
                try:
                    function = getattr(module, name)
                except AttributeError:
                    raise _Missing(name) from None
                return self._call(request, function)
            case "ask":
                self._guard.arm(request["guard"])
                verb = VERBS[request["verb"]]
                module = request["handle"]
                return self._call(request, lambda *given: verb(module, *given))
            case "backward":
                outputs, inputs, guard = self._graphs[request["call"]]
                self._guard.arm(request.setdefault("guard", guard))
                torch.autograd.backward(outputs, request["gradients"], retain_graph=True)
                gradients = [tensor.grad for tensor in inputs]
                for tensor in inputs:
                    tensor.grad = None
                return {"value": gradients}, self._handles.describe
            case "train":
                return {"value": self._train(request)}, self._handles.describe
            case "trace":
                return {"value": self._trace(request)}, self._handles.describe
            case "compare":
                return {"value": trainer.compare(request)}, self._handles.describe
            case "learn":
                return {"value": trainer.learn(request, *self._images(request))}, self._handles.describe
            case other:
                raise ValueError(f"no request is called {other}")

    def _call(self, request: dict[str, Any], function: Callable[..., Any]) -> tuple[dict[str, Any], codec.Describe]:
        arguments, named = request["arguments"], request["named"]
        given = {
            key: value for key, value in [*enumerate(arguments), *named.items()] if isinstance(value, torch.Tensor)
        }
        before = {key: (value.shape, _bits(value).clone()) for key, value in given.items()}
        _seed(request["seed"])
        with torch.set_grad_enabled(request["grad"]):
            value = function(*arguments, **named)
        changed = [[key, tensor.detach()] for key, tensor in given.items() if not _same(tensor, *before[key])]

        same_as = {id(tensor): key for key, tensor in given.items()}
        outputs: list[torch.Tensor] = []

        def describe(item: object) -> dict[str, Any] | None:
            if isinstance(item, torch.Tensor):
                if id(item) in same_as:
                    return {"is": "argument", "key": same_as[id(item)]}
                if item.requires_grad:
                    outputs.append(item)
                return None
            return self._handles.describe(item)

        inputs = [tensor for tensor in given.values() if tensor.requires_grad]
        if inputs:
            self._graphs[request["number"]] = (outputs, inputs, request["guard"])
            if len(self._graphs) > KEPT_GRAPHS:
                self._graphs.popitem(last=False)
        return {"value": value, "changed": changed}, describe

    def _train(self, request: dict[str, Any]) -> dict[str, Any]:
        """Build a student's network, train it as the course's own code does, and return its predictions.

        The images are in two sealed files; the labels of the held-out ones are not here.

        Returns:
            `curve`: number and loss of each epoch; `before` and `after`: the class predicted for each held-out
            image, by the new network (for the first images only) and by the trained one.
        """
        training = importlib.import_module("assignment.given.training")
        cifar10 = importlib.import_module("assignment.given.cifar10")
        images, labels, held_out = self._images(request)
        model = self._made(request)
        training.check_model(model, training.normalise(held_out[:CHECKED]))  # its error messages are readable
        before = training.predict(model, held_out[: request["before"]]).argmax(1)
        history = training.fit(
            model, cifar10.Images(images, labels), training.Recipe(**request["recipe"]), seed=request["seed"]
        )
        after = training.predict(model, held_out).argmax(1)
        return {"curve": [list(point) for point in history.curve], "before": before, "after": after}

    def _images(self, request: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The training images with their labels, and the held-out ones without, from two sealed files."""
        return sealed.short_run_images(self._files, request["train"], request["held_out"])

    def _made(self, request: dict[str, Any]) -> torch.nn.Module:
        """The student's network, new."""
        _seed(request["seed"])
        model: torch.nn.Module = getattr(self._module, request["name"])(**request["settings"])
        if any(base.__module__ in _WEEK8 for base in type(model).__mro__):
            raise ValueError(f"{request['name']} makes the network of Week 8, which was given")
        return model

    def _trace(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write a student's network down as lists of operations.

        Returns:
            `network`: what `operations.lists.read` takes; with `compared_batch` also `compared`, the same for batches
            of that size in both modes; or `why`: the reason why it cannot be written, and `frames`, the student's lines
            that led to it.
        """
        model = self._made(request)
        few = request.get("compared_batch")
        try:
            data = traced(model, SHAPE, request["train_batch"], request["evaluate_batch"])
            compared = {} if few is None else {"compared": traced(model, SHAPE, few, few)}
            # With few images if that was asked for: a batch that fits into a GPU may be too large here.
            network = read(compared.get("compared", data))
            program = Program(network.train, network.inputs)

            def listed(images: torch.Tensor) -> torch.Tensor:
                return program(images, [*model.parameters(), *model.buffers(), *network.constants])

            assert_same_gradients(model, listed, torch.randn(network.train.batch, *SHAPE), request["seed"])
        except Exception as error:  # noqa: BLE001  (then it is trained as a module, and raises it again)
            raised = self._as_data(error)
            why = raised["text"] if isinstance(error, Untraceable | MalformedList) else ""
            return {"why": why or f"{raised['type']}: {raised['text']}", "frames": raised["frames"]}
        return {"network": data, **compared}

    def _as_data(self, error: BaseException) -> dict[str, Any]:
        """An exception as data: its type, its text, and the student's lines in its traceback."""
        if isinstance(error, codec.TooLarge):
            return {"kind": "too large", "type": "", "text": str(error), "frames": []}
        if isinstance(error, _Missing):
            return {"kind": "missing", "type": "", "text": str(error), "frames": []}
        if isinstance(error, _Unguarded):
            return {"kind": "unguarded", "type": "", "text": "", "frames": []}
        if isinstance(error, Refused):
            return {"kind": "refused", "type": "", "text": str(error.name), "frames": []}
        if isinstance(error, NameError):
            for each in self._left_out:
                if error.name in each.names:
                    return {"kind": "left out", "type": "", "text": str(each.line), "frames": []}
        frames = [
            [Path(frame.f_code.co_filename).name, line, frame.f_code.co_name]
            for frame, line in traceback.walk_tb(error.__traceback__)
            if frame.f_code.co_filename.startswith(self._submission)
        ]
        if isinstance(error, SyntaxError) and (error.filename or "").startswith(self._submission):
            frames.append([Path(error.filename or "").name, error.lineno or 0, ""])
        try:
            text = str(error.msg if isinstance(error, SyntaxError) else error)[:MAX_TEXT]
        except Exception:  # noqa: BLE001  (a student's __str__ may raise anything)
            text = "(its text could not be made)"
        return {"kind": "raised", "type": type(error).__name__[:100], "text": text, "frames": frames[-MAX_FRAMES:]}


class _Missing(Exception):
    """The student's module has no such name."""


class _Unguarded(Exception):
    """The guard was to watch a call but no longer works."""


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor's values as integers, so that NaN equals NaN; as wide as possible, for speed."""
    flat = tensor.detach().contiguous().as_strided((tensor.numel(),), (1,))  # a single element may have any stride
    whole = flat.numel() * flat.element_size() % 8 == 0 and flat.storage_offset() * flat.element_size() % 8 == 0
    return flat.view(torch.int64 if whole else torch.uint8)


def _same(tensor: torch.Tensor, shape: torch.Size, bits: torch.Tensor) -> bool:
    now = _bits(tensor)
    return tensor.shape == shape and now.dtype == bits.dtype and torch.equal(now, bits)


def _seed(seed: int) -> None:
    # On a CUDA build torch.manual_seed, which does the same, takes half a millisecond to record its caller.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  (the generator behind a student's np.random.rand)
    random.seed(seed)
