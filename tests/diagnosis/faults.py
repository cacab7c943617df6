"""A fault: one thing that is wrong with an answer, made so that several can be put together. See `inference`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Call = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and named arguments."""


@dataclass(frozen=True)
class Refused:
    """An exception: the name of its type, and where in the student's code it was raised."""

    kind: str = ""
    place: str = ""


@dataclass(frozen=True, eq=False)
class Observation:
    """One call of the student's function and what came of it.

    Attributes:
        call: the call, parsed: with all settings as pairs, and its tensors in double precision.
        given: its arguments as they were passed.
        outcome: a tensor, two lengths, or `Refused`.
        dtype: of the right output, if it is a tensor.
        size: height and width of the right output, of operations with a window.
    """

    call: Any
    given: Call
    outcome: Any
    dtype: torch.dtype | None = None
    size: tuple[int, int] | None = None


Feature = Callable[[Observation], bool]
"""A property of calls that decides whether a function can handle them."""


@dataclass(frozen=True, eq=False)
class Fault:
    """One thing that may be wrong with an answer.

    Attributes:
        cause: the key of its sentence in `causes`.
        factor: what it concerns; an answer has at most one fault of each factor.
        before: the call, parsed, that the mistake makes of the right one.
        instead: another way to compute the output.
        after: what the mistake makes of the output, also given the call.
        refuses: the calls that end with an exception.
        refuses_changed: the parsed calls, as the other faults change them, that end with an exception.
        spoils: the calls whose output is wrong in some way that is not modelled.
        dtype: the output's dtype, given the right one.
        rough: whether a result in double precision is only as exact as in single precision.

    A function that does not know the result raises one of `UNKNOWN`, or returns NaN for values that it does not know.
    """

    cause: str
    factor: str
    before: Callable[[Any], Any] | None = None
    instead: Callable[[Any], Any] | None = None
    after: Callable[[Any, Any], Any] | None = None
    refuses: Feature | None = None
    refuses_changed: Callable[[Any], bool] | None = None
    spoils: Feature | None = None
    dtype: Callable[[torch.dtype], torch.dtype] | None = None
    rough: bool = False

    @property
    def is_refusal(self) -> bool:
        """Whether it is a kind of calls that end with an exception."""
        return self.refuses is not None or self.refuses_changed is not None


ANYTHING = object()
"""The prediction for a call whose result is wrong in some way that is not modelled: any agrees."""

UNKNOWN = (RuntimeError, ValueError, IndexError, TypeError, AttributeError, ZeroDivisionError)
"""The exceptions of torch and of Python for inputs on which a fault cannot be made."""


def prediction(faults: Sequence[Fault], seen: Observation, call: Any = None) -> Any:
    """What an answer with these faults returns: a tensor or two lengths; `Refused`; None if it cannot be computed,
    perhaps because the answer fails too; `ANYTHING` if it is left open.

    Args:
        faults: in the order of the operation's table.
        seen: the call.
        call: the same call in another form; by default the parsed one.
    """
    for fault in faults:
        if fault.refuses is not None and fault.refuses(seen):
            return Refused()
        if fault.spoils is not None and fault.spoils(seen):
            return ANYTHING
    call = seen.call if call is None else call
    try:
        for fault in faults:
            if fault.before is not None:
                call = fault.before(call)
        if any(fault.refuses_changed is not None and fault.refuses_changed(call) for fault in faults):
            return Refused()
        output = next((fault.instead(call) for fault in faults if fault.instead is not None), _NOTHING)
        output = call.output() if output is _NOTHING else output
        for fault in faults:
            if fault.after is not None and output is not None:
                output = fault.after(output, call)
    except UNKNOWN:
        return None
    return None if isinstance(output, Tensor) and not output.numel() else output


_NOTHING = object()


def observation(parse: Callable[..., Any], given: Call, outcome: Any) -> Observation:
    """What came of a call, with the call parsed by this."""
    arguments, named = given
    dtype = arguments[0].dtype if isinstance(arguments[0], Tensor) else None
    call = parse(*map(_precise, arguments), **named)
    return Observation(call, given, outcome, dtype, call.size() if hasattr(call, "size") else None)


def _precise(value: Any) -> Any:
    return value.detach().double() if isinstance(value, Tensor) else value


def agrees(faults: Sequence[Fault], seen: Observation) -> bool:
    """Whether an answer with these faults returns what was seen, as far as that is known."""
    return fits(faults, seen, prediction(faults, seen))


def fits(faults: Sequence[Fault], seen: Observation, predicted: Any) -> bool:
    """Whether a prediction agrees with what was seen. One that is not known, or holds NaN, agrees with an exception."""
    outcome = seen.outcome
    if predicted is ANYTHING:
        return True
    if isinstance(outcome, Refused):
        unknown = predicted is None or (isinstance(predicted, Tensor) and bool(predicted.isnan().any()))
        return unknown or isinstance(predicted, Refused)
    if isinstance(outcome, Tensor) and not outcome.numel():
        return predicted is None or (isinstance(predicted, Tensor) and predicted.shape == outcome.shape)
    if not isinstance(outcome, Tensor) or not isinstance(predicted, Tensor):
        return type(predicted) is type(outcome) and bool(predicted == outcome)
    dtype, exact = seen.dtype, seen.dtype == torch.float64
    for fault in faults:
        dtype = fault.dtype(dtype) if fault.dtype is not None and dtype is not None else dtype
        exact = exact and not fault.rough
    if outcome.dtype != dtype:
        return False
    relative = 1e-9 if exact and dtype == seen.dtype else 1e-4
    if predicted.shape == outcome.shape or outcome.shape[-2:] == seen.size:
        return is_same(predicted, outcome, relative)
    return is_same(_known_part(predicted), outcome, relative)


def _known_part(predicted: Tensor) -> Tensor:
    """A prediction without the rows and columns of which nothing is known: slices may end before them."""
    if predicted.dim() < 3 or not predicted.isnan().any():
        return predicted
    known = ~predicted.isnan().flatten(0, -3).all(0)
    return predicted[..., known.any(1), :][..., known.any(0)]


def is_same(one: Tensor, other: Tensor, relative: float = 1e-4) -> bool:
    """Whether two tensors agree up to rounding; NaN in the first stands for any value."""
    if one.shape != other.shape or one.is_complex() or other.is_complex():
        return False
    one, other = one.double(), other.double()
    finite = one[one.isfinite()]
    size = finite.abs().max().item() if finite.numel() else 0.0
    close = torch.isclose(one, other, rtol=relative, atol=relative / 10 * max(size, 1.0))
    return bool((close | one.isnan()).all())
