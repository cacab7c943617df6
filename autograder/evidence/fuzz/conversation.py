"""A session as a target, with a scripted worker at the other end that does not run anything.

An input is the script: what is sent, and how. The other end sends the next part whenever the trusted end waits, so that
    an input takes no time: if there is nothing left to send, the trusted end's clock jumps to the end of its wait.
"""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import torch

from autograder.course.limits import Limits
from autograder.evidence.fuzz import messages
from autograder.evidence.fuzz.messages import ARGUMENT, FRAME, HANDLE, dictionary, frame, framed
from autograder.evidence.fuzz.oracle import Broken, note_tensors
from autograder.evidence.fuzz.tally import Reached
from autograder.evidence.fuzz.targets import Mutation, RawMutation
from autograder.sandbox import failures, session, usage, worker
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.proxy import RemoteModule, _tensors
from autograder.sandbox.supervisor import Allowance, Watch

LIMITS = Limits(call_seconds=2.0, call_wall_seconds=3.0, message_mb=1, output_kb=1)
MODULE = "import torch\n\n\ndef conv2d(input, weight):\n    return input\n"
_MOST_SECONDS = 3 * LIMITS.call_wall_seconds  # of one step: a worker starts, imports and answers
_RECORD = struct.Struct("!BH")

# How something is sent: at once; in two halves; without a pause before what follows; as the last message; after a
# second of processor time; on standard output; not at all, for a while.
SAY, IN_HALVES, AND_MORE, LAST_WORD, BURN, PRINT, WAIT = range(7)


@dataclass
class ScriptLine:
    """One line of a script."""

    how: int
    what: bytes


def read_script(data: bytes) -> list[ScriptLine]:
    """A script from arbitrary bytes."""
    lines = []
    at = 0
    while at + _RECORD.size <= len(data):
        how, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        lines.append(ScriptLine(how % 7, data[at : at + length]))
        at += length
    return lines


def write_script(lines: list[ScriptLine]) -> bytes:
    return b"".join(_RECORD.pack(line.how, len(line.what)) + line.what for line in lines)


class _World:
    """The trusted end's clocks and the other end of its connection; stands in for `time` and `select` there."""

    def __init__(self) -> None:
        self.now = 0.0
        self._burnt = 0.0
        self._script: list[ScriptLine] = []
        self._connection: socket.socket | None = None
        self._output = -1

    def begin(self, script: list[ScriptLine]) -> None:
        self._script = script[::-1]
        self._burnt = 0.0

    def spawn(self) -> worker.Worker:
        """A worker without a process behind it."""
        self.hang_up()
        ours, self._connection = socket.socketpair()
        self._connection.setblocking(False)
        output, self._output = os.pipe()
        killed = -int(signal.SIGKILL)
        watch = Watch(Path("nowhere"), LIMITS, spent=0.0, allowance=Allowance(LIMITS))
        return worker.Worker(
            *(2**22, ours, output, watch), asked=1, look=watch.look, end=lambda: (killed, 0.0), drop=lambda: killed
        )

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            os.close(self._output)
            self._connection = None

    def monotonic(self) -> float:
        return self.now

    def clock_gettime(self, _: int) -> float:
        return self._burnt

    def select(self, reading: Any, writing: Any, failing: Any, seconds: float) -> Any:
        if seconds and self._connection is not None:
            self._hear()
            self._speak()
        ready = select.select(reading, writing, failing, 0)
        if not any(ready):
            self.now += seconds
        return ready

    def _hear(self) -> None:
        """Read and discard what the trusted end sends."""
        assert self._connection is not None
        while select.select([self._connection], [], [], 0)[0] and self._connection.recv(1 << 16):
            pass

    def _speak(self) -> None:
        assert self._connection is not None
        while self._script:
            line = self._script.pop()
            if line.how == BURN:
                self._burnt += 1.0
            elif line.how == PRINT:
                os.write(self._output, line.what or b"\n")
            elif line.how == IN_HALVES:
                middle = len(line.what) // 2
                self._script.append(ScriptLine(SAY, line.what[middle:]))
                self._connection.send(line.what[:middle])
            elif line.how != WAIT:
                self._connection.send(line.what)
            if line.how != AND_MORE:
                break
        else:
            self.hang_up()
            return
        if line.how == LAST_WORD:
            self.hang_up()


