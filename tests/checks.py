"""Compare a function with torch's own and say what is wrong, so that it can be checked by hand.

A check calls the student's function and raises `CheckFailed` if the answer is not right. It does not care where
the function runs: at home `q1.conv2d` is the function itself, in grading it stands for one in another process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests import formulas

# Largest differences accepted, relative to each value and to the scale of the sum it comes from. float32 sums in
# another order, or through a Fourier transform, differ by less; torch.allclose's own defaults would refuse them.
_TOLERANCES = {torch.float32: (1e-4, 1e-5), torch.float64: (1e-10, 1e-11)}


class CheckFailed(AssertionError):
    """An answer is not right.

    Attributes:
        summary: what is wrong, in a sentence without any of the test's numbers.
        lines: the whole story, as (label, text).
        likely: what the mistake probably is, if it can be told.
    """

    def __init__(self, summary: str, lines: Sequence[tuple[str, str]], likely: str | None = None) -> None:
        self.summary = summary
        self.lines = [*lines, *([("likely", likely)] if likely else [])]
        self.likely = likely
        super().__init__(self.detail)

    @property
    def detail(self) -> str:
        return "\n".join(f"  {label:<7} {text}".rstrip() for label, text in self.lines)


def assert_same(
    function: Callable[..., Any], reference: Callable[..., Tensor], *arguments: Any, **named: Any
) -> Tensor:
    """Assert that a function returns what torch's own returns for the same arguments.

    Args:
        function: the student's.
        reference: torch's, `F.conv2d` for instance.
        *arguments, **named: for both; the reference gets copies.

    Returns:
        What the student's function returned.

    Raises:
        CheckFailed: another type, shape, dtype or other values.
    """
    __tracebackhide__ = True
    with torch.no_grad():
        expected = reference(*map(_copy, arguments), **{name: _copy(value) for name, value in named.items()})
    kept = list(map(_copy, arguments)), {name: _copy(value) for name, value in named.items()}
    lines = [("call", describe_call(function.__name__, arguments, named))]
    got = call(function, arguments, named)
    parts = _taken_apart(function.__name__, *kept)
    got = _require_tensor(got, lines)

    if got.shape != expected.shape:
        lines.append(("shape", f"expected {tuple(expected.shape)}, yours {tuple(got.shape)}"))
        lines += [("", formula) for formula in (parts.lengths() if parts else [])]
        raise CheckFailed("the output has the wrong shape", lines)
    right = f"right: {tuple(got.shape)}" + (f", {parts.lengths()[0]}" if parts else "")
    lines.append(("shape", right))
    if got.dtype != expected.dtype:
        lines.append(("dtype", f"expected {expected.dtype}, as the input's; yours {got.dtype}"))
        raise CheckFailed("the output has the wrong dtype", lines)

    wrong, allowed = _differences(got.detach(), expected, _scale(kept[0], expected))
    if wrong.any():
        place = tuple(wrong.nonzero()[0].tolist())
        difference = (got.detach() - expected).abs()
        largest = formulas.number(difference.max().item())
        count = f"{int(wrong.sum()):,} of {wrong.numel():,} wrong"
        lines.append(("values", f"{count}, largest difference {largest} (allowed {allowed.max().item():.1g})"))
        addends = f" = {parts.sum_at(place)}" if parts else ""
        lines.append(("first", f"{formulas.index(place)}  expected {formulas.number(expected[place].item())}{addends}"))
        yours = formulas.number(got[place].item())
        lines.append(("", f"{' ' * len(formulas.index(place))}  yours    {yours}"))
        raise CheckFailed("some output values are wrong", lines)
    return got


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
        raise CheckFailed("the output has the wrong shape", lines)


def assert_size(function: Callable[..., Any], expected: tuple[int, int], *arguments: Any, **named: Any) -> None:
    """Assert that a function returns a tuple of two given whole numbers.

    Raises:
        CheckFailed: it returns anything else.
    """
    __tracebackhide__ = True
    lines = [("call", describe_call(function.__name__, arguments, named))]
    got = call(function, arguments, named)
    if not isinstance(got, tuple) or len(got) != 2:
        shown = f"{type_name(got)} {got!r:.60}" if isinstance(got, list | tuple | int | float) else type_name(got)
        lines.append(("value", f"expected a tuple (H_out, W_out), yours is a {shown}"))
        raise CheckFailed("the result is not a tuple of two numbers", lines)
    if not all(_is_whole(item) for item in got):
        lines.append(("value", f"expected two whole numbers, yours are {got!r:.80}"))
        raise CheckFailed("the result's numbers are not whole numbers (int)", lines)
    if tuple(int(item) for item in got) != expected:
        lines.append(("value", f"expected {expected}, yours {tuple(int(item) for item in got)}"))
        names = ("input_size", "kernel_size", "stride", "padding", "dilation")
        settings = {"stride": 1, "padding": 0, "dilation": 1, **dict(zip(names, arguments, strict=False)), **named}
        for axis, letter in enumerate("HW"):
            if int(got[axis]) != expected[axis]:
                filled = formulas.window_length(letter, *(formulas.pair(settings[name])[axis] for name in names))
                lines.append(("", filled))
        raise CheckFailed("the output size is wrong", lines)


def assert_unchanged(function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """Assert that a call leaves its arguments as they were.

    Raises:
        CheckFailed: a tensor among them was changed.
    """
    __tracebackhide__ = True
    before = {key: _copy(value) for key, value in [*enumerate(arguments), *named.items()]}
    _require_tensor(call(function, arguments, named), [("call", describe_call(function.__name__, arguments, named))])
    for key, value in [*enumerate(arguments), *named.items()]:
        if isinstance(value, Tensor) and not torch.equal(value, before[key]):
            which = f"argument {key + 1}" if isinstance(key, int) else f"argument {key}"
            lines = [
                ("call", describe_call(function.__name__, arguments, named)),
                ("changed", f"{which} is not what it was before the call; work on a copy (clone)"),
            ]
            raise CheckFailed("the call changed one of its arguments", lines)


def assert_layer(layer: Any, expected: nn.Conv2d, name: str) -> None:
    """Assert that a layer is a convolution with the settings of another, which then takes over its weights.

    Args:
        layer: what the student's function returned.
        expected: a layer that is set right.
        name: what to call it in the message.

    Raises:
        CheckFailed: it is no layer, or set otherwise.
    """
    __tracebackhide__ = True
    lines = [("layer", name), ("", f"expected {expected}"), ("", f"yours    {layer!r:.120}")]
    kind = type_name(layer)
    if kind != "Conv2d":
        raise CheckFailed("the layer is not an nn.Conv2d", [*lines, ("type", f"expected Conv2d, yours {kind}")])
    for setting in ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"):
        wanted, got = getattr(expected, setting), getattr(layer, setting)
        if type(got) is not type(wanted) or got != wanted:
            lines.append((setting, f"expected {wanted}, yours {got!r:.40}"))
            raise CheckFailed(f"a layer's {setting} is wrong", lines)
    weights = layer.state_dict()
    try:
        expected.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError):
        lines.append(("weights", "expected a weight and a bias of the usual shapes"))
        raise CheckFailed("a layer's weights are not those of an nn.Conv2d", lines) from None


def assert_tuple(value: Any, length: int, name: str) -> tuple[Any, ...]:
    """Assert that a function returned a tuple of so many.

    Raises:
        CheckFailed: it did not.
    """
    __tracebackhide__ = True
    if isinstance(value, tuple) and len(value) == length:
        return value
    got = f"{type_name(value)} of {len(value)}" if isinstance(value, list | tuple) else type_name(value)
    lines = [("call", f"{name}()"), ("value", f"expected a tuple of {length}, yours is a {got}")]
    raise CheckFailed(f"the result is not a tuple of {length}", lines)


def call(function: Callable[..., Any], arguments: Sequence[Any], named: dict[str, Any]) -> Any:
    """Call a function; an exception gets a note that says how it was called."""
    __tracebackhide__ = True
    try:
        return function(*arguments, **named)
    except Exception as error:
        error.add_note(f"in the call {describe_call(function.__name__, arguments, named)}")
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


def type_name(value: Any) -> str:
    """The name of a value's type; in grading some values are known by that alone."""
    name = getattr(value, "type_name", None)
    return name if isinstance(name, str) else type(value).__name__


