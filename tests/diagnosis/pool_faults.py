"""Faults of max and average pooling, each made with torch's own. See `inference` for what a fault is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.diagnosis.faults import Fault
from tests.diagnosis.window_faults import (
    MIXED_UP,
    Result,
    for_one_image,
    layouts,
    of_dtype,
    of_images,
    of_one_image,
    of_setting,
    one_sided,
    sizes,
)
from tests.diagnosis.windows import Two, Window

Compute = Callable[[Window], Tensor]


def _of_kernel() -> Iterator[Fault]:
    """Another window: also in the size and, where none is given, the stride; or only in where it reads."""
    changes: list[tuple[str, Callable[[Two], Two]]] = [
        ("kernel height for both axes", lambda kernel: (kernel[0], kernel[0])),
        ("kernel width for both axes", lambda kernel: (kernel[1], kernel[1])),
        ("kernel axes swapped", lambda kernel: (kernel[1], kernel[0])),
    ]
    for cause, change in changes:
        yield Fault(cause, "kernel", before=_with_window(change))
        yield Fault(cause, "kernel", before=_reading_window(change))
    yield Fault("last row of the window missed", "kernel", before=_reading_window(lambda k: (max(1, k[0] - 1), k[1])))
    yield Fault(
        "last column of the window missed", "kernel", before=_reading_window(lambda k: (k[0], max(1, k[1] - 1)))
    )


def _with_window(change: Callable[[Two], Two]) -> Callable[[Window], Window]:
    def changed(call: Window) -> Window:
        kernel = change(call.kernel)
        return replace(call, kernel=kernel, stride=call.stride if call.stride_given else kernel)

    return changed


def _reading_window(change: Callable[[Two], Two]) -> Callable[[Window], Window]:
    return lambda call: call.reading(kernel=change(call.kernel))


def _with_default_stride(stride: Callable[[Window], Two], call: Window) -> Window:
    return call if call.stride_given else replace(call, stride=stride(call))


def _with_given_stride(change: Callable[[Two], Two], call: Window) -> Window:
    return replace(call, stride=change(call.stride)) if call.stride_given else call


def _of_default_stride() -> Iterator[Fault]:
    """What may be wrong with a stride that is left out, and a stride that is taken for left out."""
    changes: dict[str, Callable[[Window], Two]] = {
        "stride one by default": lambda _: (1, 1),
        "stride two by default": lambda _: (2, 2),
        "default stride axes swapped": lambda call: (call.kernel[1], call.kernel[0]),
        "default stride of the height for both": lambda call: (call.kernel[0], call.kernel[0]),
    }
    for cause, other in changes.items():
        yield Fault(cause, "default stride", before=partial(_with_default_stride, other))
    yield Fault("stride always the kernel", "stride", before=lambda call: replace(call, stride=call.kernel))
    given: dict[str, Callable[[Two], Two]] = {cause.format("stride"): change for cause, change in MIXED_UP.items()}
    for cause, change in {**given, "stride ignored": lambda _: (1, 1)}.items():
        yield Fault(cause, "stride", before=partial(_with_given_stride, change))


def _of_ceil_mode() -> Iterator[Fault]:
    yield Fault("ceil mode ignored", "ceil mode", before=lambda call: replace(call, ceil_mode=False))
    yield Fault("always ceil mode", "ceil mode", before=lambda call: replace(call, ceil_mode=True))
    yield Fault(
        "ceil mode the other way round", "ceil mode", before=lambda call: replace(call, ceil_mode=not call.ceil_mode)
    )


def _of_pools() -> Iterator[Fault]:
    """What may be wrong with either pool, before its values are taken together."""
    yield for_one_image("ceil mode ignored for one image", before=lambda call: replace(call, ceil_mode=False))
    yield from _of_kernel()
    yield from _of_default_stride()
    yield from of_setting("stride")
    yield from of_setting("padding")
    yield from _of_ceil_mode()
    yield from sizes(in_ceil_mode=(True, False))


def _of_outputs() -> Iterator[Fault]:
    """What may be wrong with either pool's output."""
    rules: list[tuple[str, Result]] = [
        ("last window begins outside", _with_last_window(lambda *_: True)),
        ("last window dropped too early", _with_last_window(lambda begin, pixels, _: begin < pixels)),
        ("ceil mode always adds one", _with_last_window(lambda begin, pixels, pad: begin < pixels + pad, always=True)),
        ("ceil mode always adds one", _with_last_window(lambda *_: True, always=True)),
    ]
    yield from (Fault(cause, "last window", after=rule) for cause, rule in rules)
    yield from of_images()
    yield Fault("output channels reversed", "channels", after=lambda output, _: output.flip(-3))
    yield Fault("first channel for all", "channels", after=lambda out, _: out.narrow(-3, 0, 1).expand_as(out))
    yield from layouts()
    yield from of_one_image()
    yield from of_dtype()


