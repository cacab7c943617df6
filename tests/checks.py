"""Compare a function with torch's own, and say what is wrong in a way that can be checked by hand.

A check calls the student's function and raises `CheckFailed` if the answer is wrong. It does not matter where the
function runs: at home `q1.conv2d` is the function itself, in grading a stand-in for one in another process.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests import formulas
from tests.calls import call, describe_call, detached_copy, noted
from tests.diagnosis import misconceptions
from tests.failures import CheckFailed, Compared
from tests.shown import brief
from tests.tolerances import differences, of_one_kind, surely_equal


def assert_same(
    function: Callable[..., Any], reference: Callable[..., Tensor], *arguments: Any, **named: Any
) -> Tensor:
    """Assert that a function returns what torch's own returns for the same arguments.

    Args:
        function: the student's.
        reference: torch's function, `F.conv2d` for instance.
        *arguments, **named: arguments for both; the reference gets copies.

    Returns:
        What the student's function returned.

    Raises:
        CheckFailed: the type, shape, dtype or values differ.
    """
    __tracebackhide__ = True
    with torch.no_grad():
        expected = reference(
            *map(detached_copy, arguments), **{name: detached_copy(value) for name, value in named.items()}
        )
    got = call(function, arguments, named, expected)
    if isinstance(got, Tensor) and of_one_kind(got, expected) and surely_equal(got.detach(), expected):
        return got
    name = function.__name__
    lines = [("call", describe_call(name, arguments, named))]
    compared = Compared(arguments, named, expected, got)
    got = _require_tensor(got, lines, compared)
    if of_one_kind(got, expected):
        wrong, allowed = differences(got.detach(), expected, arguments)
        if not wrong.any():
            return got

    likely = misconceptions.likely(function, arguments, named, got)
    parts = formulas.OPERATIONS[name](*arguments, **named) if name in formulas.OPERATIONS else None
    lengths = parts.lengths() if parts else []
    if got.shape != expected.shape:
        lines.append(("shape", f"expected {tuple(expected.shape)}, yours {tuple(got.shape)}"))
        lines += [("", formula) for formula in lengths]
        raise CheckFailed("the output has the wrong shape", lines, likely, compared)
    formula = [length for length in lengths[:1] if length.startswith("H_out")]
    lines.append(("shape", ", ".join([f"right: {tuple(got.shape)}", *formula])))
    if got.dtype != expected.dtype:
        lines.append(("dtype", f"expected {expected.dtype}, as the input's; yours {got.dtype}"))
        raise CheckFailed("the output has the wrong dtype", lines, compared=compared)
    place = tuple(wrong.nonzero()[0].tolist())
    largest = formulas.number((got.detach() - expected).abs().max().item())
    count = f"{int(wrong.sum()):,} of {wrong.numel():,} wrong"
    lines.append(("values", f"{count}, largest difference {largest} (allowed {allowed.max().item():.1g})"))
    # What an output is made of, and then the rows and columns that it is read from.
    made_of, _, read = (f" = {parts.made_of(place)}" if parts else "").partition("   (")
    where = formulas.index(place)
    below = " " * len(where)
    lines.append(("first", f"{where}  expected {formulas.number(expected[place].item())}{made_of}"))
    lines.append(("", f"{below}  yours    {formulas.number(got[place].item())}"))
    if read:
        lines.append(("", f"{below}  reads    {read.removesuffix(')')}"))
    raise CheckFailed("some output values are wrong", lines, likely, compared)


def assert_shape(function: Callable[..., Any], expected: tuple[int, ...], *arguments: Any, **named: Any) -> None:
    """Assert that a function returns a tensor of a given shape.

    Raises:
        CheckFailed: it returns anything else.
    """
    __tracebackhide__ = True
    lines = [("call", describe_call(function.__name__, arguments, named))]
    got = _require_tensor(call(function, arguments, named), lines)
    if got.shape != expected:
        lines.append(("shape", f"expected {expected}, yours {tuple(got.shape)}"))
        raise CheckFailed("the output has the wrong shape", lines, compared=Compared(arguments, named, got=got))


def assert_size(function: Callable[..., Any], expected: tuple[int, int], *arguments: Any, **named: Any) -> None:
    """Assert that a function returns a tuple of these two integers.

    Raises:
        CheckFailed: it returns anything else.
    """
    __tracebackhide__ = True
    lines = [("call", describe_call(function.__name__, arguments, named))]
    got = call(function, arguments, named, expected)
    compared = Compared(arguments, named, expected, got)
    if not isinstance(got, tuple) or len(got) != 2:
        shown = f"{type_name(got)} {brief(got, 60)}" if isinstance(got, list | tuple | int | float) else type_name(got)
        lines.append(("value", f"expected a tuple (H_out, W_out), yours is a {shown}"))
        raise CheckFailed("the result is not a tuple of two numbers", lines, compared=compared)
    names = ("input_size", "kernel_size", "stride", "padding", "dilation")
    settings = {"stride": 1, "padding": 0, "dilation": 1, **dict(zip(names, arguments, strict=False)), **named}
    filled = [
        formulas.window_length(letter, *(formulas.pair(settings[name])[axis] for name in names))
        for axis, letter in enumerate("HW")
    ]
    if not all(_is_whole(item) for item in got):
        lines.append(("value", f"expected {expected}, yours {brief(got, 80)}"))
        lines += [("", formula) for formula in filled]
        if any(isinstance(item, float) for item in got):
            lines.append(("", "⌊ ⌋ rounds down to a whole number: // does, / does not"))
        raise CheckFailed("the result's numbers are not whole numbers (int)", lines, compared=compared)
    if tuple(int(item) for item in got) != expected:
        lines.append(("value", f"expected {expected}, yours {tuple(int(item) for item in got)}"))
        lines += [("", filled[axis]) for axis in range(2) if int(got[axis]) != expected[axis]]
        likely = misconceptions.likely(function, arguments, named, got)
        raise CheckFailed("the output size is wrong", lines, likely, compared)


def assert_unchanged(function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """Assert that a call does not change its arguments.

    Raises:
        CheckFailed: a tensor among them was changed.
    """
    __tracebackhide__ = True
    lines = [("call", describe_call(function.__name__, arguments, named))]
    given = [detached_copy(value) for value in arguments]
    _require_tensor(noted(function, given, named), lines)
    for number, (value, before) in enumerate(zip(given, arguments, strict=True), start=1):
        if isinstance(value, Tensor) and not torch.equal(value, before):
            lines.append(("changed", f"argument {number} is not what it was before the call; work on a copy (clone)"))
            compared = Compared(arguments, named, before, value, number - 1)
            raise CheckFailed("the call changed one of its arguments", lines, compared=compared)


def assert_written_into(
    function: Callable[..., Any], reference: Callable[..., Tensor], argument: Tensor, **named: Any
) -> None:
    """Assert that a call writes the right result into its argument and returns that same tensor.

    Raises:
        CheckFailed: it does not.
    """
    __tracebackhide__ = True
    assert_same(function, reference, argument, **named)
    expected = reference(argument.clone())
    lines = [("call", describe_call(function.__name__, [argument], named))]
    before = argument.clone()
    got = noted(function, [argument], named, expected)
    if not torch.equal(argument, expected):
        lines.append(("in place", "the argument was to hold the result after the call; it does not"))
        compared = Compared([before], named, expected, argument, 0)
        raise CheckFailed("the result was not written into the argument", lines, compared=compared)
    if got is not argument:
        lines.append(("in place", "the argument itself was to be returned; another tensor was"))
        compared = Compared([before], named, expected, got)
        raise CheckFailed("another tensor than the argument was returned", lines, compared=compared)


def assert_gradient(name: str, got: Any, expected: Tensor) -> None:
    """Assert that a gradient exists and is right.

    Args:
        name: the name of the parameter or the argument.
        got, expected: the gradient; None if there is none.

    Raises:
        CheckFailed: it does not exist, or is wrong.
    """
    __tracebackhide__ = True
    if got is None:
        lines = [("wrong", name), ("", "no gradient arrives there: was .data, detach, no_grad or NumPy used?")]
        raise CheckFailed(f"no gradient reaches {name}", lines)
    assert_close(f"the gradient of {name}", got, expected=expected)


def assert_close(what: str, got: Any, *, expected: Any) -> None:
    """Assert that a value equals the expected one; a tensor, up to rounding.

    Raises:
        CheckFailed: it does not.
    """
    __tracebackhide__ = True
    if isinstance(expected, Tensor):
        same = isinstance(got, Tensor) and got.shape == expected.shape and got.dtype == expected.dtype
        same = same and not differences(got.detach(), expected, [])[0].any()
    else:
        same = type(got) is type(expected) and got == expected
    if not same:
        shown = brief(got, 60) if not isinstance(got, Tensor) else f"a tensor {formulas.shape(got)}"
        wanted = f"expected {expected!r}, yours" if not isinstance(expected, Tensor) else "yours"
        lines = [("wrong", what), ("", f"{wanted} is {shown}")]
        raise CheckFailed(f"{what} is not right", lines, compared=Compared((), {}, expected, got))


def as_function(layer: Callable[[Tensor], Tensor], name: str) -> Callable[[Tensor], Tensor]:
    """A function that applies a layer, for use in checks.

    Args:
        layer: the student's.
        name: the expression with which the student would create it, for messages.
    """

    def apply(input: Tensor) -> Tensor:
        return layer(input)

    apply.__name__ = name
    return apply


def counting(*shape: int) -> Tensor:
    """A tensor whose values are 1, 2, 3, …, so that sums can be checked by hand."""
    return torch.arange(1.0, 1.0 + torch.Size(shape).numel()).reshape(shape)


def mixed(*shape: int) -> Tensor:
    """A tensor of numbers from −5 to 5, in no order that helps, made by an expression short enough to be pasted."""
    return (torch.arange(float(math.prod(shape))) * 37 % 101 - 50).reshape(shape) / 10


def assert_tuple(value: Any, length: int, name: str) -> tuple[Any, ...]:
    """Assert that a function returned a tuple of this length.

    Raises:
        CheckFailed: it did not.
    """
    __tracebackhide__ = True
    if isinstance(value, tuple) and len(value) == length:
        return value
    got = f"{type_name(value)} of {len(value)}" if isinstance(value, list | tuple) else type_name(value)
    lines = [("call", f"{name}()"), ("value", f"expected a tuple of {length}, yours is a {got}")]
    raise CheckFailed(f"the result is not a tuple of {length}", lines)


def type_name(value: Any) -> str:
    """The name of a value's type, which is all that grading knows of some values."""
    name = getattr(value, "type_name", None)
    return name if isinstance(name, str) else type(value).__name__


