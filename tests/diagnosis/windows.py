"""A parsed call of conv2d or of a pool, which can be repeated with changes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from tests.formulas import Pair, pair

Two = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """A call of conv2d or of a pool, with all its settings. Those that do not apply keep their defaults."""

    input: Tensor
    kernel: Two
    stride: Two
    padding: Two
    dilation: Two = (1, 1)
    weight: Tensor | None = None
    bias: Tensor | None = None
    pools: str = ""
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None
    stride_given: bool = True

    def right(self) -> Tensor:
        """The right output."""
        if self.pools == "max":
            settings = self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode
            return F.max_pool2d(self.input, *settings)
        if self.pools == "avg":
            rest = self.ceil_mode, self.count_include_pad, self.divisor_override
            return F.avg_pool2d(self.input, self.kernel, self.stride, self.padding, *rest)
        assert self.weight is not None
        return F.conv2d(self.input, self.weight, self.bias, self.stride, self.padding, self.dilation)

    def size(self) -> Two:
        height, width = self.right().shape[-2:]
        return height, width

    def changed(self, **settings: Any) -> Tensor:
        """The output with other settings."""
        return replace(self, **settings).right()

    def sampled(self, **settings: Any) -> Tensor | None:
        """The output if its size is right, but other settings decide where to read; None if the input is too small."""
        height, width = self.size()
        other = self.changed(**settings)
        enough = other.shape[-2] >= height and other.shape[-1] >= width
        return other[..., :height, :width] if enough else None

    def padded(self, value: float, *, beyond: float | None = None) -> Tensor:
        """A max pool after padding with this value, and with another one where a window extends beyond the padding."""
        height, width = self.size()
        top, left = self.padding
        more = [self.stride[axis] + self.kernel[axis] * self.dilation[axis] for axis in (0, 1)]
        image = F.pad(F.pad(self.input, (left, left, top, top), value=value), (0, more[1], 0, more[0]), value=beyond)
        return F.max_pool2d(image, self.kernel, self.stride, 0, self.dilation)[..., :height, :width]

    def far_padded(self) -> Tensor | None:
        """The output if all padding is below and on the right."""
        if self.padding == (0, 0):
            return self.right()
        height, width = self.size()
        lowest = -math.inf if self.pools == "max" else 0.0
        more = [2 * self.padding[axis] + self.stride[axis] + self.kernel[axis] for axis in (0, 1)]
        image = F.pad(self.input, (0, more[1], 0, more[0]), value=lowest)
        return replace(self, input=image, padding=(0, 0), ceil_mode=False).right()[..., :height, :width]

    def windows(self, value: float = -math.inf) -> Tensor:
        """The values in each window, (…, H_out, W_out, K_h, K_w), with this value in the padding and beyond."""
        image = F.pad(self.input, (self.padding[1], 0, self.padding[0], 0), value=value)
        size = self.size()
        for axis in (0, 1):
            span = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            missing = max(0, (size[axis] - 1) * self.stride[axis] + span - image.shape[axis - 2])
            image = F.pad(image, (0, missing) if axis else (0, 0, 0, missing), value=value)
        for axis in (0, 1):
            span = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            image = image.unfold(self.input.dim() - 2 + axis, span, self.stride[axis])[..., :: self.dilation[axis]]
        return image[..., : size[0], : size[1], :, :]

    def begun_outside(self) -> Tensor:
        """The output of a pool whose window begins twice as far outside as it should."""
        twice = replace(self, padding=(2 * self.padding[0], 2 * self.padding[1]))
        height, width = self.size()
        if self.pools != "max":
            raise ValueError("not known")
        image = F.pad(self.input, (twice.padding[1], 0, twice.padding[0], 0), value=-math.inf)
        return replace(self, input=image, padding=(0, 0)).windows().amax((-2, -1))[..., :height, :width]

    def sums(self) -> Tensor:
        """Each window's sum, in the shape of an average pool's output."""
        return self.changed(divisor_override=1)

    def divided(self, divisor: float) -> Tensor:
        return self.sums() / (self.divisor_override or divisor)


def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Window:
    kernel = (weight.shape[2], weight.shape[3])
    return Window(input, kernel, pair(stride), pair(padding), pair(dilation), weight, bias)


def max_pool(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Window:
    step = pair(kernel_size if stride is None else stride)
    given = stride is not None
    return Window(
        *(input, pair(kernel_size), step, pair(padding), pair(dilation)),
        pools="max", ceil_mode=ceil_mode, stride_given=given,
    )  # fmt: skip


def average_pool(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Window:
    step = pair(kernel_size if stride is None else stride)
    return Window(
        *(input, pair(kernel_size), step, pair(padding)),
        pools="avg", ceil_mode=ceil_mode, count_include_pad=count_include_pad, divisor_override=divisor_override,
        stride_given=stride is not None,
    )  # fmt: skip
