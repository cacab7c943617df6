"""Call a student's function on copies, and describe the call in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from tests import formulas
from tests.diagnosis import misconceptions
from tests.failures import UNKNOWN, Compared


def call(function: Callable[..., Any], arguments: Sequence[Any], named: dict[str, Any], expected: Any = UNKNOWN) -> Any:
    """Call a function on copies of the tensors, so that it cannot change the inputs of later checks."""
    __tracebackhide__ = True
    copies = list(map(fresh, arguments)), {name: fresh(value) for name, value in named.items()}
    return noted(function, *copies, expected)


def noted(
    function: Callable[..., Any], arguments: Sequence[Any], named: dict[str, Any], expected: Any = UNKNOWN
) -> Any:
    """Call a function; an exception gets a note that says how it was called and what it should have returned."""
    __tracebackhide__ = True
    try:
        return function(*arguments, **named)
    except Exception as error:
        with contextlib.suppress(Exception):  # a student's exception may refuse attributes
            error.compared = Compared(arguments, named, expected)  # type: ignore[attr-defined]
        error.add_note(f"in the call {describe_call(function.__name__, arguments, named)}")
        if (refused := misconceptions.likely_refused(function, error)) is not None:
            error.add_note(f"likely: {refused}")
            error.likely = refused  # type: ignore[attr-defined]
        raise


def describe_call(name: str, arguments: Sequence[Any], named: dict[str, Any]) -> str:
    """A call in one line, tensors by their shapes: conv2d(x[1,1,7,7], w[1,1,2,2], stride=2)."""
    letters = iter("xwb")
    shown = [
        f"{next(letters)}{formulas.shape(value)}" if isinstance(value, Tensor) else repr(value) for value in arguments
    ]
    shown += [
        f"{key}={formulas.shape(value) if isinstance(value, Tensor) else repr(value)}" for key, value in named.items()
    ]
    return f"{name}({', '.join(shown)})"


def fresh(value: Any) -> Any:
    """A copy that requires grad if the original does."""
    return value.clone() if isinstance(value, Tensor) else value


def detached_copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value