def as_tensor(value: Any, shape: tuple[int, ...], lines: list[tuple[str, str]], likely: str | None = None) -> Tensor:
    """Check that a network's or a layer's output is a tensor of finite float32 numbers with this shape.

    Every calculation with an output starts with this: another shape may be broadcast, or make the other operand be
        broadcast, beyond all memory; and NaN breaks comparisons.

    Args:
        value: the result of the student's network.
        shape: the right shape.
        lines: details of the call, for the error.
        likely: the probable cause of a wrong shape.

    Returns:
        The output, detached.

    Raises:
        CheckFailed: it is anything else.
    """
    __tracebackhide__ = True
    if not isinstance(value, Tensor) or value.shape != shape:
        yours = tuple(value.shape) if isinstance(value, Tensor) else type_name(value)
        raise CheckFailed(
            "the output has the wrong shape", [*lines, ("shape", f"expected {shape}, yours {yours}")], likely
        )
    if value.dtype != torch.float32:
        wrong = ("dtype", f"expected {torch.float32}, yours {value.dtype}")
        raise CheckFailed("the output has the wrong dtype", [*lines, wrong])
    if not value.isfinite().all():
        raise CheckFailed("the network gives NaN or infinite values", lines)
    return value.detach()


def _require_tensor(value: Any, lines: list[tuple[str, str]], compared: Compared | None = None) -> Tensor:
    if isinstance(value, Tensor):
        return value
    name = type_name(value)
    # The summary is shown for hidden tests too, so it does not include type names, which the student could choose by
    # what the code saw.
    summary = f"it returned {_KINDS.get(name, 'something that is not an ordinary tensor')}, not a tensor"
    hints = {
        "NoneType": "None: does every path through your function return its result?",
        "ndarray": "a numpy array: torch.from_numpy makes a tensor of it",
        "list": "a list: torch.tensor makes a tensor of it",
    }
    lines = [*lines, ("value", f"you returned {hints.get(name, 'a ' + name)}")]
    raise CheckFailed(summary, lines, compared=compared)


_KINDS = {
    "NoneType": "None",
    "ndarray": "a numpy array",
    **{name: f"a {name}" for name in ("list", "tuple", "dict", "set", "generator", "function", "bool", "str", "float")},
    "int": "an int",
}


def _is_whole(value: Any) -> bool:
    """Whether a value is an int, one of NumPy's, or a tensor that holds one."""
    if isinstance(value, Tensor):
        return value.dim() == 0 and not value.is_floating_point() and not value.is_complex()
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
