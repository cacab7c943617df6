"""The usual mistakes in a convolution and in pools, each made with torch's own layers. See `mistakes`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.windows import Two, Window

Mistake = Callable[[Any], Tensor | None]


def _changed(name: str, other: Callable[[Two], Two], call: Window) -> Tensor:
    return call.changed(**{name: other(getattr(call, name))})


def _sampled(name: str, other: Callable[[Two], Two], call: Window) -> Tensor | None:
    return call.sampled(**{name: other(getattr(call, name))})


def _none(_: Two) -> Two:
    return 0, 0


def _one(_: Two) -> Two:
    return 1, 1


def _of_settings(*names: str) -> Iterator[tuple[str, Mistake]]:
    """A setting's axes mixed up, in the size too or only in where the window reads."""
    for name in names:
        for cause, other in _MIXED_UP.items():
            for make in (_changed, _sampled):
                yield cause.format(name), partial(make, name, other)
        neutral = _none if name == "padding" else _one
        yield f"{name} ignored", partial(_changed, name, neutral)
        cause = "padding on the far side alone" if name == "padding" else f"{name} in the size alone"
        yield cause, partial(_sampled, name, neutral)


_MIXED_UP: dict[str, Callable[[Two], Two]] = {
    "{} of the height for both": lambda value: (value[0], value[0]),
    "{} of the width for both": lambda value: (value[1], value[1]),
    "{} axes swapped": lambda value: (value[1], value[0]),
}


def _if_given(change: Callable[[Two], Two]) -> Mistake:
    """A pool whose stride is mixed up where it is given."""
    return lambda call: call.changed(stride=change(call.stride)) if call.stride_given else call.right()


def _other_window(change: Callable[[Two], Two]) -> Mistake:
    """A pool with another window, by which it moves too where no stride is given."""

    def other(call: Window) -> Tensor:
        kernel = change(call.kernel)
        return call.changed(kernel=kernel, stride=call.stride if call.stride_given else kernel)

    return other


def _weighted(change: Callable[[Tensor], Tensor]) -> Mistake:
    """A convolution with other weights."""
    return lambda call: call.changed(weight=change(call.weight))


def _without(axis: int, place: int) -> Mistake:
    """One row or column of the window is never read."""

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
    """The window taken as square, by its height (0) or its width (1); crashes where it would leave the kernel."""

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
    """The sums divided, before the bias comes on top."""
    return lambda call: call.changed(weight=call.weight / count(call.weight))


def _biased(change: Callable[[Window], Tensor]) -> Mistake:
    """The bias used in another way; without one, nothing changes."""
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
    """Padded with something else than zeros."""

    def around(call: Window) -> Tensor:
        top, left = call.padding
        image = F.pad(call.input, (left, left, top, top), mode=mode, value=value)
        return call.changed(input=image, padding=(0, 0))

    return around


def _twice(call: Window) -> Tensor | None:
    """Padded twice as much as asked for, whether or not the size knows."""
    return call.changed(padding=(2 * call.padding[0], 2 * call.padding[1]))


def _first_image(call: Window) -> Tensor:
    output = call.right()
    return output if output.dim() == 3 else output[:1].expand_as(output)


def _others(call: Window) -> dict[str, Tensor | None]:
    right = call.right()
    return {
        "relu appended": right.clamp(min=0),
        "height and width exchanged": right.transpose(-1, -2),
        "channels last": right.movedim(-3, -1),
        "axis lost": right.squeeze(),
        "output channels reversed": right.flip(-3),
    }


def _one_image(change: Callable[[Window], Tensor | None]) -> Mistake:
    """A mistake that is made where an image comes without a batch axis."""
    return lambda call: change(call) if call.input.dim() == 3 else call.right()


def _bare(call: Window) -> Tensor:
    return call.changed(stride=(1, 1), padding=(0, 0), dilation=(1, 1))


def _narrowed(by: int) -> Mistake:
    """The window taken as square in the size too."""

    def narrowed(call: Window) -> Tensor | None:
        length = call.kernel[by]
        assert call.weight is not None
        return None if length > call.kernel[1 - by] else call.changed(weight=call.weight.narrow(3 - by, 0, length))

    return narrowed


