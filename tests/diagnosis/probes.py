"""Calls that distinguish the common mistakes in questions 1 to 5, and features that only some of the calls have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tests.diagnosis.windows import Window

RAISED = object()  # stands for an exception, whose traceback would keep the function and its whole grading alive

Call = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and named arguments."""


def probes(name: str) -> list[Call]:
    """Calls of an operation that distinguish its common mistakes: small, random, and with no two lengths equal."""
    draw = torch.Generator().manual_seed(7)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw)

    if name == "output_size":
        return [
            (((9, 12), (2, 3)), {}),
            (((10, 13), (3, 2), (2, 3)), {}),
            (((11, 13), (3, 2), (3, 2)), {}),
            (((9, 12), (4, 3), (1, 1), (2, 1)), {}),
            (((9, 12), (4, 3), (3, 2), (1, 3)), {}),
            (((13, 17), (2, 3), (1, 2), (0, 1), (3, 2)), {}),
            (((14, 17), (3, 4), (2, 3), (2, 0), (2, 3)), {}),
            (((15, 11), (3, 2), (4, 3), (1, 2), (1, 4)), {}),
            ((15, 4), {"stride": 3, "padding": 1, "dilation": 2}),
            ((8, 3, 2), {}),
            ((9, 3, 2), {}),
        ]
    if name == "conv2d":
        return [
            ((random(2, 3, 7, 9), random(4, 3, 2, 3)), {}),
            ((random(2, 3, 9, 8), random(5, 3, 3, 2), random(5)), {}),
            ((random(2, 2, 9, 11), random(3, 2, 2, 4), random(3)), {"stride": (2, 3)}),
            ((random(3, 2, 10, 10), random(3, 2, 3, 2), None), {"stride": (3, 2)}),
            ((random(2, 3, 6, 8), random(4, 3, 3, 2)), {"padding": (1, 2)}),
            ((random(2, 2, 6, 5), random(3, 2, 2, 3), random(3)), {"padding": (2, 1)}),
            ((random(2, 3, 9, 11), random(4, 3, 3, 2)), {"dilation": (2, 3)}),
            ((random(2, 3, 10, 9), random(4, 3, 2, 3), random(4)), {"dilation": (4, 2)}),
            ((random(2, 3, 7, 11), random(4, 3, 2, 3), random(4), (2, 3), (1, 2), (2, 1)), {}),
            ((random(2, 3, 8, 9), random(4, 3, 3, 3), None, 2, 1, 2), {}),
            ((random(2, 2, 5, 6), random(4, 2, 2, 3), random(4)), {}),
            ((random(3, 6, 5), random(4, 3, 2, 3)), {"stride": (1, 2)}),
            ((random(2, 3, 3, 3), random(4, 3, 3, 3), random(4)), {}),
            ((random(2, 4, 5), random(1, 2, 2, 3)), {}),
            ((random(3, 5, 4), random(2, 3, 3, 2), random(2)), {"padding": 1}),
        ]
    if name in ("max_pool2d", "avg_pool2d"):
        more = {"dilation": (2, 1)} if name == "max_pool2d" else {"count_include_pad": False}
        include = {"count_include_pad": True}
        last = {"dilation": 2} if name == "max_pool2d" else {"divisor_override": 5}
        return [
            ((random(2, 3, 9, 10) - 1, (3, 2)), {"stride": (2, 1)}),
            ((random(2, 3, 8, 11), (2, 3)), {}),
            ((random(2, 2, 8, 9) - 3, 3, 2), {}),
            ((random(2, 3, 7, 8) - 3, (2, 4)), {"stride": (1, 3), "padding": (1, 0)}),
            ((random(2, 3, 7, 9), (4, 3), (3, 2), (1, 1)), {}),
            ((random(3, 2, 8, 7), (2, 5), (1, 2), (0, 2)), more),
            ((random(2, 3, 9, 8), (3, 3), (2, 1), (1, 0)), last),
            ((random(2, 3, 6, 8), (3, 2)), {"stride": 2, "ceil_mode": True}),
            ((random(2, 2, 5, 5) - 4, 2, 3, 1), {"ceil_mode": True}),
            ((random(4, 6, 7), (2, 3)), {}),
            ((random(1, 6, 7), (3, 2), 2), last),
            ((random(3, 5, 5), 2), {"ceil_mode": True}),
            ((random(2, 3, 7, 6), 3, 2, 1), {"ceil_mode": False, **({} if name == "max_pool2d" else include)}),
            ((random(2, 3, 8, 9), 2), {"ceil_mode": False, "stride": (3, 2)}),
        ]
    if name == "relu":
        return [((3 * random(*shape),), {}) for shape in ((3, 4), (2, 3, 4), (2, 3, 4, 5), (7,), (1, 4), (3, 1))]
    shapes = (
        ((4, 6), 4, True),
        ((3, 5), 5, True),
        ((5,), 3, True),
        ((2, 3, 5), 3, False),
        ((3, 6), 2, False),
        ((1, 4), 4, True),
        ((2, 3), 3, False),
    )
    return [
        ((random(*leading), random(outputs, leading[-1]), random(outputs) if bias else None), {})
        for leading, outputs, bias in shapes
    ]


def _numbers(call: Any, given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether a setting is a single number for both axes, possibly by default."""
    pairs = sum(isinstance(value, tuple) for value in (*given, *named.values()))
    settings = {"": 3, "max": 3 + call.stride_given, "avg": 2 + call.stride_given} if isinstance(call, Window) else {}
    return isinstance(call, Window) and pairs < settings[call.pools]


Feature = Callable[[Any, tuple[Any, ...], dict[str, Any]], bool]


def _of_window(has: Callable[[Window], bool]) -> Feature:
    return lambda call, _given, _named: isinstance(call, Window) and has(call)


FEATURES: dict[str, Feature] = {
    "no bias refused": lambda call, _given, _named: not isinstance(call, Tensor) and getattr(call, "bias", 0) is None,
    "a bias refused": lambda call, _given, _named: isinstance(getattr(call, "bias", None), Tensor),
    "single numbers refused": _numbers,
    "one image refused": _of_window(lambda call: call.input.dim() == 3),
    "only square windows taken": _of_window(lambda call: call.kernel[0] != call.kernel[1]),
    "unequal strides refused": _of_window(lambda call: call.stride[0] != call.stride[1]),
    "unequal paddings refused": _of_window(lambda call: call.padding[0] != call.padding[1]),
    "unequal dilations refused": _of_window(lambda call: call.dilation[0] != call.dilation[1]),
    "strides refused": _of_window(lambda call: call.stride != (1, 1)),
    "padding refused": _of_window(lambda call: call.padding != (0, 0)),
    "dilation refused": _of_window(lambda call: call.dilation != (1, 1)),
    "ceil mode refused": _of_window(lambda call: call.ceil_mode),
    "stride required": _of_window(lambda call: not call.stride_given),
    "padding as a pair refused": lambda call, given, named: (
        isinstance(call, Window) and isinstance(named.get("padding", given[3] if len(given) > 3 else 0), tuple)
    ),
    "vectors refused": lambda _call, given, _named: given[0].dim() == 1,
    "only matrices taken": lambda _call, given, _named: given[0].dim() != 2,
    "only three or four axes taken": lambda _call, given, _named: given[0].dim() not in (3, 4),
}
"""Features of calls that a function may be unable to handle, each a test of the parsed call and its arguments."""
