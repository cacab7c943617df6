"""Compare a function with torch's own, and say what is wrong in a way that can be checked by hand.

A check calls the student's function and raises `CheckFailed` if the answer is wrong. It does not matter where the
function runs: at home `q1.conv2d` is the function itself, in grading a stand-in for one in another process.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from tests import formulas
from tests.diagnosis import misconceptions
from tests.diagnosis.causes import CAUSES
from tests.shown import brief

# The largest accepted differences, relative to each value and to the scale of the sum behind it. A float32 has a
# relative error of 2⁻²⁴ = 6e-8. A sum of n products, in any order, is off by at most n times that, relative to the
# products' sizes: 2.4e-5 for n = 400, the longest sum compared; typically by √n times, 1.2e-6. A Fourier transform
# spreads its errors over the whole image, in proportion to the largest output; the least exact right answer in our bank
# is off by 4e-7 of that (27 products, normal numbers), and 1e-5 is allowed. Half precision, 2⁻¹¹ = 5e-4 for each
# product, is refused. The same reasoning gives 1e-13 for float64; 1e-10 refuses results computed in float32.
_TOLERANCES = {torch.float32: (1e-4, 1e-5), torch.float64: (1e-10, 1e-11)}


# The settings in which two layers of the same type must agree. A number stands for a pair of it.
_SETTINGS = {
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"),
    "MaxPool2d": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "AvgPool2d": ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
}

_PAIRS = ("kernel_size", "stride", "padding", "dilation")


UNKNOWN: Any = object()
"""Stands for a value that a check does not know."""


class Compared(NamedTuple):
    """What a check compared: the call, the right value, and the actual one. `UNKNOWN` stands for one it did not reach.

    `place` is the position of the argument that was checked after the call; None if the result was.
    """

    arguments: Sequence[Any]
    named: dict[str, Any]
    expected: Any = UNKNOWN
    got: Any = UNKNOWN
    place: int | None = None


class CheckFailed(AssertionError):
    """An answer is wrong.

    Attributes:
        summary: a sentence that says what is wrong, without any of the test's numbers.
        lines: all details, as (label, text).
        likely: a sentence that names the probable mistake, if known.
        compared: the values that were compared, if any.
    """

    def __init__(
        self,
        summary: str,
        lines: Sequence[tuple[str, str]],
        likely: str | None = None,
        compared: Compared | None = None,
    ) -> None:
        self.summary = summary
        self.compared = compared
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
        reference: torch's function, `F.conv2d` for instance.
        *arguments, **named: arguments for both; the reference gets copies.

    Returns:
        What the student's function returned.

    Raises:
        CheckFailed: the type, shape, dtype or values differ.
    """
    __tracebackhide__ = True
    with torch.no_grad():
        expected = reference(*map(_copy, arguments), **{name: _copy(value) for name, value in named.items()})
    got = call(function, arguments, named, expected)
    if isinstance(got, Tensor) and _of_one_kind(got, expected) and _surely_equal(got.detach(), expected):
        return got
    name = function.__name__
    lines = [("call", describe_call(name, arguments, named))]
    compared = Compared(arguments, named, expected, got)
    got = _require_tensor(got, lines, compared)
    if _of_one_kind(got, expected):
        wrong, allowed = _differences(got.detach(), expected, arguments)
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
        raise CheckFailed("the output has the wrong dtype", lines, likely, compared)
    place = tuple(wrong.nonzero()[0].tolist())
    largest = formulas.number((got.detach() - expected).abs().max().item())
    count = f"{int(wrong.sum()):,} of {wrong.numel():,} wrong"
    lines.append(("values", f"{count}, largest difference {largest} (allowed {allowed.max().item():.1g})"))
    made_of = f" = {parts.made_of(place)}" if parts else ""
    where = formulas.index(place)
    lines.append(("first", f"{where}  expected {formulas.number(expected[place].item())}{made_of}"))
    lines.append(("", f"{' ' * len(where)}  yours    {formulas.number(got[place].item())}"))
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
    if not all(_is_whole(item) for item in got):
        lines.append(("value", f"expected two whole numbers, yours are {brief(got, 80)}"))
        raise CheckFailed("the result's numbers are not whole numbers (int)", lines, compared=compared)
    if tuple(int(item) for item in got) != expected:
        lines.append(("value", f"expected {expected}, yours {tuple(int(item) for item in got)}"))
        names = ("input_size", "kernel_size", "stride", "padding", "dilation")
        settings = {"stride": 1, "padding": 0, "dilation": 1, **dict(zip(names, arguments, strict=False)), **named}
        for axis, letter in enumerate("HW"):
            if int(got[axis]) != expected[axis]:
                filled = formulas.window_length(letter, *(formulas.pair(settings[name])[axis] for name in names))
                lines.append(("", filled))
        likely = misconceptions.likely(function, arguments, named, got)
        raise CheckFailed("the output size is wrong", lines, likely, compared)