def _computed(cause: str, *ways: Compute) -> Iterator[Fault]:
    """Another way to take a window's values together."""
    yield from (Fault(cause, "values", instead=way) for way in ways)


def _cut(compute: Compute) -> Compute:
    """The values of windows in an output of the size that mistakes in the formula lead to."""
    return lambda call: call.cut(compute(call)) if call.sizing else compute(call)


def _with_last_window(begins: Callable[[int, int, int], bool], *, always: bool = False) -> Result:
    """In ceil mode, another rule for the last window; the values of one that should not be there are not known.

    Args:
        begins: whether it is kept, given where it begins, the pixels and the padding.
        always: whether the size is one more than without ceil mode even if there is no remainder.
    """

    def result(output: Tensor, call: Window) -> Tensor:
        if not call.ceil_mode:
            return output
        lengths = []
        settings = zip(call.input.shape[-2:], call.kernel, call.stride, call.padding, call.dilation, strict=True)
        for pixels, kernel, stride, padding, dilation in settings:
            room = pixels + 2 * padding - dilation * (kernel - 1) - 1
            length = (room // stride + 1 if always else -(-room // stride)) + 1
            lengths.append(length if begins((length - 1) * stride, pixels, padding) else length - 1)
        output = output[..., : lengths[0], : lengths[1]]
        return F.pad(output, (0, lengths[1] - output.shape[-1], 0, lengths[0] - output.shape[-2]), value=math.nan)

    return result


def _with_edges(call: Window, *, beyond: bool) -> Tensor:
    """The output if the padding, and what hangs over beyond it, repeats the pixels at the edge."""
    size, (top, left) = call.size(), call.padding
    more = [call.stride[axis] + call.kernel[axis] * call.dilation[axis] for axis in (0, 1)]
    if beyond:
        image = F.pad(call.input, (left, left + more[1], top, top + more[0]), mode="replicate")
    else:
        image = F.pad(call.input, (left, left, top, top), mode="replicate")
        image = F.pad(image, (0, more[1], 0, more[0]), value=call.lowest)
    return replace(call, input=image, padding=(0, 0), ceil_mode=False).pooled(size)


def _reduced(reduce: Callable[[Tensor], Tensor]) -> Compute:
    """Each window's values, with −∞ in the padding, taken together by this."""
    return _cut(lambda call: reduce(call.windows()))


def _rest(axis: int) -> Callable[[Tensor], Tensor]:
    """Windows without their first row (−2) or column (−1), unless it is the only one."""
    return lambda windows: windows.narrow(axis, first := min(1, windows.shape[axis] - 1), windows.shape[axis] - first)


def _mean_for_maximum(call: Window) -> Tensor:
    return F.avg_pool2d(call.input, call.kernel, call.stride, call.padding, call.ceil_mode)


def _across_channels(output: Tensor, *, kept: bool) -> Tensor:
    largest = output.amax(-3, keepdim=True)
    return largest.expand_as(output) if kept else largest


def _padded(value: float, call: Window, *, beyond: float) -> Tensor:
    return call.padded(value, beyond=beyond)


MAX_POOL: list[Fault] = [
    for_one_image("dilation ignored for one image", before=lambda call: replace(call, dilation=(1, 1))),
    *_of_pools(),
    *of_setting("dilation"),
    *(Fault(cause, "padding's value", instead=_cut(
        partial(_padded, value, beyond=beyond)))
      for cause, value, beyond in (
        ("padded with zeros", 0.0, 0.0), ("padded with zeros", 0.0, -math.inf),
        ("padded with minus one", -1.0, -1.0), ("padded with minus one", -1.0, -math.inf),
        ("padded with minus a hundred", -100.0, -100.0), ("padded with minus a hundred", -100.0, -math.inf),
      )),
    *(Fault("padded with the edge's pixels", "padding's value", instead=partial(
        _with_edges, beyond=beyond)) for beyond in (False, True)),
    Fault("padding on the far side alone", "padding's place", instead=_cut(lambda call: call.far_padded())),
    Fault("window begins too far outside", "padding's place", instead=_cut(lambda call: call.begun_outside())),
    *_computed("minimum for maximum", lambda call: -call.changed(input=-call.input),
        _cut(lambda call: -replace(call, input=-call.input).padded(math.inf, beyond=math.inf))),
    *_computed("mean for maximum", _cut(_mean_for_maximum), _reduced(lambda windows: windows.mean((-2, -1)))),
    *_computed("sum for maximum", _reduced(lambda windows: windows.sum((-2, -1))), _cut(lambda call: F.avg_pool2d(
        call.input, call.kernel, call.stride, call.padding, call.ceil_mode, divisor_override=1))),
    *_computed("last value of the window", _reduced(lambda windows: windows[..., -1, -1])),
    *_computed("largest by absolute value", lambda call: call.changed(input=call.input.abs()),
        _reduced(lambda windows: windows.abs().amax((-2, -1)))),
    *_computed("first row of the window missed", _reduced(lambda windows: _rest(-2)(windows).amax((-2, -1)))),
    *_computed("first column of the window missed", _reduced(lambda windows: _rest(-1)(windows).amax((-2, -1)))),
    *_computed("maximum across images", _reduced(lambda windows: windows.amax((-2, -1)).amax(0, keepdim=True)
        + 0 * windows[..., 0, 0].nan_to_num()), lambda call: call.output().amax(0, keepdim=True)),
    Fault("starts from zero", "start", after=lambda output, _: output.clamp(min=0)),
    Fault("maximum across channels", "channels", after=lambda output, _: _across_channels(output, kept=True)),
    Fault("maximum across channels", "channels", after=lambda output, _: _across_channels(output, kept=False)),
    *_of_outputs(),
]  # fmt: skip
"""In the order in which an answer would make them: `before` on the call, then `after` on the output."""


def _counts(call: Window) -> Tensor:
    """The divisor of each sum."""
    ones = replace(call, input=torch.ones_like(call.input))
    return replace(ones, divisor_override=1).right() / ones.right()


def _divided(divisor: Callable[[Window], float]) -> Compute:
    return lambda call: call.divided(divisor(call))


def _area(call: Window) -> int:
    return math.prod(call.kernel)


def _unless_overridden(compute: Compute) -> Compute:
    return lambda call: call.output() if call.divisor_override else compute(call)


def _averaged(call: Window) -> Tensor:
    """A mean in which the padding is made of ones, and counts as it should."""
    if call.ceil_mode:
        raise ValueError("what hangs over is not known")
    ones = replace(call, input=torch.ones_like(call.input), divisor_override=1).right()
    sums = call.sums() + (_area(call) - ones)
    return sums / (call.divisor_override or (_area(call) if call.count_include_pad else ones))


def _mean_with_edges(call: Window, *, beyond: bool) -> Tensor:
    return _with_edges(replace(call, divisor_override=1), beyond=beyond) / _counts(call)


def _sum_of_rest(axis: int, call: Window) -> Tensor:
    return _rest(axis)(call.windows(0.0)).sum((-2, -1)) / _counts(call)


def _mean_of_rest(call: Window, axis: int) -> Tensor:
    """The mean of each window without its first row (−2) or column (−1)."""
    ones = replace(call, input=torch.ones_like(call.input)).windows(float(call.count_include_pad), 0.0)
    count = call.divisor_override or _rest(axis)(ones).sum((-2, -1))
    return _rest(axis)(call.windows(0.0)).sum((-2, -1)) / count


def _counted(include: Callable[[bool], bool]) -> Callable[[Window], Window]:
    return lambda call: replace(call, count_include_pad=include(call.count_include_pad))


def _of_divisor() -> Iterator[Fault]:
    ways: list[tuple[str, Compute]] = [
        ("sum without division", lambda call: call.sums()),
        ("sum without division", _unless_overridden(lambda call: call.sums())),
        ("divided by the height alone", _divided(lambda call: call.kernel[0])),
        ("divided by the width alone", _divided(lambda call: call.kernel[1])),
        ("divided by the height squared", _divided(lambda call: call.kernel[0] ** 2)),
        ("divided by the width squared", _divided(lambda call: call.kernel[1] ** 2)),
        ("divided by height plus width", _divided(lambda call: sum(call.kernel))),
        ("divided by channels too", lambda call: call.output() / call.input.shape[-3]),
        ("divided by channels too", _unless_overridden(lambda call: call.output() / call.input.shape[-3])),
        ("divided by one less", _divided(lambda call: _area(call) - 1)),
        ("divided by one less", _unless_overridden(lambda call: call.sums() / (_counts(call) - 1))),
        ("divided by the stride", _divided(lambda call: math.prod(call.stride))),
        ("what hangs over counts", lambda call: call.output() if not call.count_include_pad
            else call.divided(_area(call))),
        ("what hangs over counts", _divided(_area)),
        ("padding always counts", _divided(_area)),
        ("always divided by the whole window", lambda call: call.sums() / _area(call)),
        ("divided by the count and the override", lambda call: call.changed(divisor_override=None)
            / (call.divisor_override or 1)),
        ("multiplied by the divisor override", lambda call: call.output() if call.divisor_override is None
            else call.sums() * call.divisor_override),
    ]  # fmt: skip
    for cause, change in {
        "padding never counts": lambda _: False,
        "padding always counts": lambda _: True,
        "padding counts the other way round": lambda include: not include,
    }.items():
        yield Fault(cause, "padding's count", before=_counted(change))
    yield Fault("divisor override ignored", "override", before=lambda call: replace(call, divisor_override=None))
    yield from (Fault(cause, "divisor", instead=way) for cause, way in ways)


AVERAGE_POOL: list[Fault] = [
    for_one_image("divisor override ignored for one image", before=lambda call: replace(call, divisor_override=None)),
    *_of_pools(),
    *_of_divisor(),
    Fault("window begins too far outside", "padding's place", before=lambda call: one_sided(call, far=False)),
    Fault("padding on the far side alone", "padding's place", instead=lambda call: call.far_padded()),
    Fault("padding not with zeros", "padding's value", instead=_averaged),
    *(Fault("padding not with zeros", "padding's value", instead=partial(
        _mean_with_edges, beyond=beyond)) for beyond in (False, True)),
    *_computed("maximum for mean", _unless_overridden(lambda call: call.windows(0.0).amax((-2, -1))),
        lambda call: call.windows(0.0).amax((-2, -1)) / _counts(call), lambda call: call.windows(0.0).amax((-2, -1)),
        lambda call: F.max_pool2d(call.input, call.kernel, call.stride, call.padding, 1, call.ceil_mode)),
    *(each for cause, axis in (("first row of the window missed", -2), ("first column of the window missed", -1))
      for each in _computed(cause, partial(_sum_of_rest, axis), partial(_mean_of_rest, axis=axis))),
    *_computed("squares averaged", lambda call: call.changed(input=call.input**2)),
    *_computed("largest by absolute value", lambda call: call.changed(input=call.input.abs())),
    Fault("mean across channels", "channels", after=lambda out, _: out.mean(-3, keepdim=True).expand_as(out)),
    Fault("mean across channels", "channels", after=lambda out, _: out.mean(-3, keepdim=True)),
    Fault("whole division", "rounding of values", after=lambda output, _: output.floor()),
    *_of_outputs(),
]  # fmt: skip
"""In the order in which an answer would make them: `before` on the call, then `after` on the output."""
