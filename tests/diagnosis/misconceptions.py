"""The likely cause of a wrong answer: the one common mistake that reproduces the student's numbers.

When a check fails, the student's function is called again, on a handful of inputs that distinguish mistakes. A mistake
is named only if it reproduces the results of all of these calls. If several do, and they concern the same thing, that
thing is named; otherwise nothing is said. So a named cause is never a guess.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from tests.diagnosis.causes import CAUSES
from tests.diagnosis.mistakes import MISTAKES
from tests.diagnosis.probes import FEATURES, RAISED, Call, probes
from tests.diagnosis.sizes import SIZES, Axes, axes_of_size, axes_of_window, explains_sizes
from tests.diagnosis.window_mistakes import Mistake
from tests.diagnosis.windows import Window

LARGEST = 100_000  # values of an output that is diagnosed
ENOUGH = 3  # calls whose numbers a mistake must reproduce
PATIENCE = 1.0  # seconds for the calls of one diagnosis; slow answers get none

_TOPICS = ("bias", "stride", "padding", "dilation", "kernel", "window", "channel", "divided")


def likely(function: Callable[..., Any], arguments: Sequence[Any], named: dict[str, Any], got: object) -> str | None:
    """The likely cause of a wrong output.

    Args:
        function: the student's.
        arguments, named: the arguments of the call that failed.
        got: what it returned.

    Returns:
        A sentence; None if the cause is uncertain.
    """
    name = function.__name__
    if name not in (*MISTAKES, "output_size") or not isinstance(got, Tensor | tuple) or _is_large(got):
        return None
    if (look := _look(function)).outcomes is None:
        return None
    calls = [(tuple(arguments), named), *look.calls]
    outcomes = [got.detach() if isinstance(got, Tensor) else got, *look.outcomes]
    if name == "output_size":
        sizes: list[Axes | None] = [axes_of_size(*given, **more) for given, more in calls]
        plain = [_plain(outcome) for outcome in outcomes]
        return _sentence([cause for cause, formula in SIZES.items() if explains_sizes(formula, sizes, plain)])
    call = MISTAKES[name][0](*arguments, **named)
    with torch.no_grad():
        causes = [each.cause for each in look.suspects if _explains(each, call, outcomes[0])]
        if not causes and isinstance(call, Window):
            sizes = [axes_of_window(each) for each in (call, *look.apart)]
            shapes = [tuple(each.shape[-2:]) if isinstance(each, Tensor) else each for each in outcomes]
            causes = [cause for cause, formula in SIZES.items() if explains_sizes(formula, sizes, shapes)]
    return _sentence(causes)


def likely_refused(function: Callable[..., Any], error: Exception) -> str | None:
    """The kind of input that a function cannot handle, if it raises exceptions for that kind only.

    Args:
        function: the student's.
        error: the exception it raised.
    """
    name = function.__name__
    if name not in MISTAKES or isinstance(error, NotImplementedError) or not _is_own(error):
        return None
    if (look := _look(function)).outcomes is None:
        return None
    raised = [outcome is RAISED for outcome in look.outcomes]
    if all(raised) or not all(
        outcome is RAISED or (isinstance(outcome, Tensor) and _same(_right(call), outcome))
        for call, outcome in zip(look.apart, look.outcomes, strict=True)
    ):
        return None  # nothing works, or more is wrong
    features = [
        cause
        for cause, has in FEATURES.items()
        if [has(call, *each) for call, each in zip(look.apart, look.calls, strict=True)] == raised
    ]
    return _sentence(features)


@dataclass(frozen=True)
class _Suspect:
    """A mistake that the probes do not rule out: how many agree with it, and for how many of these it is harmful."""

    cause: str
    make: Mistake
    agreed: int
    harmful: int


class _Look:
    """A student's function's results for the probes, computed once, however many of its tests fail.

    Attributes:
        calls: the probes.
        outcomes: each probe's result, `RAISED` for an exception; None if they took too long or cannot be used.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = function.__name__
        self.calls = probes(self._name)
        outcomes = list(_outcomes(function, self.calls))
        self.outcomes = outcomes if len(outcomes) == len(self.calls) else None

    @cached_property
    def apart(self) -> list[Any]:
        """The calls, parsed."""
        return [MISTAKES[self._name][0](*given, **named) for given, named in self.calls]

    @cached_property
    def suspects(self) -> list[_Suspect]:
        together = list(zip(self.apart, self.outcomes or [], strict=True))
        suspects = []
        for cause, mistake in MISTAKES[self._name][1]:
            seen = []
            for call, outcome in together:
                seen.append(_compare(mistake, call, outcome))
                if seen[-1] is _Seen.CONTRADICTED:
                    break
            else:
                harmful = seen.count(_Seen.HARMFUL)
                suspects.append(_Suspect(cause, mistake, harmful + seen.count(_Seen.HARMLESS), harmful))
        return suspects


