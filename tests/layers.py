"""Check a student's layers: their types, settings, parameters and weights."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from tests import formulas
from tests.checks import type_name
from tests.diagnosis.causes import CAUSES
from tests.failures import CheckFailed
from tests.shown import brief

# The settings in which two layers of the same type must agree. A number stands for a pair of it.
_SETTINGS = {
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"),
    "MaxPool2d": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "AvgPool2d": ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
}


_PAIRS = ("kernel_size", "stride", "padding", "dilation")


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
        lines += plain_tensors(layer, names.keys() - yours.keys())
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
        lines += plain_tensors(layer, expected.keys() - yours.keys())
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


def plain_tensors(layer: Any, missing: Iterable[str]) -> list[tuple[str, str]]:
    """A line about each missing parameter that a layer has as a plain tensor, which no optimiser finds."""
    return [
        (name, f"is a plain tensor: self.{name} = nn.Parameter(…) makes it one that is trained")
        for name in sorted(missing)
        if type(vars(layer).get(name) if isinstance(layer, nn.Module) else None) is Tensor
    ]


def _of_parameters(shapes: dict[str, tuple[int, ...]]) -> str:
    return brief(shapes, 200) if shapes else "none: a tensor in a layer is trained and saved as an nn.Parameter"


def _equal(got: Any, wanted: Any) -> bool:
    """Whether two settings are equal plain values: numbers, strings, None, or tuples of them."""
    if isinstance(wanted, tuple):
        return isinstance(got, tuple) and len(got) == len(wanted) and all(map(_equal, got, wanted))
    return type(got) is type(wanted) and bool(got == wanted)


def _spelled_out(setting: Any) -> Any:
    return formulas.pair(setting) if type(setting) is int else setting
