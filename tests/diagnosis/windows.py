"""A parsed call of conv2d or of a pool, which can be repeated with changes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.diagnosis.faults import Fault
from tests.diagnosis.lengths import size
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
    reads: tuple[tuple[str, Two], ...] = ()
    """Settings that decide where the window reads, by name, where they differ from those that decide the size."""

    sizing: tuple[tuple[Fault, bool], ...] = ()
    """Mistakes in the formula of the output's size, and whether they are made in ceil mode too."""

    def output(self) -> Tensor:
        """The output; NaN where a size that is too large leaves it open what the values are.

        Raises:
            ValueError: where the window would read, the image ends before the output is full.
        """
        output = self.right()
        reads: dict[str, Any] = dict(self.reads)
        if reads and self.pools:
            output = replace(self, **reads).pooled(self.size())
        elif reads:
            output = replace(self, reads=(), sizing=()).sampled(**reads)
        return self.cut(output) if self.sizing else output

    def cut(self, output: Tensor) -> Tensor:
        """An output of the right size, in the size that mistakes in the formula lead to."""
        pixels = (self.input.shape[-2], self.input.shape[-1])
        call = size(pixels, self.kernel, self.stride, self.padding, self.dilation)
        faults = [fault for fault, in_ceil_mode in self.sizing if in_ceil_mode or not self.ceil_mode]
        call = call.each(lambda axis: replace(axis, rounded=math.ceil)) if self.ceil_mode else call
        for fault in faults:
            call = fault.before(call) if fault.before is not None else call
        lengths = call.output()
        for fault in faults:
            lengths = fault.after(lengths, call) if fault.after is not None else lengths
        if self.ceil_mode:
            begins = [(lengths[axis] - 1) * self.stride[axis] - self.padding[axis] for axis in (0, 1)]
            lengths = lengths[0] - (begins[0] >= pixels[0]), lengths[1] - (begins[1] >= pixels[1])
        if min(lengths) < 1:
            raise ValueError("nothing is left of the output")
        output = output[..., : lengths[0], : lengths[1]]
        more = (0, lengths[1] - output.shape[-1], 0, lengths[0] - output.shape[-2])
        return F.pad(output, more, value=math.nan) if any(more) else output

    def in_batch(self) -> Window:
        """The same call with a batch axis before its one image."""
        return replace(self, input=self.input.unsqueeze(0))

    def reading(self, **settings: Two) -> Window:
        """The same call, of the same size, with other settings for where the window reads."""
        return replace(self, reads=tuple({**dict(self.reads), **settings}.items()))

    def right(self) -> Tensor:
        """The right output."""
        if self.pools and any(2 * self.padding[axis] > self.kernel[axis] for axis in (0, 1)):
            return self.pooled(self.size())  # torch refuses so much padding, which wrong settings may lead to
        if self.pools == "max":
            settings = self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode
            return F.max_pool2d(self.input, *settings)
        if self.pools == "avg":
            rest = self.ceil_mode, self.count_include_pad, self.divisor_override
            return F.avg_pool2d(self.input, self.kernel, self.stride, self.padding, *rest)
        assert self.weight is not None
        return F.conv2d(self.input, self.weight, self.bias, self.stride, self.padding, self.dilation)

    @property
    def lowest(self) -> float:
        """What padding is made of."""
        return -math.inf if self.pools == "max" else 0.0

    def size(self) -> Two:
        """Height and width of the right output."""
        lengths = []
        for axis in (0, 1):
            kernel, stride, padding = self.kernel[axis], self.stride[axis], self.padding[axis]
            pixels = self.input.shape[axis - 2]
            room = pixels + 2 * padding - self.dilation[axis] * (kernel - 1) - 1
            length = (-(-room // stride) if self.ceil_mode else room // stride) + 1
            lengths.append(length - (self.ceil_mode and (length - 1) * stride >= pixels + padding))
        return lengths[0], lengths[1]

    def changed(self, **settings: Any) -> Tensor:
        """The output with other settings."""
        return replace(self, **settings).output()

    def sampled(self, **settings: Any) -> Tensor:
        """The output if its size is right, but other settings decide where to read.

        Raises:
            ValueError: the image is too small.
        """
        height, width = self.size()
        other = self.changed(**settings)
        if other.shape[-2] < height or other.shape[-1] < width:
            raise ValueError("the image is too small")
        return other[..., :height, :width]

    def pooled(self, size: Two) -> Tensor:
        """A pool's output in this size, whatever the padding.

        Raises:
            ValueError: the image is too small.
        """
        if not self.ceil_mode and any(mine < other for mine, other in zip(self.size(), size, strict=True)):
            raise ValueError("the image is too small")
        if self.pools == "max":
            return self.windows(size=size).amax((-2, -1))
        ones = replace(self, input=torch.ones_like(self.input))
        count = ones.windows(float(self.count_include_pad), 0.0, size=size).sum((-2, -1))
        return self.windows(0.0, size=size).sum((-2, -1)) / (self.divisor_override or count)

    def padded(self, value: float, *, beyond: float | None = None) -> Tensor:
        """A max pool after padding with this value, and with another one where a window extends beyond the padding."""
        height, width = self.size()
        top, left = self.padding
        more = [self.stride[axis] + self.kernel[axis] * self.dilation[axis] for axis in (0, 1)]
        image = F.pad(F.pad(self.input, (left, left, top, top), value=value), (0, more[1], 0, more[0]), value=beyond)
        return F.max_pool2d(image, self.kernel, self.stride, 0, self.dilation)[..., :height, :width]

    def far_padded(self) -> Tensor:
        """The output if all padding is below and on the right."""
        if self.padding == (0, 0):
            return self.right()
        height, width = self.size()
        more = [2 * self.padding[axis] + self.stride[axis] + self.kernel[axis] for axis in (0, 1)]
        image = F.pad(self.input, (0, more[1], 0, more[0]), value=self.lowest)
        return replace(self, input=image, padding=(0, 0), ceil_mode=False).right()[..., :height, :width]

    def windows(self, value: float = -math.inf, beyond: float | None = None, size: Two | None = None) -> Tensor:
        """The values in each window, (…, H_out, W_out, K_h, K_w).

        Args:
            value: of the padding.
            beyond: of what lies beyond it; by default the same.
            size: of the output; by default the right one.
        """
        size = self.size() if size is None else size
        (top, left), image = self.padding, self.input
        image = F.pad(image, (left, left, top, top), value=value)
        spans = [self.dilation[axis] * (self.kernel[axis] - 1) + 1 for axis in (0, 1)]
        missing = [
            max(0, (size[axis] - 1) * self.stride[axis] + spans[axis] - image.shape[axis - 2]) for axis in (0, 1)
        ]
        image = F.pad(image, (0, missing[1], 0, missing[0]), value=value if beyond is None else beyond)
        for axis in (0, 1):
            image = image.unfold(self.input.dim() - 2 + axis, spans[axis], self.stride[axis])
            image = image[..., :: self.dilation[axis]]
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
