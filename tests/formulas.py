"""How a right output is computed, in numbers that can be checked by hand.

Each operation has a class that takes a call's arguments and gives the formulas of the output's lengths and of a single
output.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

MAX_TERMS = 9  # of a sum that is written out; longer ones are shortened

Pair = int | tuple[int, int]


class Operation(Protocol):
    """One parsed call of an operation."""

    def lengths(self) -> list[str]:
        """The formulas for the output's lengths, filled in; empty if the shape is the input's."""
        ...

    def made_of(self, place: Sequence[int]) -> str:
        """How the output at this place is computed: 216 is "0·1 + 1·2 + 30·3 + 31·4"."""
        ...


def number(value: float) -> str:
    """A number as people write it: 216, not 216.0."""
    return f"{value:.6g}".replace("-", "−")


def same_number(got: Any, wanted: float) -> bool:
    """Whether a value is a number and this one, to a hundredth; nan is nan."""
    if type(got) not in (int, float):
        return False
    return math.isnan(got) if math.isnan(wanted) else math.isclose(got, wanted, abs_tol=0.01)


def index(place: Sequence[int]) -> str:
    """An index into an output: out[0,0,2,1]."""
    return f"out[{','.join(map(str, place))}]"


def shape(tensor: Tensor) -> str:
    """A shape as in x[2,3,7,7]."""
    return f"[{','.join(map(str, tensor.shape))}]"


def pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def window_length(
    axis: str, length: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil_mode: bool = False
) -> str:
    """The formula for an output's length, filled in (torch.nn.Conv2d's and MaxPool2d's documentation, "Shape")."""
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    result = (-(-room // stride) if ceil_mode else room // stride) + 1
    left, right = "⌈⌉" if ceil_mode else "⌊⌋"
    filled = (
        f"{axis}_out = {left}({length} + 2·{padding} − {dilation}·({kernel} − 1) − 1) / {stride}{right} + 1 = {result}"
    )
    if ceil_mode and (result - 1) * stride >= length + padding:
        filled += f", less 1: the last window would begin at {(result - 1) * stride}, beyond {length} + {padding}"
    return filled


@dataclass(frozen=True)
class _Window:
    """The positions of a window's values on one image (C, H, W)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]

    def lengths(self, image: Tensor, *, ceil_mode: bool = False) -> list[str]:
        settings = zip(self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return [
            window_length(axis, length, *setting, ceil_mode=ceil_mode)
            for axis, length, setting in zip("HW", image.shape[-2:], settings, strict=True)
        ]

    def reads(self, axis: int, output: int) -> list[int]:
        """The rows (axis 0) or columns (axis 1) that one output reads; −1 is in the padding."""
        first = output * self.stride[axis] - self.padding[axis]
        return [first + step * self.dilation[axis] for step in range(self.kernel[axis])]

    def values(self, plane: Tensor, y: int, x: int) -> list[float | None]:
        """The values in one window of one channel (H, W), row by row; None in the padding."""
        places = itertools.product(self.reads(0, y), self.reads(1, x))
        inside = range(plane.shape[0]), range(plane.shape[1])
        return [plane[i, j].item() if i in inside[0] and j in inside[1] else None for i, j in places]

    def places(self, y: int, x: int) -> str:
        return f"   (rows {_listed(self.reads(0, y))}; columns {_listed(self.reads(1, x))})"


@dataclass(frozen=True)
class Convolution:
    """conv2d: see question 1 for the arguments."""

    input: Tensor
    weight: Tensor
    bias: Tensor | None = None
    stride: Pair = 1
    padding: Pair = 0
    dilation: Pair = 1

    def lengths(self) -> list[str]:
        return self._window.lengths(self.input)

    def made_of(self, place: Sequence[int]) -> str:
        *image, channel, y, x = place
        pixels = self.input[image[0]] if image else self.input
        weights = self.weight[channel].flatten().tolist()
        met = [value or 0.0 for plane in pixels for value in self._window.values(plane, y, x)]
        terms = [f"{number(pixel)}·{number(weight)}" for pixel, weight in zip(met, weights, strict=True)]
        if self.bias is not None:
            terms.append(number(self.bias[channel].item()))
        return _sum(terms) + self._window.places(y, x)

    @property
    def _window(self) -> _Window:
        kernel = (self.weight.shape[-2], self.weight.shape[-1])
        return _Window(kernel, pair(self.stride), pair(self.padding), pair(self.dilation))


@dataclass(frozen=True)
class Relu:
    """relu: see question 2."""

    input: Tensor
    inplace: bool = False

    def lengths(self) -> list[str]:
        return []

    def made_of(self, place: Sequence[int]) -> str:
        return f"max(0, {number(self.input[tuple(place)].item())})"


@dataclass(frozen=True)
class MaxPooling:
    """max_pool2d: see question 3 for the arguments."""

    input: Tensor
    kernel_size: Pair
    stride: Pair | None = None
    padding: Pair = 0
    dilation: Pair = 1
    ceil_mode: bool = False

    def lengths(self) -> list[str]:
        return self._window.lengths(self.input, ceil_mode=self.ceil_mode)

    def made_of(self, place: Sequence[int]) -> str:
        *channel, y, x = place
        values = [value for value in self._window.values(self.input[tuple(channel)], y, x) if value is not None]
        return f"max({_some(list(map(number, values)), ', ')})" + self._window.places(y, x)

    @property
    def _window(self) -> _Window:
        stride = self.kernel_size if self.stride is None else self.stride
        return _Window(pair(self.kernel_size), pair(stride), pair(self.padding), pair(self.dilation))


@dataclass(frozen=True)
class AveragePooling:
    """avg_pool2d: see question 4 for the arguments."""

    input: Tensor
    kernel_size: Pair
    stride: Pair | None = None
    padding: Pair = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    def lengths(self) -> list[str]:
        return self._window.lengths(self.input, ceil_mode=self.ceil_mode)

    def made_of(self, place: Sequence[int]) -> str:
        *channel, y, x = place
        plane = self.input[tuple(channel)]
        values = self._window.values(plane, y, x)
        terms = [number(value) for value in values if value is not None]
        return f"({_sum(terms)}) / {self._divisor(plane, y, x)}" + self._window.places(y, x)

    def _divisor(self, plane: Tensor, y: int, x: int) -> int:
        if self.divisor_override is not None:
            return self.divisor_override
        border = self._window.padding if self.count_include_pad else (0, 0)
        counted = [
            sum(-border[axis] <= at < plane.shape[axis] + border[axis] for at in self._window.reads(axis, output))
            for axis, output in enumerate((y, x))
        ]
        return counted[0] * counted[1]

    @property
    def _window(self) -> _Window:
        stride = self.kernel_size if self.stride is None else self.stride
        return _Window(pair(self.kernel_size), pair(stride), pair(self.padding), (1, 1))


@dataclass(frozen=True)
class Linear:
    """linear: see question 5 for the arguments."""

    input: Tensor
    weight: Tensor
    bias: Tensor | None = None

    def lengths(self) -> list[str]:
        return [f"{tuple(self.input.shape[:-1])} of the input, then out_features = {self.weight.shape[0]}"]

    def made_of(self, place: Sequence[int]) -> str:
        *leading, output = place
        given, weights = self.input[tuple(leading)].tolist(), self.weight[output].tolist()
        terms = [f"{number(value)}·{number(weight)}" for value, weight in zip(given, weights, strict=True)]
        if self.bias is not None:
            terms.append(number(self.bias[output].item()))
        return _sum(terms)


OPERATIONS: dict[str, type[Operation]] = {
    "conv2d": Convolution,
    "relu": Relu,
    "max_pool2d": MaxPooling,
    "avg_pool2d": AveragePooling,
    "linear": Linear,
}
"""The class for a function's calls, by the function's name."""


def _sum(terms: Sequence[str]) -> str:
    return _some(terms, " + ")


def _some(terms: Sequence[str], between: str) -> str:
    if len(terms) > MAX_TERMS:
        terms = [*terms[:3], f"… ({len(terms) - 3} more)"]
    return between.join(terms)


def _listed(numbers: Sequence[int]) -> str:
    words = [number(value) for value in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