def _require_tensor(value: Any, lines: list[tuple[str, str]]) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if value is None:
        hint = "None: does every path through your function return its result?"
    elif isinstance(value, np.ndarray):
        hint = "a numpy array: torch.from_numpy makes a tensor of it"
    elif isinstance(value, list):
        hint = "a list: torch.tensor makes a tensor of it"
    else:
        hint = f"a {type_name(value)}"
    raise CheckFailed(
        f"it returned {hint.partition(':')[0]}, not a tensor", [*lines, ("value", f"you returned {hint}")]
    )


def _differences(got: Tensor, expected: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Where the values differ too much (NaN does), and by how much they may."""
    relative, of_scale = _TOLERANCES.get(expected.dtype, (0.0, 0.0))
    allowed = relative * expected.abs() + of_scale * scale
    return ~((got - expected).abs() <= allowed), allowed


def _scale(arguments: Sequence[Any], expected: Tensor) -> float:
    """The size of what is added up: of the largest output, or of the largest pixel times the largest weight.

    The second counts where a window sees nothing but padding: all outputs are 0, and a Fourier transform's 1e-17.
    """
    largest = [value.abs().max().item() for value in (*arguments[:2], expected) if isinstance(value, Tensor)]
    return max(largest[-1], math.prod(largest[:-1]))


def _is_whole(value: Any) -> bool:
    """int, NumPy's ints, and tensors that hold one."""
    if isinstance(value, Tensor):
        return value.dim() == 0 and not value.is_floating_point()
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _taken_apart(name: str, arguments: Sequence[Any], named: dict[str, Any]) -> formulas.Convolution | None:
    operation = formulas.OPERATIONS.get(name)
    return operation(*arguments, **named) if operation else None
