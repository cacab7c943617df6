"""Random sizes and settings across the legal space of every argument, from a seeded generator."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

Pair = tuple[int, int]


@dataclass(frozen=True)
class Settings:
    """Where a window of some size may lie on an input of some size.

    Attributes:
        pixels: height and width of the input, large enough for the window.
        kernel: height and width of the window.
        stride, padding, dilation: both axes.
        named: the three as a caller may give them: where both axes agree, as a pair or as one number.
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


def convolution(draw: random.Random) -> Settings:
    """Any settings of a convolution."""
    return _settings(draw, _pair(draw, 1, 3), padding=_pair(draw, 0, 2), dilation=_pair(draw, 1, 3))


def pool(draw: random.Random, *, dilated: bool) -> Settings:
    """Settings of a pool: padding is at most half the window, and the stride may be left out.

    The image is as large as the window at least, so that every window holds a pixel: what a pool of nothing is, right
    answers do not agree on.
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
) -> Settings:
    stride = _pair(draw, 1, 3)
    helps = (0, 0) if whole_window else padding
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, helps, dilation, strict=True)]
    pixels = draw.randint(least[0], least[0] + 5), draw.randint(least[1], least[1] + 5)
    both = {"stride": stride, "padding": padding, "dilation": dilation}
    named = {name: pair[0] if pair[0] == pair[1] and draw.random() < 0.7 else pair for name, pair in both.items()}
    return Settings(pixels, kernel, stride, padding, dilation, named)


def _pair(draw: random.Random, low: int, high: int) -> Pair:
    """Both axes, a third of the time the same for both."""
    first = draw.randint(low, high)
    return first, first if draw.random() < 0.33 else draw.randint(low, high)