def _only(*place: Any) -> Mistake:
    """All weights but these are never used."""

    def only(call: Window) -> Tensor:
        assert call.weight is not None
        weight = torch.zeros_like(call.weight)
        weight[place] = call.weight[place]
        return call.changed(weight=weight)

    return only


def _other(cause: str, call: Window) -> Tensor | None:
    return _others(call)[cause]


def _after(*causes: str) -> Iterator[tuple[str, Mistake]]:
    """The right output, and then something done to it."""
    for cause in causes:
        yield cause, partial(_other, cause)


def _masked(weight: Tensor, channels: slice) -> Tensor:
    weight = weight.clone()
    weight[:, channels] = 0
    return weight


def _last_channel_missed(call: Window) -> Tensor:
    assert call.weight is not None
    return call.right() if call.weight.shape[1] == 1 else call.changed(weight=_masked(call.weight, slice(-1, None)))


CONVOLUTION: list[tuple[str, Mistake]] = [
    *_of_settings("stride", "padding", "dilation"),
    *_after("relu appended", "height and width exchanged", "channels last", "axis lost"),
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
    ("batch axis left on one image", _one_image(lambda call: call.right().unsqueeze(0))),
    ("bias missing for one image", _one_image(lambda call: call.changed(bias=None))),
    ("settings ignored for one image", _one_image(_bare)),
    ("first input channel only", _weighted(lambda weight: _masked(weight, slice(1, None)))),
    ("first input channel only", lambda call: call.changed(
        input=call.input.narrow(-3, 0, 1).expand_as(call.input))),
    ("last input channel missed", _last_channel_missed),
    ("first image for all", _first_image),
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


def _window_of(kernel: Callable[[Two], Two]) -> Mistake:
    """A pool with another window; the stride stays what it was, and so does the size."""
    return lambda call: call.sampled(kernel=kernel(call.kernel))


def _stride_one(call: Window) -> Tensor:
    return call.right() if call.stride_given else call.changed(stride=(1, 1))


def _begins_outside(call: Window) -> Tensor | None:
    """With ceil mode, the last window may begin beyond the input: a row or column more."""
    if not call.ceil_mode:
        return call.right()
    height, width = (
        -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1
        for n, k, s, p, d in zip(
            call.input.shape[-2:], call.kernel, call.stride, call.padding, call.dilation, strict=True
        )
    )
    (top, left), (bottom, right) = call.padding, [call.stride[a] + call.kernel[a] * call.dilation[a] for a in (0, 1)]
    image = F.pad(call.input, (left, left + right, top, top + bottom), value=-math.inf)
    return F.max_pool2d(image, call.kernel, call.stride, 0, call.dilation)[..., :height, :width]


_POOLS: list[tuple[str, Mistake]] = [
    *_of_settings("stride", "padding"),
    *_after("height and width exchanged", "channels last", "axis lost", "output channels reversed"),
    ("kernel height for both axes", _window_of(lambda kernel: (kernel[0], kernel[0]))),
    ("kernel width for both axes", _window_of(lambda kernel: (kernel[1], kernel[1]))),
    ("kernel axes swapped", lambda call: call.changed(kernel=(call.kernel[1], call.kernel[0]))),
    ("kernel axes swapped", _window_of(lambda kernel: (kernel[1], kernel[0]))),
    ("last row of the window missed", _window_of(lambda kernel: (max(1, kernel[0] - 1), kernel[1]))),
    ("last column of the window missed", _window_of(lambda kernel: (kernel[0], max(1, kernel[1] - 1)))),
    ("stride one by default", _stride_one),
    ("stride ignored", _if_given(lambda _: (1, 1))),
    *((cause.format("stride"), _if_given(change)) for cause, change in _MIXED_UP.items()),
    ("kernel height for both axes", _other_window(lambda kernel: (kernel[0], kernel[0]))),
    ("kernel width for both axes", _other_window(lambda kernel: (kernel[1], kernel[1]))),
    ("kernel axes swapped", _other_window(lambda kernel: (kernel[1], kernel[0]))),
    ("window begins too far outside", lambda call: call.begun_outside()),
    ("ceil mode ignored", lambda call: call.changed(ceil_mode=False)),
    ("always ceil mode", lambda call: call.changed(ceil_mode=True)),
    ("ceil mode the other way round", lambda call: call.changed(ceil_mode=not call.ceil_mode)),
    ("first image for all", _first_image),
    ("stride always the kernel", lambda call: call.changed(stride=call.kernel)),
    ("default stride axes swapped", lambda call: call.right() if call.stride_given else call.changed(
        stride=call.stride[::-1])),
    ("default stride of the height for both", lambda call: call.right() if call.stride_given else call.changed(
        stride=(call.stride[0],) * 2)),
    ("batch axis left on one image", _one_image(lambda call: call.right().unsqueeze(0))),
    ("ceil mode ignored for one image", _one_image(lambda call: call.changed(ceil_mode=False))),
    ("first channel for all", lambda call: call.right().narrow(-3, 0, 1).expand_as(call.right())),
    ("padding on the far side alone", lambda call: call.far_padded()),
]  # fmt: skip


def _of_windows(reduced: Callable[[Window, Callable[[Tensor], Tensor]], Tensor]) -> Iterator[tuple[str, Mistake]]:
    """What else one could take of each window than its largest value, the padding being −∞."""
    for cause, reduce in {
        "sum for maximum": lambda windows: windows.sum((-2, -1)),
        "mean for maximum": lambda windows: windows.mean((-2, -1)),
        "last value of the window": lambda windows: windows[..., -1, -1],
        "largest by absolute value": lambda windows: windows.abs().amax((-2, -1)),
        "first row of the window missed": lambda windows: windows[..., min(1, windows.shape[-2] - 1) :, :].amax(
            (-2, -1)
        ),
        "first column of the window missed": lambda windows: windows[..., min(1, windows.shape[-1] - 1) :].amax(
            (-2, -1)
        ),
        "maximum across images": lambda windows: (
            windows.amax((-2, -1)).amax(0, keepdim=True) + 0 * windows[..., 0, 0].nan_to_num()
        ),
    }.items():
        yield cause, lambda call, reduce=reduce: reduced(call, reduce)  # type: ignore[misc]


def _mean_for_maximum(call: Window) -> Tensor | None:
    return F.avg_pool2d(call.input, call.kernel, call.stride, call.padding, call.ceil_mode)


MAX_POOL: list[tuple[str, Mistake]] = [
    *_POOLS,
    *_of_settings("dilation"),
    ("padded with zeros", lambda call: call.padded(0.0, beyond=0.0)),
    ("padded with zeros", lambda call: call.padded(0.0, beyond=-math.inf)),
    ("padded with minus one", lambda call: call.padded(-1.0, beyond=-1.0)),
    ("padded with minus one", lambda call: call.padded(-1.0, beyond=-math.inf)),
    ("starts from zero", lambda call: call.right().clamp(min=0)),
    ("minimum for maximum", lambda call: -call.changed(input=-call.input)),
    ("minimum for maximum", lambda call: -replace(call, input=-call.input).padded(math.inf, beyond=math.inf)),
    ("largest by absolute value", lambda call: call.changed(input=call.input.abs())),
    ("mean for maximum", _mean_for_maximum),
    ("maximum across channels", lambda call: call.right().amax(-3, keepdim=True).expand_as(call.right())),
    ("maximum across channels", lambda call: call.right().amax(-3, keepdim=True)),
    ("last window begins outside", _begins_outside),
    ("dilation ignored for one image", _one_image(lambda call: call.changed(dilation=(1, 1)))),
    *_of_windows(lambda call, reduce: reduce(call.windows())),
    ("sum for maximum", lambda call: F.avg_pool2d(
        call.input, call.kernel, call.stride, call.padding, call.ceil_mode, divisor_override=1)),
    ("padded with minus a hundred", lambda call: call.padded(-100.0, beyond=-100.0)),
]  # fmt: skip


def _averaged(call: Window, value: float) -> Tensor:
    """A mean in which the padding has a value of its own, and counts as it should."""
    if call.ceil_mode:
        raise ValueError("what hangs over is not known")
    ones = replace(call, input=torch.ones_like(call.input), divisor_override=1).right()
    count = math.prod(call.kernel)
    sums = call.sums() + value * (count - ones)
    return sums / (call.divisor_override or (count if call.count_include_pad else ones))


def _counts(call: Window) -> Tensor:
    """What each sum is divided by."""
    return (
        replace(call, input=torch.ones_like(call.input), divisor_override=1).right()
        / replace(call, input=torch.ones_like(call.input)).right()
    )


def _unless_overridden(call: Window, mean: Tensor) -> Tensor:
    return call.right() if call.divisor_override else mean


def _counted(include: Callable[[bool], bool]) -> Mistake:
    return lambda call: call.changed(count_include_pad=include(call.count_include_pad))


AVERAGE_POOL: list[tuple[str, Mistake]] = [
    *_POOLS,
    ("sum without division", lambda call: call.sums()),
    ("sum without division", lambda call: call.right() if call.divisor_override else call.sums()),
    ("divided by the height alone", lambda call: call.divided(call.kernel[0])),
    ("divided by the width alone", lambda call: call.divided(call.kernel[1])),
    ("divided by the height squared", lambda call: call.divided(call.kernel[0] ** 2)),
    ("divided by height plus width", lambda call: call.divided(sum(call.kernel))),
    ("divided by channels too", lambda call: call.right() / call.input.shape[-3]),
    ("what hangs over counts", lambda call: call.right() if not call.count_include_pad else call.divided(
        math.prod(call.kernel))),
    ("what hangs over counts", lambda call: call.divided(math.prod(call.kernel))),
    ("padding never counts", _counted(lambda _: False)),
    ("padding always counts", _counted(lambda _: True)),
    ("padding always counts", lambda call: call.divided(math.prod(call.kernel))),
    ("padding counts the other way round", _counted(lambda include: not include)),
    ("divisor override ignored", lambda call: call.changed(divisor_override=None)),
    ("divided by the width squared", lambda call: call.divided(call.kernel[1] ** 2)),
    ("always divided by the whole window", lambda call: call.sums() / math.prod(call.kernel)),
    ("divided by one less", lambda call: call.divided(math.prod(call.kernel) - 1)),
    ("divided by the stride", lambda call: call.divided(math.prod(call.stride))),
    ("divided by the count and the override", lambda call: call.changed(divisor_override=None)
        / (call.divisor_override or 1)),
    ("multiplied by the divisor override", lambda call: call.right() if call.divisor_override is None
        else call.sums() * call.divisor_override),
    ("divisor override ignored for one image", _one_image(lambda call: call.changed(divisor_override=None))),
    ("divided by channels too", lambda call: _unless_overridden(call, call.right() / call.input.shape[-3])),
    ("divided by one less", lambda call: _unless_overridden(call, call.sums() / (_counts(call) - 1))),
    ("maximum for mean", lambda call: _unless_overridden(call, call.windows(0.0).amax((-2, -1)))),
    ("maximum for mean", lambda call: call.windows(0.0).amax((-2, -1)) / _counts(call)),
    ("padding not with zeros", lambda call: _averaged(call, 1.0)),
    ("first row of the window missed", lambda call: call.windows(0.0)[..., min(1, call.kernel[0] - 1) :, :].sum(
        (-2, -1)) / _counts(call)),
    ("first column of the window missed", lambda call: call.windows(0.0)[..., min(1, call.kernel[1] - 1) :].sum(
        (-2, -1)) / _counts(call)),
    ("squares averaged", lambda call: call.changed(input=call.input**2)),
    ("mean across channels", lambda call: call.right().mean(-3, keepdim=True).expand_as(call.right())),
    ("mean across channels", lambda call: call.right().mean(-3, keepdim=True)),
    ("whole division", lambda call: call.right().floor()),
    ("largest by absolute value", lambda call: call.changed(input=call.input.abs())),
    ("maximum for mean", lambda call: F.max_pool2d(
        call.input, call.kernel, call.stride, call.padding, 1, call.ceil_mode)),
]  # fmt: skip
