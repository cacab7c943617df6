"""The formula of an output's size, and the mistakes that are made in it. See `inference`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.diagnosis.faults import Fault
from tests.formulas import pair


@dataclass(frozen=True)
class Length:
    """The formula of one axis: rounded((pixels + sides·padding − dilation·(kernel − 1) − less) / stride) + more."""

    pixels: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    sides: int = 2
    less: int = 1
    more: int = 1
    rounded: Callable[[float], int] = math.floor

    def value(self) -> int:
        room = self.pixels + self.sides * self.padding - self.dilation * (self.kernel - 1) - self.less
        return self.rounded(room / self.stride) + self.more


@dataclass(frozen=True)
class Size:
    """A call of output_size, an axis each."""

    height: Length
    width: Length

    def output(self) -> tuple[int, int]:
        return self.height.value(), self.width.value()

    def each(self, change: Callable[[Length], Length]) -> Size:
        return Size(change(self.height), change(self.width))


def size(input_size: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Size:
    """A parsed call of output_size."""
    height, width = zip(*map(pair, (input_size, kernel_size, stride, padding, dilation)), strict=True)
    return Size(Length(*height), Length(*width))


_EACH: dict[str, tuple[str, Callable[[Length], Length]]] = {
    "size rounded up": ("rounding", lambda axis: replace(axis, rounded=math.ceil)),
    "size rounded to nearest": ("rounding", lambda axis: replace(axis, rounded=round)),
    "size one too small": ("plus one", lambda axis: replace(axis, more=0)),
    "size one too large": ("plus one", lambda axis: replace(axis, more=2)),
    "size plus one inside the division": ("plus one", lambda axis: replace(axis, more=0, less=axis.less - 1)),
    "size counts padding once": ("sides", lambda axis: replace(axis, sides=1)),
    "size counts padding twice": ("sides", lambda axis: replace(axis, sides=4)),
    "size ignores padding": ("sides", lambda axis: replace(axis, sides=0)),
    "size ignores dilation": ("window", lambda axis: replace(axis, dilation=1)),
    "size ignores the kernel": ("window", lambda axis: replace(axis, kernel=1)),
    "size multiplies dilation by the kernel": ("window", lambda axis: replace(axis, kernel=axis.kernel + 1)),
    "size ignores stride": ("division", lambda axis: replace(axis, stride=1)),
    "size forgets to subtract one": ("minus one", lambda axis: replace(axis, less=axis.less - 1)),
    "size exchanges stride and dilation": (
        "exchanged", lambda axis: replace(axis, stride=axis.dilation, dilation=axis.stride)),
    "size exchanges padding and dilation": (
        "exchanged", lambda axis: replace(axis, padding=axis.dilation, dilation=axis.padding)),
    "size divides the window alone": (
        "brackets", lambda axis: replace(axis, rounded=lambda _: axis.pixels + axis.sides * axis.padding
            - (axis.dilation * (axis.kernel - 1) + 1) // axis.stride)),
}  # fmt: skip
"""By cause: the part of the formula that is wrong, and an axis with that mistake."""

_ACROSS: dict[str, tuple[int, int]] = {
    "of the height for both": (0, 0),
    "of the width for both": (1, 1),
    "axes swapped": (1, 0),
}
"""Which axis's setting the height takes, and which the width."""

_NAMES = {"input": "pixels", "kernel": "kernel", "stride": "stride", "padding": "padding", "dilation": "dilation"}


def _mixed_up(field: str, sources: tuple[int, int]) -> Callable[[Size], Size]:
    def mixed_up(call: Size) -> Size:
        axes = (call.height, call.width)
        height, width = (
            replace(axis, **{field: getattr(axes[source], field)}) for axis, source in zip(axes, sources, strict=True)
        )
        return Size(height, width)

    return mixed_up


def _per_axis(change: Callable[[Length], Length]) -> Callable[[Size], Size]:
    return lambda call: call.each(change)


def length_faults() -> Iterator[Fault]:
    """The mistakes in the formula, each a change of a parsed call of output_size."""
    for name, field in _NAMES.items():
        for what, sources in _ACROSS.items():
            yield Fault(f"size with {name} {what}", f"{name} in the size", before=_mixed_up(field, sources))
    for cause, (part, change) in _EACH.items():
        yield Fault(cause, part, before=_per_axis(change))
    yield Fault("size of the height for both", "axes", after=lambda lengths, _: (lengths[0], lengths[0]))
    yield Fault("size axes swapped", "axes", after=lambda lengths, _: (lengths[1], lengths[0]))