class _Box:
    """Stands in for the sandbox."""

    def __init__(self, world: _World) -> None:
        self._world = world
        self.workers: list[worker.Worker] = []

    def begin_spawn(self, *_: object) -> Callable[[], worker.Worker]:
        def finish() -> worker.Worker:
            self.workers.append(self._world.spawn())
            return self.workers[-1]

        return finish


class Target:
    """Holds a conversation: calls, a gradient, and a layer's requests, whatever their results."""

    def __init__(self) -> None:
        self.reached = Reached()
        self._world = _World()
        self._folder = tempfile.TemporaryDirectory()
        package = Path(self._folder.name) / "assignment"
        package.mkdir()
        (package / "q1_conv2d.py").write_text(MODULE)
        for module, names in ((worker, ("time", "select")), (session, ("time",)), (usage, ("time",))):
            for name in names:
                setattr(module, name, self._world)
        note_tensors(self)

    @staticmethod
    def seeds() -> list[bytes]:
        """Scripts of honest workers, and of some dishonest ones."""
        return [write_script(script) for script in _scripts()]

    @staticmethod
    def mutator(raw: RawMutation) -> Mutation:
        return Mutator(raw)

    def __call__(self, data: bytes) -> None:
        """Try one script.

        Raises:
            Broken: as may any other exception that escapes a session.
        """
        self.reached = Reached()
        self._world.begin(read_script(data))
        box = _Box(self._world)
        holding: Any = session.Session(box, Path(self._folder.name), "q1_conv2d", ["conv2d"], LIMITS)  # type: ignore[arg-type]
        try:
            self._talk(holding)
        finally:
            holding.close()
            self._world.hang_up()
        self.reached.first = any(each._answered for each in box.workers)
        for flag in holding.flags:
            _check_text(flag)

    def _talk(self, holding: session.Session) -> None:
        torch.default_generator.manual_seed(0)  # torch.manual_seed takes longer than the rest, to record its caller
        x = torch.ones(2, 3, requires_grad=True)
        weight = torch.ones(1, 3).expand(2, 3)
        given: Sequence[torch.Tensor] = (x, weight)
        holding.begin_test()
        got = self._try(lambda: holding.call("conv2d", (x,), {"weight": weight}))
        outputs = [tensor for tensor in _tensors(got) if tensor.grad_fn is not None]
        ones = [torch.ones_like(tensor) for tensor in outputs]

        def differentiate() -> object:
            return torch.autograd.grad(outputs, [x], ones, retain_graph=True, allow_unused=True)

        if outputs:
            self._try(differentiate)
        layers = [got] if isinstance(got, RemoteModule) else got if isinstance(got, tuple) else []
        for layer in layers:
            if isinstance(layer, RemoteModule):
                self._use(layer, x)
        _check_text(holding.end_test()[0], lines=True)
        self._try(lambda: holding.call("relu", (x,), {}))
        if outputs:
            self._try(differentiate)  # the worker may be lost by now
        if [(each.shape, each.dtype) for each in given] != [(x.shape, torch.float32)] * 2:
            raise Broken("the caller's tensors are others now")

    def _use(self, layer: RemoteModule, x: torch.Tensor) -> None:
        self._try(lambda: layer(x))
        self._try(layer.eval)
        self._try(layer.state_dict)
        self._try(layer.named_parameters)
        self._try(lambda: layer.get_submodule("0"))
        _check_text(repr(layer) + layer.type_name)
        hasattr(layer, "stride")

    def _try(self, step: Callable[[], object]) -> object:
        begun = self._world.now
        try:
            result = step()
            self.reached.third = True
        except SubmissionFailure as failure:
            result = None
            _check_text(failure.summary)
            _check_text(failure.detail, lines=True)
        if self._world.now - begun > _MOST_SECONDS:
            raise Broken(f"a step took {self._world.now - begun:.0f} seconds")
        return result


def _check_text(text: str, *, lines: bool = False) -> None:
    """Check that a session's texts are short and printable, and have one line unless several are allowed."""
    if len(text) > 30 * failures.MAX_TEXT or not (lines or text.isprintable()):
        raise Broken(f"a text of {len(text):,} characters: {text[:200]!r}")


