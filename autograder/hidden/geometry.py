"""Random sizes, strides, padding and dilation from the whole legal range of every argument, with a seeded generator."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

Pair = tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """The sizes of an input and a window, and how the window moves.

    Attributes:
        pixels: height and width of the input, large enough for the window.
        kernel: height and width of the window.
        stride, padding, dilation: both axes.
        named: stride, padding and dilation as keyword arguments: if both axes agree, as a pair or as one number.
    """

    pixels: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    named: dict[str, Any]

    def lengths(self) -> Pair:
        """The output's height and width (torch.nn.Conv2d's documentation, under "Shape")."""
        axes = zip(self.pixels, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        height, width = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in axes)
        return height, width


def convolution(draw: random.Random) -> Geometry:
    """Random settings of a convolution."""
    return _settings(draw, _pair(draw, 1, 3), padding=_pair(draw, 0, 2), dilation=_pair(draw, 1, 3))


def pool(draw: random.Random, *, dilated: bool) -> Geometry:
    """Random settings of a pool: padding is at most half the window, and the stride may be left out.

    The image is at least as large as the window, so that every window holds a pixel: right answers differ on the result
        of an empty window.
    """
    kernel = _pair(draw, 1, 4)
    padding = draw.randint(0, kernel[0] // 2), draw.randint(0, kernel[1] // 2)
    dilation = _pair(draw, 1, 3) if dilated else (1, 1)
    settings = _settings(draw, kernel, padding, dilation, whole_window=True)
    if not dilated:
        del settings.named["dilation"]
    if draw.random() < 0.2:
        del settings.named["stride"]
    return settings


def _settings(
    draw: random.Random, kernel: Pair, padding: Pair, dilation: Pair, *, whole_window: bool = False
) -> Geometry:
    stride = _pair(draw, 1, 3)
    helps = (0, 0) if whole_window else padding
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, helps, dilation, strict=True)]
    pixels = draw.randint(least[0], least[0] + 5), draw.randint(least[1], least[1] + 5)
    both = {"stride": stride, "padding": padding, "dilation": dilation}
    named = {name: pair[0] if pair[0] == pair[1] and draw.random() < 0.7 else pair for name, pair in both.items()}
    return Geometry(pixels, kernel, stride, padding, dilation, named)


def _pair(draw: random.Random, low: int, high: int) -> Pair:
    """A value for each axis, the same a third of the time."""
    first = draw.randint(low, high)
    return first, first if draw.random() < 0.33 else draw.randint(low, high)
