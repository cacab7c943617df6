"""The calls that a test made of the student's code: a line for each; where asked for, all their values, too."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from autograder.grading.report import TestResult
from tests.checks import UNKNOWN, Compared
from tests.shown import brief

LAST = 6  # of one test
MOST_TEXT = 80  # characters of an argument
MOST_KEPT = 32 << 20  # bytes of an answer; the largest right one, the weights of a whole EfficientNet-B0, has 21 MB


@dataclass
class Step:
    """One call of a function, one question to an object that it made (`verb`), or one `backward`.

    Attributes:
        name: the function's, or of what was asked: "LeNet's layer: train".
        verb: "" for a function; else a verb of `handles.VERBS`, or "backward".
        module: a given module's name; "" is the student's.
        handle: of the object that was asked.
        arguments, named: as they were before the call.
        grad: whether gradients were to be kept.
        source: of a backward: the step whose outputs it began with.
        result: what came, the very object.
        error: what it ended with.
    """

    name: str
    verb: str
    module: str
    handle: Any
    arguments: Sequence[Any]
    named: dict[str, Any]
    grad: bool
    source: Step | None = None
    result: Any = UNKNOWN
    error: BaseException | None = None


class Calls:
    """The calls of the test that is running.

    Args:
        keep: whether values are kept, in copies; else only a line of each call.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self.count = 0
        # Put into words only where a test fails, which few do: words took longer than many a call.
        self._last: deque[tuple[str, list[Any], dict[str, Any]]] = deque(maxlen=LAST)
        self.steps: list[Step] = []
        self._numbers: dict[tuple[int, int], Step] = {}

    @property
    def last(self) -> list[str]:
        """A line for each of the last calls."""
        lines = []
        for name, given, named in self._last:
            shown = [*map(_argument, given), *(f"{key}={_argument(each)}" for key, each in named.items())]
            lines.append(f"{name}({', '.join(shown)})")
        return lines

    def forget(self) -> None:
        """Begin with a new test."""
        self._last.clear()
        self.count, self.steps, self._numbers = 0, [], {}

    def called(self, name: str, request: dict[str, Any], arguments: Sequence[Any], named: dict[str, Any]) -> None:
        """Note a call before it is made."""
        self._describe(name, arguments, named)
        if self.keep:
            kept = [_kept(each) for each in arguments], {key: _kept(each) for key, each in named.items()}
            given = request.get("verb", ""), request.get("module", ""), request.get("handle")
            self.steps.append(Step(name, *given, *kept, torch.is_grad_enabled()))

    def backward(self, worker: object, number: int, gradients: Sequence[Tensor]) -> None:
        """Note that gradients are asked for, of the call that has this number in its worker."""
        self._describe("backward", gradients, {})
        if self.keep:
            kept = [_kept(each) for each in gradients]
            source = self._numbers.get((id(worker), number))
            self.steps.append(Step("backward", "backward", "", None, kept, {}, grad=True, source=source))

    def returned(self, result: object, worker: object, number: int) -> None:
        """Note what came of the last call."""
        if self.keep and self.steps:
            self.steps[-1].result = result
            self._numbers[id(worker), number] = self.steps[-1]

    def _describe(self, name: str, arguments: Sequence[Any], named: dict[str, Any]) -> None:
        self.count += 1
        given = {key: _without_values(each) for key, each in named.items()}
        self._last.append((name, list(map(_without_values, arguments)), given))

    def failed(self, error: BaseException) -> None:
        """Note that the last call did not come to an end."""
        if self.keep and self.steps:
            self.steps[-1].error = error


@dataclass(frozen=True)
class KeptFailure:
    """A hidden test that did not pass, with all that it called.

    Attributes:
        question: its id.
        test: the test function's name.
        result: without its evidence.
        evidence: in lines.
        compared: what the check held side by side, if it did.
        steps: the calls, up to the one that decided.
    """

    question: str
    test: str
    result: TestResult
    evidence: list[tuple[str, str]]
    compared: Compared | None
    steps: list[Step]

    @classmethod
    def of(
        cls,
        question: str,
        test: str,
        result: TestResult,
        evidence: list[tuple[str, str]],
        error: BaseException | None,
        calls: Calls,
    ) -> Self:
        """What is kept of a test that has just ended, before what it had in hand is let go."""
        compared = getattr(error, "compared", None)
        compared = compared if isinstance(compared, Compared) else None
        steps = _until_the_last(calls.steps, error, compared)
        for step in steps:  # what answers of any size were is in the evidence; of all tests together none may stay
            step.result = _unless_large(step.result)
        if compared is not None:
            compared = compared._replace(got=_unless_large(compared.got))
        return cls(question, test, result, evidence, compared, steps)


def _until_the_last(steps: list[Step], error: BaseException | None, compared: Compared | None) -> list[Step]:
    """The calls without those that were made afterwards, to find the likely cause."""
    for number, step in enumerate(steps):
        decided = compared is not None and compared.got is not UNKNOWN and step.result is compared.got
        if (error is not None and step.error is error) or decided:
            return steps[: number + 1]
    return list(steps)


def _unless_large(value: Any) -> Any:
    """What came, or `UNKNOWN` in place of more bytes than are kept."""
    return UNKNOWN if _bytes(value) > MOST_KEPT else value


def _bytes(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    items = value.values() if type(value) is dict else value if type(value) in (list, tuple) else ()
    return sum(map(_bytes, items))


@dataclass(frozen=True, slots=True)
class _Shape:
    """Of a tensor that was handed over."""

    sizes: torch.Size


def _without_values(value: object) -> object:
    """What a line says of an argument, as it is before the call; a tensor's numbers are let go."""
    if isinstance(value, Tensor):
        return _Shape(value.shape)
    return value.copy() if isinstance(value, list | dict) else value


def _argument(value: object) -> str:
    """An argument in a few words: what is long is only counted."""
    if isinstance(value, _Shape):
        return f"tensor[{','.join(map(str, value.sizes))}]"
    if isinstance(value, dict) or (isinstance(value, list | tuple) and not all(type(each) is int for each in value)):
        return f"a {type(value).__name__} of {len(value)}"
    return brief(value, MOST_TEXT) if isinstance(value, list | tuple | str | int | float | None) else "…"


def _kept(value: Any) -> Any:
    """A copy that no later call can change. What is not data is kept as it is."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(map(_kept, value))
    if type(value) is dict:
        return {key: _kept(item) for key, item in value.items()}
    return value