def _scripts() -> list[list[ScriptLine]]:
    ready = ScriptLine(SAY, framed({"number": 1, "value": []}))  # nothing was left out of the module
    attached = torch.ones(2, 3, requires_grad=True)
    parameters = {"weight": (torch.ones(2), True, torch.ones(2)), "bias": (torch.ones(2), False, None)}
    replies = (None, None, {"weight": torch.ones(2)}, parameters, None)
    conversations = [
        [framed({"number": 2, "value": torch.ones(2, 3), "changed": [[0, torch.zeros(2, 3)]], "used": []})],
        [framed({"number": 2, "value": [attached, (attached, 1)]}), framed({"number": 3, "value": [attached, None]})],
        [_framed_nodes(number=2, value=ARGUMENT), _framed_nodes(number=3, value=[ARGUMENT, None])],
        [_framed_nodes(number=2, value=HANDLE), *(_framed_nodes(number=number, value=HANDLE) for number in (3, 4))],
        [_framed_nodes(number=2, value={"is": "tuple", "items": [HANDLE, HANDLE]})],
        [
            _framed_nodes(number=2, value=HANDLE),
            *(framed({"number": at, "value": it}) for at, it in enumerate(replies, 3)),
        ],
        [framed({"number": 2, "value": None, "changed": [["weight", torch.zeros(2, 3)]]})],
        [_framed_error(2, "raised"), _framed_error(3, "missing")],
        [_framed_error(2, "too large")],
        [framed({"number": 2, "value": 1, "used": ["aten::convolution"]}), framed({"number": 3, "value": "x"})],
    ]
    scripts = [[ready, *(ScriptLine(SAY, answer) for answer in answers)] for answers in conversations]
    scripts += [[ScriptLine(how, line.what) for line in scripts[0]] for how in (IN_HALVES, AND_MORE, LAST_WORD)]
    scripts += [[ready, ScriptLine(how, b"x" * 100), *scripts[0][1:]] for how in (BURN, PRINT, WAIT)]
    return [*scripts, [ScriptLine(SAY, _framed_error(1, "raised"))], [ready, *[ScriptLine(WAIT, b"")] * 9], []]


def _framed_nodes(**items: object) -> bytes:
    """The frame of a dict whose items are nodes."""
    packed: bytes = msgpack.packb(dictionary(**items))
    return frame(packed)


def _framed_error(number: int, kind: str) -> bytes:
    error = {"kind": kind, "type": "KeyError", "text": "'x'", "frames": [FRAME, ["other.py", 3, ""]]}
    return framed({"number": number, "error": error})


class Mutator:
    """Changes a script: mostly what is sent, sometimes how or in which order."""

    def __init__(self, raw: RawMutation) -> None:
        self._raw = raw
        self._message = messages.Mutator(raw)
        self._draw = random.Random()
        self._known = [line for seed in Target.seeds() for line in read_script(seed)]

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        self._draw.seed(seed)
        if self._draw.random() < 0.02:
            return self._raw(data, max_size)
        script = read_script(data)
        for _ in range(1 + int(3 * self._draw.random() ** 2)):
            self._change(script, max_size)
        mutated = write_script(script)
        return mutated if len(mutated) <= max_size else data

    def _change(self, script: list[ScriptLine], max_size: int) -> None:
        chance = self._draw.random()
        place = int(self._draw.random() * len(script))
        if place == 0 and len(script) > 1 and self._draw.random() < 0.8:
            place = 1  # a worker that cannot even import sends nothing more
        if chance < 0.1 or not script:
            script.insert(place, self._draw.choice(self._known))
        elif chance < 0.2:
            del script[place]
        elif chance < 0.3:
            script[place] = ScriptLine(self._draw.randrange(7), script[place].what)
        elif chance < 0.35:
            script.insert(place, script[place])
        elif chance < 0.4:
            other = int(self._draw.random() * len(script))
            script[place], script[other] = script[other], script[place]
        else:
            seed = self._draw.getrandbits(32)
            script[place] = ScriptLine(script[place].how, self._message(script[place].what, max_size, seed)[:0xFFFF])
