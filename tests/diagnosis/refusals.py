"""The kinds of calls that a function may end with an exception. See `inference`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch

from tests.diagnosis.faults import Fault, Feature, Observation
from tests.diagnosis.windows import Window

_ARGUMENTS = {
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation"),
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    "output_size": ("input_size", "kernel_size", "stride", "padding", "dilation"),
}
_POOLS = ("max_pool2d", "avg_pool2d")
_WINDOWS = ("conv2d", *_POOLS)
_SETTINGS = {"kernel_size", "stride", "padding", "dilation"}
_DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1}
_NUMBERS = itertools.count()


def argument(operation: str, seen: Observation, name: str) -> Any:
    """An argument as it was passed; None if it was left out."""
    given, named = seen.given
    place = _ARGUMENTS[operation].index(name)
    return given[place] if place < len(given) else named.get(name)


def _of_window(has: Callable[[Window], bool]) -> Feature:
    return lambda seen: has(seen.call)


def _remains(call: Window) -> bool:
    """Whether a division in the formula of the output's size has a remainder."""
    return any(
        (call.input.shape[axis - 2] + 2 * call.padding[axis] - call.dilation[axis] * (call.kernel[axis] - 1) - 1)
        % call.stride[axis]
        for axis in (0, 1)
    )


def _remains_by_height(call: Window) -> bool:
    """The same, if the height of the window is taken for its width."""
    return _remains(replace(call, kernel=(call.kernel[0], call.kernel[0])))


_FEATURES: dict[str, tuple[tuple[str, ...], Feature]] = {
    "no bias refused": (("conv2d", "linear"), lambda seen: seen.call.bias is None),
    "a bias refused": (("conv2d", "linear"), lambda seen: seen.call.bias is not None),
    "one image refused": (_WINDOWS, _of_window(lambda call: call.input.dim() == 3)),
    "a batch refused": (_WINDOWS, _of_window(lambda call: call.input.dim() == 4)),
    "one channel refused": (
        _WINDOWS, _of_window(lambda call: call.input.dim() == 4 and call.input.shape[0] > 1 == call.input.shape[1])),
    "only square windows taken": (_WINDOWS, _of_window(lambda call: call.kernel[0] != call.kernel[1])),
    "only square images taken": (_WINDOWS, _of_window(lambda call: call.input.shape[-1] != call.input.shape[-2])),
    "unequal strides refused": (_WINDOWS, _of_window(lambda call: call.stride[0] != call.stride[1])),
    "unequal paddings refused": (_WINDOWS, _of_window(lambda call: call.padding[0] != call.padding[1])),
    "unequal dilations refused": (
        ("conv2d", "max_pool2d"), _of_window(lambda call: call.dilation[0] != call.dilation[1])),
    "strides refused": (("conv2d",), _of_window(lambda call: call.stride != (1, 1))),
    "padding refused": (_WINDOWS, _of_window(lambda call: call.padding != (0, 0))),
    "dilation refused": (("conv2d", "max_pool2d"), _of_window(lambda call: call.dilation != (1, 1))),
    "ceil mode refused": (_POOLS, _of_window(lambda call: call.ceil_mode)),
    "overhang refused": (_POOLS, _of_window(lambda call: call.ceil_mode and call.size() != replace(
        call, ceil_mode=False).size())),
    "padding left uncounted refused": (("avg_pool2d",), _of_window(lambda call: not call.count_include_pad)),
    "divisor override refused": (("avg_pool2d",), _of_window(lambda call: call.divisor_override is not None)),
    "stride required": (_POOLS, _of_window(lambda call: not call.stride_given)),
    "even windows refused": (_WINDOWS, _of_window(lambda call: any(length % 2 == 0 for length in call.kernel))),
    "double precision refused": (
        (*_WINDOWS, "linear", "relu"), lambda seen: seen.dtype == torch.float64),
    "weight that is not contiguous refused": (
        ("conv2d", "linear"), lambda seen: not seen.given[0][1].is_contiguous()),
    "input that is not contiguous refused": (
        (*_WINDOWS, "relu", "linear"), lambda seen: not seen.given[0][0].is_contiguous()),
    "vectors refused": (("linear",), lambda seen: seen.call.input.dim() == 1),
    "only matrices taken": (("linear",), lambda seen: seen.call.input.dim() != 2),
    "only three or four axes taken": (("relu",), lambda seen: seen.call.input.dim() not in (3, 4)),
}  # fmt: skip
"""By cause: the operations to which it applies, and what the refused calls have in common."""

_OF_CHANGED: dict[str, tuple[tuple[str, ...], Callable[[Window], bool]]] = {
    "remainder refused": (_WINDOWS, _remains),
    "remainder by the height refused": (("conv2d",), _remains_by_height),
}
"""The same, of calls as an answer's other mistakes have changed them."""


def refusals(operation: str) -> Iterator[Fault]:
    """The exceptions that answers to an operation may end with."""
    for cause, (operations, feature) in _FEATURES.items():
        if operation in operations:
            yield _refusal(cause, feature)
    for cause, (operations, has) in _OF_CHANGED.items():
        if operation in operations:
            yield Fault(cause, f"calls of the kind {next(_NUMBERS)}", refuses_changed=has)
    for name in _ARGUMENTS.get(operation, ()):
        if name in _SETTINGS:
            shown = name.removesuffix("_size").replace("kernel", "window")
            yield _refusal(f"{shown} as a pair refused", _passed_as(operation, name, tuple))
            yield _refusal("single numbers refused", _passed_as(operation, name, int))
    if operation in _POOLS:  # a stride that is left out is the window
        yield _refusal(
            "stride as a pair refused",
            lambda seen: isinstance(
                argument(operation, seen, "kernel_size" if not seen.call.stride_given else "stride"), tuple
            ),
        )
    yield _refusal("single numbers refused", lambda seen: any(
        isinstance(value, int) for value in _settings(operation, seen)))  # fmt: skip


def _passed_as(operation: str, name: str, kind: type) -> Feature:
    return lambda seen: isinstance(argument(operation, seen, name), kind)


def _settings(operation: str, seen: Observation) -> Iterator[Any]:
    """The settings of a call as they were passed, or as they are by default."""
    for name in _ARGUMENTS.get(operation, ()):
        if name in _SETTINGS:
            value = argument(operation, seen, name)
            yield value if value is not None or _by_kernel(operation, name) else _DEFAULTS[name]


def _by_kernel(operation: str, name: str) -> bool:
    """Whether a setting that is left out is taken from the kernel, not from a single number."""
    return name == "stride" and operation in _POOLS


def _refusal(cause: str, feature: Feature) -> Fault:
    return Fault(cause, f"calls of the kind {next(_NUMBERS)}", refuses=feature)
