"""Common mistakes in max and average pooling, each made with torch's own pools. See `mistakes`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.diagnosis.window_mistakes import MIXED_UP, Mistake, after, first_image, of_settings, one_image
from tests.diagnosis.windows import Two, Window


def _if_given(change: Callable[[Two], Two]) -> Mistake:
    """A pool with a changed stride, if a stride is given."""
    return lambda call: call.changed(stride=change(call.stride)) if call.stride_given else call.right()


def _other_window(change: Callable[[Two], Two]) -> Mistake:
    """A pool with another window, and that stride too if none is given."""

    def other(call: Window) -> Tensor:
        kernel = change(call.kernel)
        return call.changed(kernel=kernel, stride=call.stride if call.stride_given else kernel)

    return other


def _window_of(kernel: Callable[[Two], Two]) -> Mistake:
    """A pool with another window, but the same stride and output size."""
    return lambda call: call.sampled(kernel=kernel(call.kernel))


def _stride_one(call: Window) -> Tensor:
    return call.right() if call.stride_given else call.changed(stride=(1, 1))


def _begins_outside(call: Window) -> Tensor | None:
    """In ceil mode, the last window may begin beyond the input, for an extra row or column."""
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
    *of_settings("stride", "padding"),
    *after("height and width exchanged", "channels last", "axis lost", "output channels reversed"),
    ("kernel height for both axes", _window_of(lambda kernel: (kernel[0], kernel[0]))),
    ("kernel width for both axes", _window_of(lambda kernel: (kernel[1], kernel[1]))),
    ("kernel axes swapped", lambda call: call.changed(kernel=(call.kernel[1], call.kernel[0]))),
    ("kernel axes swapped", _window_of(lambda kernel: (kernel[1], kernel[0]))),
    ("last row of the window missed", _window_of(lambda kernel: (max(1, kernel[0] - 1), kernel[1]))),
    ("last column of the window missed", _window_of(lambda kernel: (kernel[0], max(1, kernel[1] - 1)))),
    ("stride one by default", _stride_one),
    ("stride ignored", _if_given(lambda _: (1, 1))),
    *((cause.format("stride"), _if_given(change)) for cause, change in MIXED_UP.items()),
    ("kernel height for both axes", _other_window(lambda kernel: (kernel[0], kernel[0]))),
    ("kernel width for both axes", _other_window(lambda kernel: (kernel[1], kernel[1]))),
    ("kernel axes swapped", _other_window(lambda kernel: (kernel[1], kernel[0]))),
    ("window begins too far outside", lambda call: call.begun_outside()),
    ("ceil mode ignored", lambda call: call.changed(ceil_mode=False)),
    ("always ceil mode", lambda call: call.changed(ceil_mode=True)),
    ("ceil mode the other way round", lambda call: call.changed(ceil_mode=not call.ceil_mode)),
    ("first image for all", first_image),
    ("stride always the kernel", lambda call: call.changed(stride=call.kernel)),
    ("default stride axes swapped", lambda call: call.right() if call.stride_given else call.changed(
        stride=call.stride[::-1])),
    ("default stride of the height for both", lambda call: call.right() if call.stride_given else call.changed(
        stride=(call.stride[0],) * 2)),
    ("batch axis left on one image", one_image(lambda call: call.right().unsqueeze(0))),
    ("ceil mode ignored for one image", one_image(lambda call: call.changed(ceil_mode=False))),
    ("first channel for all", lambda call: call.right().narrow(-3, 0, 1).expand_as(call.right())),
    ("padding on the far side alone", lambda call: call.far_padded()),
]  # fmt: skip


def _of_windows(reduced: Callable[[Window, Callable[[Tensor], Tensor]], Tensor]) -> Iterator[tuple[str, Mistake]]:
    """Other reductions of each window than its maximum, with padding of −∞."""
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


def _with_edges(call: Window) -> Tensor | None:
    """The output if the padding repeats the pixels at the edge."""
    height, width = call.size()
    top, left = call.padding
    more = [call.stride[axis] + call.kernel[axis] * call.dilation[axis] for axis in (0, 1)]
    lowest = -math.inf if call.pools == "max" else 0.0
    image = F.pad(F.pad(call.input, (left, left, top, top), mode="replicate"), (0, more[1], 0, more[0]), value=lowest)
    return replace(call, input=image, padding=(0, 0), ceil_mode=False).right()[..., :height, :width]


def _mean_for_maximum(call: Window) -> Tensor | None:
    return F.avg_pool2d(call.input, call.kernel, call.stride, call.padding, call.ceil_mode)


MAX_POOL: list[tuple[str, Mistake]] = [
    *_POOLS,
    *of_settings("dilation"),
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
    ("dilation ignored for one image", one_image(lambda call: call.changed(dilation=(1, 1)))),
    *_of_windows(lambda call, reduce: reduce(call.windows())),
    ("sum for maximum", lambda call: F.avg_pool2d(
        call.input, call.kernel, call.stride, call.padding, call.ceil_mode, divisor_override=1)),
    ("maximum across images", lambda call: call.right().amax(0, keepdim=True)),
    ("padded with the edge's pixels", _with_edges),
    ("padded with minus a hundred", lambda call: call.padded(-100.0, beyond=-100.0)),
]  # fmt: skip


def _averaged(call: Window, value: float) -> Tensor:
    """A mean in which the padding has this value, and counts as it should."""
    if call.ceil_mode:
        raise ValueError("what hangs over is not known")
    ones = replace(call, input=torch.ones_like(call.input), divisor_override=1).right()
    count = math.prod(call.kernel)
    sums = call.sums() + value * (count - ones)
    return sums / (call.divisor_override or (count if call.count_include_pad else ones))


def _averaged_with_edges(call: Window) -> Tensor | None:
    sums = _with_edges(replace(call, divisor_override=1))
    return None if sums is None else sums / _counts(call)


def _counts(call: Window) -> Tensor:
    """The divisor of each sum."""
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
    ("divisor override ignored for one image", one_image(lambda call: call.changed(divisor_override=None))),
    ("divided by channels too", lambda call: _unless_overridden(call, call.right() / call.input.shape[-3])),
    ("divided by one less", lambda call: _unless_overridden(call, call.sums() / (_counts(call) - 1))),
    ("maximum for mean", lambda call: _unless_overridden(call, call.windows(0.0).amax((-2, -1)))),
    ("maximum for mean", lambda call: call.windows(0.0).amax((-2, -1)) / _counts(call)),
    ("maximum for mean", lambda call: call.windows(0.0).amax((-2, -1))),
    ("padding not with zeros", lambda call: _averaged(call, 1.0)),
    ("padding not with zeros", _averaged_with_edges),
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