_looks: WeakKeyDictionary[Callable[..., Any], _Look] = WeakKeyDictionary()


def _look(function: Callable[..., Any]) -> _Look:
    if (look := _looks.get(function)) is None:
        look = _looks[function] = _Look(function)
    return look


def _sentence(causes: Sequence[str]) -> str | None:
    """One cause by its sentence, several by what they have in common."""
    different = list(dict.fromkeys(causes))
    if len({CAUSES[cause] for cause in different}) == 1:
        return f"{CAUSES[different[0]]}."
    shared = [topic for topic in _TOPICS if different and all(topic in cause for cause in different)]
    return f"it is about the {shared[0]}: more than one mistake would give these numbers." if shared else None


def _outcomes(function: Callable[..., Any], calls: Sequence[Call]) -> Iterator[object]:
    """Each call's result, `RAISED` for an exception; fewer results if they take too long."""
    begun = time.perf_counter()
    for given, named in calls:
        if time.perf_counter() - begun > PATIENCE:
            return
        try:
            outcome = function(*map(_copy, given), **named)
        except Exception as error:  # noqa: BLE001  (a student's code may raise anything)
            if not _is_own(error):
                return
            outcome = RAISED
        if _is_large(outcome):
            return
        yield outcome.detach() if isinstance(outcome, Tensor) else outcome


def _is_large(outcome: object) -> bool:
    return isinstance(outcome, Tensor) and outcome.numel() > LARGEST


def _plain(size: object) -> object:
    """A size as a tuple of ints; `RAISED` unchanged; None for anything else."""
    with contextlib.suppress(RuntimeError, ValueError, TypeError, OverflowError):
        return size if size is RAISED else tuple(int(length) for length in size)  # type: ignore[attr-defined]
    return None


def _is_own(error: Exception) -> bool:
    """Whether the student's code itself raised the exception, not a grader that stopped it."""
    return bool(getattr(error, "is_own", True))


class _Seen(Enum):
    """What one call says about a mistake."""

    CONTRADICTED = auto()  # the result is different
    NOTHING = auto()  # the mistake's result is unknown
    HARMLESS = auto()  # the result is the mistake's, and right
    HARMFUL = auto()  # the result is the mistake's, and wrong


def _compare(mistake: Mistake, call: Any, outcome: object) -> _Seen:
    predicted = _prediction(mistake, call, outcome)
    if predicted is not None and isinstance(outcome, Tensor):
        if not _same(predicted, outcome):
            return _Seen.CONTRADICTED
        return _Seen.HARMLESS if _same(predicted, _right(call)) else _Seen.HARMFUL
    if outcome is not RAISED and not isinstance(outcome, Tensor):
        return _Seen.CONTRADICTED  # nothing but tensors can be explained
    if predicted is not None and predicted.numel():
        return _Seen.CONTRADICTED  # this mistake would return numbers, so the mistake is another one
    return _Seen.NOTHING


def _explains(suspect: _Suspect, call: Any, outcome: object) -> bool:
    """True if the mistake reproduces the failing output and also predicts wrong values on other probes."""
    seen = _compare(suspect.make, call, outcome)
    here = int(seen is _Seen.HARMFUL)
    # torch's layers return no empty outputs, so nothing can be said about one
    agrees = here or (seen is _Seen.NOTHING and isinstance(outcome, Tensor) and outcome.numel() == 0)
    return bool(agrees) and suspect.agreed + here >= ENOUGH and suspect.harmful + here > 1


def _prediction(mistake: Mistake, call: Any, outcome: object) -> Tensor | None:
    """A mistake's output, with or without a batch axis to match the actual one."""
    predicted = None
    with contextlib.suppress(*_REFUSED):
        predicted = mistake(call)
    if (
        isinstance(call, Window)
        and call.input.dim() == 3
        and not (predicted is not None and isinstance(outcome, Tensor) and _same(predicted, outcome))
    ):
        with contextlib.suppress(*_REFUSED):
            whole = mistake(replace(call, input=call.input.unsqueeze(0)))
            predicted = predicted if whole is None else whole.squeeze(0)
    return predicted


_REFUSED = (RuntimeError, ValueError, IndexError, TypeError, AttributeError)
"""The exceptions of torch for inputs on which a mistake cannot be made."""


def _right(call: Any) -> Tensor:
    if isinstance(call, Tensor):
        return call.clamp(min=0)
    right: Tensor = call.right()
    return right


def _same(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape or one.is_complex() or other.is_complex():
        return False
    one, other = one.double(), other.double()
    size = one[one.isfinite()].abs().max().item() if one.isfinite().any() else 0.0
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5 * max(size, 1.0), equal_nan=True)


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value
