"""The calls that a test made to the student's code: a line for each and, on request, all their values."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from autograder.grading.report import TestResult
from tests.failures import UNKNOWN, Compared
from tests.shown import brief

LAST = 6  # calls shown of one test
MOST_TEXT = 80  # characters of an argument
MOST_KEPT = 32 << 20  # bytes of a result; the largest right one, the weights of an EfficientNet-B0, takes 21 MB


@dataclass
class Step:
    """One call of a function, one request to an object that it made (`verb`), or one `backward`.

    Attributes:
        name: the function's name, or the request: "LeNet's layer: train".
        verb: "" for a function, otherwise a verb of `handles.VERBS` or "backward".
        module: a given module's name; "" for the student's.
        handle: the handle of the object.
        arguments, named: the arguments as they were before the call.
        grad: whether grad mode was on.
        source: for a backward, the step whose outputs it started from.
        result: the result itself, not a copy.
        error: the exception with which it ended.
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
        keep: whether to keep copies of all values; otherwise only a line for each call.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self.count = 0
        # Turned into text only if a test fails, which few do: that took longer than many calls.
        self._last: deque[tuple[str, list[Any], dict[str, Any]]] = deque(maxlen=LAST)
        self.steps: list[Step] = []
        self._numbers: dict[tuple[int, int], Step] = {}

    @property
    def last(self) -> list[str]:
        """A line for each of the most recent calls."""
        lines = []
        for name, given, named in self._last:
            shown = [*map(_argument, given), *(f"{key}={_argument(each)}" for key, each in named.items())]
            lines.append(f"{name}({', '.join(shown)})")
        return lines

    def forget(self) -> None:
        """Start a new test."""
        self._last.clear()
        self.count, self.steps, self._numbers = 0, [], {}

    def called(self, name: str, request: dict[str, Any], arguments: Sequence[Any], named: dict[str, Any]) -> None:
        """Record a call before it is made."""
        self._describe(name, arguments, named)
        if self.keep:
            kept = [_kept(each) for each in arguments], {key: _kept(each) for key, each in named.items()}
            given = request.get("verb", ""), request.get("module", ""), request.get("handle")
            self.steps.append(Step(name, *given, *kept, torch.is_grad_enabled()))

    def backward(self, worker: object, number: int, gradients: Sequence[Tensor]) -> None:
        """Record a request for the gradients of the call that has this number in its worker."""
        self._describe("backward", gradients, {})
        if self.keep:
            kept = [_kept(each) for each in gradients]
            source = self._numbers.get((id(worker), number))
            self.steps.append(Step("backward", "backward", "", None, kept, {}, grad=True, source=source))

    def returned(self, result: object, worker: object, number: int) -> None:
        """Record the result of the last call."""
        if self.keep and self.steps:
            self.steps[-1].result = result
            self._numbers[id(worker), number] = self.steps[-1]

    def _describe(self, name: str, arguments: Sequence[Any], named: dict[str, Any]) -> None:
        self.count += 1
        given = {key: _without_values(each) for key, each in named.items()}
        self._last.append((name, list(map(_without_values, arguments)), given))

    def failed(self, error: BaseException) -> None:
        """Record that the last call failed."""
        if self.keep and self.steps:
            self.steps[-1].error = error


@dataclass(frozen=True)
class KeptFailure:
    """A hidden test that did not pass, with all its calls.

    Attributes:
        question: the question's id.
        test: the test function's name.
        result: the result, without its evidence.
        evidence: the evidence, as lines.
        compared: what the check compared, if anything.
        steps: the calls, up to the one that decided the test.
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
        """What to keep of a test that has just ended, before its values are released."""
        compared = getattr(error, "compared", None)
        compared = compared if isinstance(compared, Compared) else None
        steps = _until_the_last(calls.steps, error, compared)
        for step in steps:  # the evidence describes large results; those of all tests would fill the memory
            step.result = _unless_large(step.result)
        if compared is not None:
            compared = compared._replace(got=_unless_large(compared.got))
        return cls(question, test, result, evidence, compared, steps)


def _until_the_last(steps: list[Step], error: BaseException | None, compared: Compared | None) -> list[Step]:
    """The calls without those made afterwards to find the likely cause."""
    for number, step in enumerate(steps):
        decided = compared is not None and compared.got is not UNKNOWN and step.result is compared.got
        if (error is not None and step.error is error) or decided:
            return steps[: number + 1]
    return list(steps)


def _unless_large(value: Any) -> Any:
    """The value, or `UNKNOWN` if it has more bytes than are kept."""
    return UNKNOWN if _bytes(value) > MOST_KEPT else value


def _bytes(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    items = value.values() if type(value) is dict else value if type(value) in (list, tuple) else ()
    return sum(map(_bytes, items))


class _Shape:
    """The shape of a tensor argument. Not a dataclass: a frozen one takes four times as long to make."""

    __slots__ = ("sizes",)

    def __init__(self, sizes: torch.Size) -> None:
        self.sizes = sizes


def _without_values(value: object) -> object:
    """What a line needs of an argument, as it was before the call; a tensor's values are dropped."""
    if isinstance(value, Tensor):
        return _Shape(value.shape)
    return value.copy() if isinstance(value, list | dict) else value


def _argument(value: object) -> str:
    """An argument in a few words: long ones are only counted."""
    if isinstance(value, _Shape):
        return f"tensor[{','.join(map(str, value.sizes))}]"
    if isinstance(value, dict) or (isinstance(value, list | tuple) and not all(type(each) is int for each in value)):
        return f"a {type(value).__name__} of {len(value)}"
    return brief(value, MOST_TEXT) if isinstance(value, list | tuple | str | int | float | None) else "…"


def _kept(value: Any) -> Any:
    """A copy that no later call can change. Objects that are not data are kept as they are."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(map(_kept, value))
    if type(value) is dict:
        return {key: _kept(item) for key, item in value.items()}
    return value
