"""Calls that part the faults of questions 1 to 5 from each other.

Each setting is met alone before it is met beside others, as a number, as a pair of equal and of different numbers, with
and without a bias, with square and other windows: code that ends with an error for one of these still says something
about the rest. All are small, since seven nested loops are a right answer, and random, and no two lengths that may be
mistaken for each other are equal.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from tests.diagnosis.faults import Call


def probes(name: str) -> list[Call]:
    """The calls of an operation, simple ones first; always the same."""
    draw = torch.Generator().manual_seed(7)
    return list(_PROBES[name](draw))


def _sizes(_: torch.Generator) -> Iterator[Call]:
    for stride, padding, dilation in itertools.product((1, 2, (2, 3), (3, 2)), (0, 1, (1, 2), (2, 0)), (1, 2, (1, 3))):
        plain = [value in (0, 1) for value in (stride, padding, dilation)]
        if sum(plain) > 0:
            yield ((11, 14), (2, 3)), {"stride": stride, "padding": padding, "dilation": dilation}
    yield (8, 3, 2), {}
    yield (9, 3, 2), {}
    yield (10, 3, 3), {}
    yield ((9, 12), (2, 3)), {}
    yield ((10, 13), (3, 2), (2, 3)), {}
    yield ((11, 13), (3, 2), (3, 2)), {}
    yield ((13, 17), (2, 3), (1, 2), (0, 1), (3, 2)), {}
    yield ((14, 17), (3, 4), (2, 3), (2, 0), (2, 3)), {}
    yield ((15, 11), (3, 2), (4, 3), (1, 2), (1, 4)), {}
    yield (15, 4), {"stride": 3, "padding": 1, "dilation": 2}


def _convolutions(draw: torch.Generator) -> Iterator[Call]:
    def call(image: tuple[int, ...], weight: tuple[int, ...], *, bias: bool = False, **named: Any) -> Call:
        x, w = (torch.randn(shape, generator=draw) for shape in (image, weight))
        return (x, w, *([torch.randn(weight[0], generator=draw)] if bias else [])), named

    yield from _kernels_alone(call)
    yield from _strides_and_others(call)
    yield from _odd_convolutions(call)


def _kernels_alone(call: Callable[..., Call]) -> Iterator[Call]:
    """Nothing but image and weights; then a bias that could run along another axis."""
    yield call((2, 3, 5, 7), (4, 3, 2, 3))
    yield call((2, 3, 6, 5), (4, 3, 3, 2))
    yield call((2, 3, 5, 5), (2, 3, 3, 3))
    yield call((2, 3, 4, 5), (2, 3, 2, 2))
    yield call((1, 2, 4, 6), (5, 2, 2, 3))
    yield call((2, 3, 5, 5), (5, 3, 3, 3), bias=True)
    yield call((2, 2, 5, 6), (4, 2, 2, 3), bias=True)  # as many output channels as columns
    yield call((2, 3, 5, 4), (3, 3, 3, 2), bias=True)  # as many as rows
    yield call((3, 2, 4, 5), (3, 2, 2, 2), bias=True)  # as many as images


def _strides_and_others(call: Callable[..., Call]) -> Iterator[Call]:
    """Each setting alone, two of them, then all."""
    settings: tuple[tuple[str, Any, Any], ...] = (
        ("stride", 2, (2, 3)), ("padding", 1, (1, 2)), ("dilation", 2, (2, 3)),
    )  # fmt: skip
    for name, one, two in settings:
        square, oblong = ((2, 3, 6, 9), (4, 3, 2, 2)), ((2, 2, 7, 9), (3, 2, 2, 3))
        yield call((2, 3, 5, 5), (2, 3, 3, 3), bias=True, **{name: one})
        yield call(*oblong, **{name: one})
        yield call(*square, **{name: one})
        yield call(*square, bias=True, **{name: (one, one)})
        yield call(*oblong, **{name: two})
        yield call((2, 2, 9, 8), (3, 2, 3, 2), bias=True, **{name: two[::-1]})
        yield call(*square, bias=True, **{name: (one, 2 * one + 1)})
    yield call((2, 2, 6, 8), (3, 2, 2, 2), bias=True, stride=(3, 2))
    yield call((2, 2, 7, 7), (3, 2, 3, 3), bias=True, stride=3)  # no remainder
    pairs: dict[str, Any] = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    yield call((2, 3, 5, 5), (2, 3, 3, 3), bias=True, **pairs)
    yield call((2, 2, 5, 6), (3, 2, 2, 3), **pairs)
    yield call((2, 2, 6, 6), (3, 2, 2, 2), bias=True, **{**pairs, "stride": (2, 2)})
    yield call((2, 2, 5, 6), (3, 2, 3, 2), bias=True, **{**pairs, "padding": (1, 2)})
    yield call((2, 2, 5, 5), (3, 2, 3, 3), bias=True, stride=(2, 2))  # no remainder
    yield call((2, 2, 7, 6), (3, 2, 3, 3), bias=True, stride=(2, 3))
    # A remainder along the width, by the kernel's width or by its height.
    for width, kernel in ((7, (2, 3)), (8, (2, 3))):
        yield call((2, 2, 6, width), (3, 2, *kernel), bias=True, stride=2)
        yield call((2, 2, 7, width - 1), (3, 2, *kernel[::-1]), bias=True, stride=2)
    # Odd kernels that are not square.
    yield call((2, 2, 5, 7), (3, 2, 3, 5), bias=True)
    yield call((2, 2, 6, 5), (3, 2, 5, 3), bias=True)
    # Two settings, then all of them.
    yield call((2, 2, 6, 8), (3, 2, 3, 3), bias=True, stride=2, padding=1)
    yield call((2, 2, 6, 9), (3, 2, 2, 3), stride=(2, 3), padding=(2, 1))
    yield call((2, 2, 8, 9), (3, 2, 2, 2), bias=True, stride=2, dilation=2)
    yield call((2, 2, 9, 8), (3, 2, 3, 2), stride=(3, 2), dilation=(2, 3))
    yield call((2, 2, 5, 6), (3, 2, 3, 3), bias=True, padding=1, dilation=2)
    yield call((2, 2, 5, 7), (3, 2, 2, 3), padding=(2, 1), dilation=(3, 2))
    yield call((2, 2, 8, 9), (4, 2, 3, 3), bias=True, stride=2, padding=1, dilation=2)
    yield call((2, 2, 7, 11), (4, 2, 2, 3), bias=True, stride=(2, 3), padding=(1, 2), dilation=(2, 1))


def _odd_convolutions(call: Callable[..., Call]) -> Iterator[Call]:
    """One image, axes of length one, double precision, other strides in memory."""
    yield call((3, 5, 6), (4, 3, 2, 3))
    yield call((3, 5, 5), (4, 3, 3, 3), bias=True)
    yield call((2, 5, 6), (2, 2, 3, 3), bias=True)
    yield call((2, 5, 6), (3, 2, 2, 2), bias=True, stride=2, padding=1)
    yield call((2, 6, 7), (3, 2, 2, 3), stride=(2, 1), padding=(0, 1), dilation=(1, 2))
    yield call((2, 4, 5), (1, 2, 2, 3))
    yield call((2, 3, 4), (3, 2, 3, 2), bias=True)
    yield call((2, 3, 3, 3), (4, 3, 3, 3), bias=True)
    yield call((2, 2, 4, 3), (1, 2, 2, 3))
    for image, weight, bias in (
        ((2, 2, 5, 5), (3, 2, 3, 3), True),
        ((2, 3, 4, 4), (2, 3, 2, 2), True),
        ((2, 2, 4, 6), (3, 2, 2, 3), False),
        ((1, 2, 5, 5), (3, 2, 3, 3), False),
    ):
        (x, w, *rest), named = call(image, weight, bias=bias)
        # Thirds, which float32 does not hold exactly.
        yield (x.double() / 3, w.double() / 3, *(each.double() for each in rest)), named
    for image, weight in (((2, 2, 5, 5), (2, 3, 3, 3)), ((2, 2, 4, 6), (2, 3, 2, 3))):
        (x, w, b), named = call(image, weight, bias=True)
        yield (x, w.transpose(0, 1), torch.cat([b, b[:1]])), named


def _max_pools(draw: torch.Generator) -> Iterator[Call]:
    yield from _pools(draw, {"dilation": (2, (2, 1), (1, 2))})


def _average_pools(draw: torch.Generator) -> Iterator[Call]:
    yield from _pools(draw, {"count_include_pad": (False, True), "divisor_override": (5,)})


def _pools(draw: torch.Generator, more: dict[str, tuple[Any, ...]]) -> Iterator[Call]:
    def image(*shape: int, below: float = 0.0) -> Tensor:
        return torch.randn(shape, generator=draw) - below

    yield from _windows_alone(image)
    yield from _settings_alone(image, [(name, value) for name, values in more.items() for value in values])
    yield from _settings_together(image, [(name, value) for name, values in more.items() for value in values])
    yield from _odd_inputs(image)


def _windows_alone(image: Callable[..., Tensor]) -> Iterator[Call]:
    """A window, with the stride given as itself or left out; negative pixels."""
    yield (image(2, 3, 4, 6), 2), {"stride": 2}
    yield (image(2, 3, 6, 6), 2), {}
    yield (image(2, 3, 6, 6), 2, 2), {}
    yield (image(2, 3, 6, 9), (2, 3)), {}
    yield (image(2, 3, 6, 9), (2, 3)), {"stride": (2, 3)}
    yield (image(2, 3, 6, 8), (3, 2)), {}
    yield (image(2, 2, 8, 5), (4, 2)), {}
    yield (image(2, 3, 5, 7, below=4), 2), {"stride": 1}
    yield (image(2, 3, 7, 5, below=-1), 3), {"stride": 1}
    yield (image(2, 2, 6, 6), (2, 2)), {"stride": 2}


def _settings_alone(image: Callable[..., Tensor], settings: Sequence[tuple[str, Any]]) -> Iterator[Call]:
    yield (image(2, 3, 7, 9), 3), {"stride": 2}
    yield (image(2, 2, 7, 7), 2), {"stride": 3}
    yield (image(2, 2, 7, 9), 3), {"stride": (2, 2)}
    yield (image(2, 2, 7, 6), 3), {"stride": (2, 3)}
    yield (image(2, 3, 7, 10), 2), {"stride": (2, 3)}
    yield (image(2, 3, 8, 7), (3, 2)), {"stride": (3, 1)}
    yield (image(2, 2, 7, 8), (2, 3)), {"stride": (1, 2)}
    yield (image(2, 2, 6, 9), (4, 3)), {"stride": 1}
    for below in (0, 3, 1000):
        yield (image(2, 2, 6, 6, below=below), 2), {"stride": 2, "padding": 1}
        yield (image(2, 2, 5, 6, below=below), 3), {"stride": 1, "padding": 1}
        yield (image(2, 2, 5, 6, below=below), (3, 2)), {"stride": 1, "padding": 1}
        yield (image(2, 2, 5, 6, below=below), 3), {"stride": 1, "padding": (1, 1)}
        yield (image(2, 2, 5, 7, below=below), 4), {"stride": 1, "padding": (1, 2)}
        yield (image(2, 2, 6, 5, below=below), (2, 3)), {"stride": 1, "padding": (1, 0)}
    for name, value in settings:
        yield (image(2, 2, 7, 8), 3, 1, 1), {name: value}
        yield (image(2, 2, 8, 7), 2, 2, 0), {name: value}
        yield (image(2, 2, 7, 9), (2, 3), 1, (1, 0)), {name: value}
        yield (image(3, 7, 8), 3, 2, 1), {name: value}
        yield (image(2, 6, 8), (2, 3)), {name: value}
    for shape in ((2, 2, 5, 6), (2, 2, 5, 5)):
        yield (image(*shape), 2), {"ceil_mode": True}
    yield (image(2, 3, 6, 8), (3, 2)), {"stride": 2, "ceil_mode": True}
    yield (image(2, 2, 7, 8), 3, 2), {"ceil_mode": True}
    yield (image(2, 2, 4, 5), 2, 1), {"ceil_mode": True}  # no remainder
    yield (image(2, 2, 6, 6), 2, 2), {"ceil_mode": True}
    for shape in ((2, 2, 5, 6), (2, 2, 5, 5)):
        yield (image(*shape), 2), {"ceil_mode": False}


def _settings_together(image: Callable[..., Tensor], settings: Sequence[tuple[str, Any]]) -> Iterator[Call]:
    """Two settings, then all of them; the last window that would begin outside."""
    yield (image(2, 2, 5, 5, below=4), 2, 3, 1), {"ceil_mode": True}
    yield (image(2, 2, 8, 5, below=4), 2, 3, 1), {"ceil_mode": True}
    yield (image(2, 2, 5, 7), 3, 2, 1), {"ceil_mode": True}
    yield (image(2, 3, 7, 8, below=3), (2, 4)), {"stride": (1, 3), "padding": (1, 0)}
    yield (image(2, 3, 7, 9), (4, 3), (3, 2), (1, 1)), {}
    yield (image(2, 2, 8, 7), (2, 5), (1, 2), (0, 2)), {}
    for name, value in settings:
        yield (image(2, 2, 8, 7), (2, 3), (3, 2), (0, 1)), {"ceil_mode": True, name: value}
        yield (image(2, 2, 5, 6), 3, 2, 1), {"ceil_mode": True, name: value}


def _odd_inputs(image: Callable[..., Tensor]) -> Iterator[Call]:
    """One image, axes of length one, double precision, other strides in memory."""
    yield (image(4, 6, 7), (2, 3)), {}
    yield (image(2, 6, 6), 2, 2), {}
    yield (image(3, 4, 6), 2), {}
    yield (image(3, 5, 5), 2), {"ceil_mode": True}
    yield (image(2, 6, 8), 3, 2, 1), {"ceil_mode": True}
    yield (image(1, 6, 7), (3, 2), 2), {}
    yield (image(2, 1, 6, 6), 2), {}
    yield (image(2, 1, 3, 3), 3), {}
    yield (image(1, 3, 3, 2), (3, 2)), {}
    # Thirds, which float32 does not hold exactly.
    yield (image(2, 2, 6, 6).double() / 3, 2, 2), {}
    yield (image(2, 3, 5, 5).double() / 3, 3, 1), {}
    yield (image(2, 3, 4, 6).double() / 3, (2, 3), (2, 3)), {}
    yield (image(2, 2, 4, 6).double() / 3, (2, 3)), {}
    yield (image(2, 2, 6, 6).transpose(2, 3), 2, 2), {}
    yield (image(2, 2, 6, 4).transpose(2, 3), (2, 3)), {}


def _relus(draw: torch.Generator) -> Iterator[Call]:
    for shape in ((3, 4), (2, 3, 4), (2, 3, 4, 5), (7,), (1, 4), (3, 1)):
        yield (9 * torch.randn(shape, generator=draw),), {}
    for shape in ((3, 4), (2, 3, 4, 5)):
        yield (3 * torch.randn(shape, generator=draw, dtype=torch.float64),), {}
        yield (torch.randint(-5, 6, shape, generator=draw),), {}
    yield (torch.randn((4, 3), generator=draw).T,), {}
    yield (torch.randn((2, 3, 4, 5), generator=draw).transpose(1, 3),), {}


def _linears(draw: torch.Generator) -> Iterator[Call]:
    def call(leading: tuple[int, ...], outputs: int, *, bias: bool, dtype: torch.dtype = torch.float32) -> Call:
        shapes = [leading, (outputs, leading[-1]), *([(outputs,)] if bias else [])]
        return tuple(torch.randn(shape, generator=draw, dtype=dtype) for shape in shapes), {}

    yield call((4, 6), 3, bias=True)
    yield call((4, 6), 3, bias=False)
    yield call((4, 6), 4, bias=True)  # as many rows as outputs
    yield call((3, 5), 5, bias=True)
    yield call((3, 6), 6, bias=False)
    yield call((2, 3), 3, bias=False)
    yield call((3, 6), 2, bias=False)
    yield call((5,), 3, bias=True)
    yield call((5,), 3, bias=False)
    yield call((2, 3, 5), 3, bias=False)
    yield call((2, 3, 5), 4, bias=True)
    yield call((2, 4, 5), 4, bias=True)
    yield call((1, 4), 4, bias=True)
    yield call((1, 4), 1, bias=True)
    for bias in (True, False):
        yield call((3, 5), 4, bias=bias, dtype=torch.float64)
        (x, w, *rest), named = call((3, 5), 4, bias=bias)
        yield (x, w.T.contiguous().T, *rest), named
        yield (x.T.contiguous().T, w, *rest), named


_PROBES = {
    "output_size": _sizes,
    "conv2d": _convolutions,
    "max_pool2d": _max_pools,
    "avg_pool2d": _average_pools,
    "relu": _relus,
    "linear": _linears,
}
