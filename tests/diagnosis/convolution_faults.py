"""Faults of a convolution, each made with torch's own. See `inference` for what a fault is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from tests.diagnosis.faults import Fault
from tests.diagnosis.window_faults import (
    for_one_image,
    layouts,
    of_dtype,
    of_images,
    of_one_image,
    of_padding,
    of_setting,
    padded,
    sizes,
)
from tests.diagnosis.windows import Window


def _weight(call: Window) -> Tensor:
    assert call.weight is not None
    return call.weight


def _weighted(change: Callable[[Tensor], Tensor]) -> Callable[[Window], Window]:
    """The call with other weights; with fewer in a window, the window is smaller too."""

    def weighted(call: Window) -> Window:
        weight = change(_weight(call))
        return replace(call, weight=weight, kernel=(weight.shape[2], weight.shape[3]))

    return weighted


def _without(axis: int, place: int, *, unless_alone: bool = False) -> Callable[[Tensor], Tensor]:
    """Weights of which one row or column of the window is never used."""

    def without(weight: Tensor) -> Tensor:
        if unless_alone and weight.shape[axis] == 1:
            return weight
        weight = weight.clone()
        weight.select(axis, place).zero_()
        return weight

    return without


def _square(by: int, *, smaller: bool) -> Callable[[Tensor], Tensor]:
    """Weights of a window taken as square, by its height (0) or width (1), with the right output size or a larger one.

    Raises:
        ValueError: it would exceed the kernel.
    """

    def square(weight: Tensor) -> Tensor:
        length, other = weight.shape[2 + by], weight.shape[3 - by]
        if length > other:
            raise ValueError("the kernel ends before the window")
        if smaller:
            return weight.narrow(3 - by, 0, length)
        weight = weight.clone()
        weight.narrow(3 - by, length, other - length).zero_()
        return weight

    return square


def _square_transposed(weight: Tensor) -> Tensor:
    """Weights with rows and columns exchanged, by code that reads beyond the end of others than square ones.

    Raises:
        ValueError: they are not square.
    """
    if weight.shape[2] != weight.shape[3]:
        raise ValueError("the kernel ends before the window")
    return weight.transpose(2, 3)


def _only(*place: int | slice) -> Callable[[Tensor], Tensor]:
    """Weights of which only these are used."""

    def only(weight: Tensor) -> Tensor:
        used = torch.zeros_like(weight)
        used[place] = weight[place]
        return used

    return only


def _last_channel_missed(weight: Tensor) -> Tensor:
    return weight if weight.shape[1] == 1 else _only(slice(None), slice(None, -1))(weight)


def _of_weights() -> Iterator[Fault]:
    """What may be wrong with the weights that meet the pixels."""
    kernels: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("kernel flipped", lambda weight: weight.flip(2, 3)),
        ("kernel flipped vertically", lambda weight: weight.flip(2)),
        ("kernel flipped horizontally", lambda weight: weight.flip(3)),
        ("kernel transposed", lambda weight: weight.transpose(2, 3)),
        ("kernel transposed", _square_transposed),
        ("kernel read in the other order", lambda weight: weight.transpose(2, 3).reshape(weight.shape)),
        *((f"kernel {name} for both axes", _square(by, smaller=smaller))
          for by, name in enumerate(("height", "width")) for smaller in (False, True)),
        *((f"{which} {what} of the window missed", _without(axis, place, unless_alone=unless_alone))
          for which, place in (("last", -1), ("first", 0)) for what, axis in (("row", 2), ("column", 3))
          for unless_alone in (False, True)),
        ("first row of the window alone", _only(slice(None), slice(None), 0)),
        ("last weight of the window alone", _only(slice(None), slice(None), -1, -1)),
    ]  # fmt: skip
    channels: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("input channels reversed", lambda weight: weight.flip(1)),
        ("first input channel only", _only(slice(None), slice(0, 1))),
        ("last input channel only", _only(slice(None), -1)),
        ("last input channel missed", _last_channel_missed),
    ]
    outputs: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("output channels reversed", lambda weight: weight.flip(0)),
        ("first output channel for all", lambda weight: weight[:1].expand_as(weight)),
        ("last output channel for all", lambda weight: weight[-1:].expand_as(weight)),
    ]
    means: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("mean for sum", lambda weight: weight / weight[0].numel()),
        ("mean for sum", lambda weight: weight / weight[0, 0].numel()),
        ("mean for sum", lambda weight: weight / weight.shape[1]),
    ]
    factors = {"kernel": kernels, "input channels": channels, "output channels": outputs, "sum": means}
    for factor, changes in factors.items():
        yield from (Fault(cause, factor, before=_weighted(change)) for cause, change in changes)
    yield Fault("first input channel only", "input channels", before=lambda call: replace(
        call, input=call.input.narrow(-3, 0, 1).expand_as(call.input)))  # fmt: skip


def _biased(change: Callable[[Window, Tensor], Tensor]) -> Callable[[Tensor, Window], Tensor]:
    """Another use of the bias, as what is added to the right output; without a bias, nothing."""
    return lambda output, call: output if call.bias is None else output + change(call, call.bias)


def _column(bias: Tensor) -> Tensor:
    return bias.view(-1, 1, 1)


def _of_bias() -> Iterator[Fault]:
    """What may be wrong with the bias."""
    yield Fault("bias missing", "bias", before=lambda call: replace(call, bias=None))
    uses: list[tuple[str, Callable[[Window, Tensor], Tensor]]] = [
        ("bias twice", lambda _, bias: _column(bias)),
        ("bias subtracted", lambda _, bias: -2 * _column(bias)),
        ("bias along the batch", lambda _, bias: bias.view(-1, 1, 1, 1) - _column(bias)),
        ("first bias for all", lambda _, bias: bias[0] - _column(bias)),
        ("bias along the width", lambda _, bias: bias - _column(bias)),
        ("bias along the height", lambda _, bias: bias.view(-1, 1) - _column(bias)),
        ("bias for every tap", lambda call, bias: (math.prod(call.kernel) - 1) * _column(bias)),
        ("bias for every tap", lambda call, bias: math.prod(call.kernel) * _column(bias)),
        ("bias for every tap", lambda call, bias: (_weight(call)[0].numel() - 1) * _column(bias)),
        ("bias for every input channel", lambda call, bias: (_weight(call).shape[1] - 1) * _column(bias)),
    ]
    yield from (Fault(cause, "bias", after=_biased(change)) for cause, change in uses)


def _bare(call: Window) -> Window:
    return replace(call, stride=(1, 1), padding=(0, 0), dilation=(1, 1))


def _reading_axis(axis: int) -> Callable[[Window], Window]:
    """Dilation of one axis in the size, but not in where the window reads."""
    return lambda call: call.reading(dilation=(1, call.dilation[1]) if axis == 0 else (call.dilation[0], 1))


CONVOLUTION: list[Fault] = [
    for_one_image("bias missing for one image", before=lambda call: replace(call, bias=None)),
    for_one_image("settings ignored for one image", before=_bare),
    *of_setting("stride"),
    *of_setting("padding"),
    *of_setting("dilation"),
    Fault("dilation of the height in the size alone", "dilation", before=_reading_axis(0)),
    Fault("dilation of the width in the size alone", "dilation", before=_reading_axis(1)),
    *of_padding(),
    *(Fault("padding not with zeros", "padding's value", before=partial(padded, mode=mode))
      for mode in ("replicate", "reflect", "circular")),
    *(Fault("padding not with zeros", "padding's value", before=partial(padded, value=value))
      for value in (1.0, -1.0)),
    *_of_weights(),
    *sizes(),
    *_of_bias(),
    *of_images(),
    Fault("images added up", "images", after=lambda output, call: output.sum(0, keepdim=True).expand_as(output)
        - (0 if call.bias is None else (len(output) - 1) * _column(call.bias))),
    Fault("output channels reversed", "output channels", after=lambda output, _: output.flip(-3)),
    Fault("relu appended", "activation", after=lambda output, _: output.clamp(min=0)),
    Fault("sigmoid appended", "activation", after=lambda output, _: output.sigmoid()),
    *layouts(),
    *of_one_image(),
    *of_dtype(),
]  # fmt: skip
"""In the order in which an answer would make them: `before` on the call, then `after` on the output."""