def assert_unchanged(function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """Assert that a call does not change its arguments.

    Raises:
        CheckFailed: a tensor among them was changed.
    """
    __tracebackhide__ = True
    lines = [("call", describe_call(function.__name__, arguments, named))]
    given = [_copy(value) for value in arguments]
    _require_tensor(_noted(function, given, named), lines)
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
    got = _noted(function, [argument], named, expected)
    if not torch.equal(argument, expected):
        lines.append(("in place", "the argument was to hold the result after the call; it does not"))
        compared = Compared([before], named, expected, argument, 0)
        raise CheckFailed("the result was not written into the argument", lines, compared=compared)
    if got is not argument:
        lines.append(("in place", "the argument itself was to be returned; another tensor was"))
        compared = Compared([before], named, expected, got)
        raise CheckFailed("another tensor than the argument was returned", lines, compared=compared)


def assert_layers(layers: Sequence[Any], expected: Sequence[nn.Module], name: str) -> None:
    """Assert that layers have the types and settings of other layers, one by one, and give them those layers' weights.

    Args:
        layers: what the student's function returned.
        expected: as many layers of torch's with the right settings.
        name: the function's.

    Raises:
        CheckFailed: as `assert_layer`.
    """
    __tracebackhide__ = True
    for place, (layer, right) in enumerate(zip(layers, expected, strict=True)):
        try:
            assert_layer(layer, right, f"{name}()[{place}]")
        except CheckFailed as failure:
            in_place, *other_orders = (
                all(map(_is_set_like, layers, order)) for order in itertools.permutations(expected)
            )
            if not in_place and any(other_orders):
                raise CheckFailed(failure.summary, failure.lines, f"{CAUSES['layers in the wrong order']}.") from None
            raise


def _is_set_like(layer: Any, expected: nn.Module) -> bool:
    return type_name(layer) == type(expected).__name__ and next(_other_settings(layer, expected), None) is None


def assert_layer(layer: Any, expected: nn.Module, name: str) -> None:
    """Assert that a layer has the type and settings of another, and give it that layer's weights.

    Args:
        layer: what the student's function returned.
        expected: a layer of torch's with the right settings.
        name: what to call it in the message.

    Raises:
        CheckFailed: it is not such a layer, or a setting differs.
    """
    __tracebackhide__ = True
    right = type(expected).__name__
    lines = [("layer", name), ("", f"expected {expected}"), ("", f"yours    {brief(layer, 120)}")]
    kind = type_name(layer)
    if kind != right or not callable(layer):
        raise CheckFailed(f"the layer is not an nn.{right}", [*lines, ("type", f"expected {right}, yours {kind}")])
    for setting, wanted, got in _other_settings(layer, expected):
        lines.append((setting, f"expected {wanted}, yours {brief(got, 40)}"))
        raise CheckFailed(f"a layer's {setting} is wrong", lines)
    give_weights(expected, layer)


def _other_settings(layer: Any, expected: nn.Module) -> Iterator[tuple[str, Any, Any]]:
    """The settings in which a layer differs from the expected one: name, right value, actual value."""
    for setting in _SETTINGS[type(expected).__name__]:
        wanted, got = getattr(expected, setting), getattr(layer, setting, None)
        if setting in _PAIRS:
            wanted, got = _spelled_out(wanted), _spelled_out(got)
        if not _equal(got, wanted):
            yield setting, wanted, got


def give_weights(expected: nn.Module, layer: Any) -> None:
    """Load the weights of one of torch's layers into a student's layer.

    Not the other way round: with weights of its own choice, zeros for instance, a wrong layer can return the same as a
        right one.

    Raises:
        CheckFailed: its weights do not have the names and shapes of torch's.
    """
    __tracebackhide__ = True
    names = {name: tuple(value.shape) for name, value in expected.state_dict().items()}
    state = layer.state_dict()
    given = state if isinstance(state, dict) else {}
    yours = {name: tuple(getattr(value, "shape", ())) for name, value in given.items()}
    if yours != names:
        lines = [("weights", f"expected {names}"), ("", f"yours    {_of_parameters(yours)}")]
        raise CheckFailed("a layer's weights do not have the right names and shapes", lines)
    layer.load_state_dict(expected.state_dict())


def assert_parameters(layer: Any, expected: dict[str, tuple[int, ...]], bound: float) -> None:
    """Assert that a layer has exactly these parameters, all trained and initially between −bound and bound.

    Raises:
        CheckFailed: it has not.
    """
    __tracebackhide__ = True
    parameters = dict(layer.named_parameters())
    yours = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    lines = [("layer", type_name(layer))]
    if yours != expected:
        lines += [("names", f"expected {expected}"), ("", f"yours    {_of_parameters(yours)}")]
        raise CheckFailed("the layer does not have the right parameters: names, shapes, nn.Parameter", lines)
    for name, parameter in parameters.items():
        if not parameter.requires_grad:
            raise CheckFailed("a parameter is not trained", [*lines, (name, "requires_grad is False")])
        spread = [parameter.min().item(), parameter.max().item()]
        inside = -bound <= spread[0] <= spread[1] <= bound
        # Of 100 uniform numbers, none lies in the lowest quarter once in 10¹² times.
        filled = parameter.numel() < 100 or (spread[0] < -bound / 2 and spread[1] > bound / 2)
        if not inside or not filled or (parameter.numel() > 1 and spread[0] == spread[1]):
            shown = " to ".join(map(formulas.number, spread))
            lines.append((name, f"expected random values from {formulas.number(-bound)} to {formulas.number(bound)}"))
            raise CheckFailed("a parameter does not begin as it should", [*lines, ("", f"yours go from {shown}")])


def _of_parameters(shapes: dict[str, tuple[int, ...]]) -> str:
    return brief(shapes, 200) if shapes else "none: a tensor in a layer is trained and saved as an nn.Parameter"


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
        same = same and not _differences(got.detach(), expected, [])[0].any()
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


def call(function: Callable[..., Any], arguments: Sequence[Any], named: dict[str, Any], expected: Any = UNKNOWN) -> Any:
    """Call a function on copies of the tensors, so that it cannot change the inputs of later checks."""
    __tracebackhide__ = True
    copies = list(map(_fresh, arguments)), {name: _fresh(value) for name, value in named.items()}
    return _noted(function, *copies, expected)


def _noted(
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
        if (refused := misconceptions.likely_refused(function, arguments, named, error)) is not None:
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


def _of_one_kind(got: Tensor, expected: Tensor) -> bool:
    return got.shape == expected.shape and got.dtype == expected.dtype


def _surely_equal(got: Tensor, expected: Tensor) -> bool:
    """Whether all values are finite and within tolerance; most answers are, and this is quicker than `_differences`.

    False decides nothing yet.
    """
    if expected.dtype not in _TOLERANCES:
        return torch.equal(got, expected)
    relative, _ = _TOLERANCES[expected.dtype]
    left = expected.abs().mul_(relative).sub_(torch.sub(got, expected).abs_())  # infinity gives NaN
    return bool((left >= 0).all())


def _differences(got: Tensor, expected: Tensor, arguments: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """Where the values differ too much (NaN always does), and the allowed differences."""
    relative, of_scale = _TOLERANCES.get(expected.dtype, (0.0, 0.0))
    allowed = 0.0
    # An infinite value must be matched exactly: isclose does not count it as within an infinite tolerance.
    wrong = ~torch.isclose(got, expected, rtol=relative, atol=allowed)
    if wrong.any():  # near zero, the size of the terms matters, not that of their sum
        allowed = of_scale * _scale(arguments, expected)
        wrong = ~torch.isclose(got, expected, rtol=relative, atol=allowed)
    return wrong, relative * expected.abs() + allowed


def _scale(arguments: Sequence[Any], expected: Tensor) -> float:
    """The scale of the terms in a sum: the largest output, or the largest pixel times the largest weight.

    The second matters if windows see nothing but padding: all outputs are 0, and a Fourier transform's are 1e-17.
    """
    of_arguments = [_largest(value) for value in arguments[:2] if isinstance(value, Tensor)]
    return max(_largest(expected), math.prod(of_arguments) if of_arguments else 0.0)


def _largest(values: Tensor) -> float:
    finite = values[values.isfinite()]
    return finite.abs().max().item() if finite.numel() else 0.0


def _equal(got: Any, wanted: Any) -> bool:
    """Whether two settings are equal plain values: numbers, strings, None, or tuples of them."""
    if isinstance(wanted, tuple):
        return isinstance(got, tuple) and len(got) == len(wanted) and all(map(_equal, got, wanted))
    return type(got) is type(wanted) and bool(got == wanted)


def _spelled_out(setting: Any) -> Any:
    return formulas.pair(setting) if type(setting) is int else setting


def _is_whole(value: Any) -> bool:
    """Whether a value is an int, one of NumPy's, or a tensor that holds one."""
    if isinstance(value, Tensor):
        return value.dim() == 0 and not value.is_floating_point() and not value.is_complex()
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _fresh(value: Any) -> Any:
    """A copy that requires grad if the original does."""
    return value.clone() if isinstance(value, Tensor) else value


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value
