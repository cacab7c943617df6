"""Common mistakes in a convolution, each made with torch's own convolution. See `mistakes`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.diagnosis.window_mistakes import Mistake, after, first_image, of_settings, one_image
from tests.diagnosis.windows import Window


def _weighted(change: Callable[[Tensor], Tensor]) -> Mistake:
    """A convolution with other weights."""
    return lambda call: call.changed(weight=change(call.weight))


def _without(axis: int, place: int) -> Mistake:
    """A convolution that never reads one row or column of the window."""

    def without(call: Window) -> Tensor | None:
        assert call.weight is not None
        weight = call.weight.clone()
        weight.select(axis, place).zero_()
        return call.changed(weight=weight)

    return without


def _without_unless_alone(axis: int, place: int) -> Mistake:
    def without(call: Window) -> Tensor | None:
        return call.right() if call.kernel[axis - 2] == 1 else _without(axis, place)(call)

    return without


def _square(by: int) -> Mistake:
    """The window taken as square, by its height (0) or its width (1); fails where it would exceed the kernel."""

    def square(call: Window) -> Tensor | None:
        assert call.weight is not None
        length = call.kernel[by]
        if length > call.kernel[1 - by]:
            return None
        weight = call.weight.clone()
        weight.narrow(3 - by, length, call.kernel[1 - by] - length).zero_()
        return call.changed(weight=weight)

    return square


def _scaled(count: Callable[[Tensor], int]) -> Mistake:
    """The sums divided, before the bias is added."""
    return lambda call: call.changed(weight=call.weight / count(call.weight))


def _biased(change: Callable[[Window], Tensor]) -> Mistake:
    """A different use of the bias; without one, nothing changes."""
    return lambda call: call.right() if call.bias is None else call.changed(bias=None) + change(call)


def _along(axis: int) -> Callable[[Window], Tensor]:
    def along(call: Window) -> Tensor:
        assert call.bias is not None
        return call.bias.view(-1, 1) if axis == -2 else call.bias

    return along


def _column(call: Window) -> Tensor:
    assert call.bias is not None
    return call.bias.view(-1, 1, 1)


def _one_sided(call: Window, *, first: bool) -> Tensor:
    (top, left), none = call.padding, (0, 0)
    around = (2 * left, 0, 2 * top, 0) if first else (0, 2 * left, 0, 2 * top)
    return call.changed(input=F.pad(call.input, around), padding=none)


def _around(mode: str, value: float | None = None) -> Mistake:
    """Padding with something other than zeros."""

    def around(call: Window) -> Tensor:
        top, left = call.padding
        image = F.pad(call.input, (left, left, top, top), mode=mode, value=value)
        return call.changed(input=image, padding=(0, 0))

    return around


def _twice(call: Window) -> Tensor | None:
    """Twice as much padding as given, whether or not the output size reflects it."""
    return call.changed(padding=(2 * call.padding[0], 2 * call.padding[1]))


def _bare(call: Window) -> Tensor:
    return call.changed(stride=(1, 1), padding=(0, 0), dilation=(1, 1))


def _narrowed(by: int) -> Mistake:
    """The window taken as square, also in the output size."""

    def narrowed(call: Window) -> Tensor | None:
        length = call.kernel[by]
        assert call.weight is not None
        return None if length > call.kernel[1 - by] else call.changed(weight=call.weight.narrow(3 - by, 0, length))

    return narrowed


def _only(*place: Any) -> Mistake:
    """A convolution that uses only these weights."""

    def only(call: Window) -> Tensor:
        assert call.weight is not None
        weight = torch.zeros_like(call.weight)
        weight[place] = call.weight[place]
        return call.changed(weight=weight)

    return only


def _masked(weight: Tensor, channels: slice) -> Tensor:
    weight = weight.clone()
    weight[:, channels] = 0
    return weight


def _last_channel_missed(call: Window) -> Tensor:
    assert call.weight is not None
    return call.right() if call.weight.shape[1] == 1 else call.changed(weight=_masked(call.weight, slice(-1, None)))


CONVOLUTION: list[tuple[str, Mistake]] = [
    *of_settings("stride", "padding", "dilation"),
    *after("relu appended", "height and width exchanged", "channels last", "axis lost"),
    ("output channels reversed", _weighted(lambda weight: weight.flip(0))),
    ("output channels reversed", lambda call: call.right().flip(-3)),
    ("input channels reversed", _weighted(lambda weight: weight.flip(1))),
    ("kernel flipped", _weighted(lambda weight: weight.flip(2, 3))),
    ("kernel flipped vertically", _weighted(lambda weight: weight.flip(2))),
    ("kernel flipped horizontally", _weighted(lambda weight: weight.flip(3))),
    ("kernel transposed", _weighted(lambda weight: weight.transpose(2, 3))),
    ("kernel height for both axes", _square(0)),
    ("kernel width for both axes", _square(1)),
    *((f"last {what} of the window missed", make(axis, -1))
      for what, axis in (("row", 2), ("column", 3)) for make in (_without, _without_unless_alone)),
    *((f"first {what} of the window missed", make(axis, 0))
      for what, axis in (("row", 2), ("column", 3)) for make in (_without, _without_unless_alone)),
    ("kernel height for both axes", _narrowed(0)),
    ("kernel width for both axes", _narrowed(1)),
    ("dilation of the height in the size alone", lambda call: call.sampled(dilation=(1, call.dilation[1]))),
    ("dilation of the width in the size alone", lambda call: call.sampled(dilation=(call.dilation[0], 1))),
    ("first row of the window alone", _only(slice(None), slice(None), 0)),
    ("last weight of the window alone", _only(slice(None), slice(None), -1, -1)),
    ("last input channel only", _only(slice(None), -1)),
    ("first output channel for all", lambda call: call.changed(weight=call.weight[:1].expand_as(call.weight))),
    ("last image for all", lambda call: call.right()[-1:].expand_as(call.right())
        if call.input.dim() == 4 else call.right()),
    ("images added up", lambda call: call.right().sum(0, keepdim=True).expand_as(call.right())),
    ("images added up", lambda call: call.right().sum(0, keepdim=True)),
    ("images added up", lambda call: call.changed(bias=None).sum(0, keepdim=True)
        + (0 if call.bias is None else _column(call)) + 0 * call.right()),
    ("batch and channels exchanged", lambda call: call.right().transpose(0, 1)),
    ("bias along the batch", _biased(lambda call: call.bias.view(-1, 1, 1, 1))),  # type: ignore[union-attr]
    ("first bias for all", _biased(lambda call: call.bias[0])),  # type: ignore[index]
    ("batch axis left on one image", one_image(lambda call: call.right().unsqueeze(0))),
    ("bias missing for one image", one_image(lambda call: call.changed(bias=None))),
    ("settings ignored for one image", one_image(_bare)),
    ("first input channel only", _weighted(lambda weight: _masked(weight, slice(1, None)))),
    ("first input channel only", lambda call: call.changed(
        input=call.input.narrow(-3, 0, 1).expand_as(call.input))),
    ("last input channel missed", _last_channel_missed),
    ("first image for all", first_image),
    ("mean for sum", _scaled(lambda weight: weight[0].numel())),
    ("mean for sum", _scaled(lambda weight: weight[0, 0].numel())),
    ("mean for sum", _scaled(lambda weight: weight.shape[1])),
    ("bias missing", lambda call: call.changed(bias=None)),
    ("bias twice", _biased(lambda call: 2 * _column(call))),
    ("bias subtracted", _biased(lambda call: -_column(call))),
    ("bias for every tap", _biased(lambda call: math.prod(call.kernel) * _column(call))),
    ("bias for every tap", _biased(lambda call: (math.prod(call.kernel) + 1) * _column(call))),
    ("bias for every tap", _biased(lambda call: call.weight[0].numel() * _column(call))),  # type: ignore[index]
    ("bias for every input channel", _biased(lambda call: call.weight.shape[1] * _column(call))),  # type: ignore[union-attr]
    ("bias along the width", _biased(_along(-1))),
    ("bias along the height", _biased(_along(-2))),
    ("window begins too far outside", partial(_one_sided, first=True)),
    ("padding on one side", partial(_one_sided, first=False)),
    ("padding not with zeros", _around("replicate")),
    ("padding not with zeros", _around("reflect")),
    ("padding not with zeros", _around("circular")),
    ("padding not with zeros", _around("constant", 1.0)),
    ("padding not with zeros", _around("constant", -1.0)),
    ("padding twice", _twice),
    ("dilation one too large", lambda call: call.changed(dilation=(call.dilation[0] + 1, call.dilation[1] + 1))),
]  # fmt: skip
