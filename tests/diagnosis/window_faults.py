"""Faults that convolution and pools share. See `inference` for what a fault is, and for the order of the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.diagnosis.faults import Fault, Observation
from tests.diagnosis.lengths import length_faults
from tests.diagnosis.windows import Two, Window

Change = Callable[[Window], Window]
Result = Callable[[Tensor, Window], Tensor]

MIXED_UP: dict[str, Callable[[Two], Two]] = {
    "{} of the height for both": lambda value: (value[0], value[0]),
    "{} of the width for both": lambda value: (value[1], value[1]),
    "{} axes swapped": lambda value: (value[1], value[0]),
}


def of_setting(name: str) -> Iterator[Fault]:
    """A setting ignored or its axes mixed up, in the output size too or only in where the window reads."""

    def changed(cause: str, other: Callable[[Two], Two]) -> Iterator[Fault]:
        yield Fault(cause, name, before=lambda call: replace(call, **{name: other(getattr(call, name))}))
        yield Fault(cause, name, before=lambda call: call.reading(**{name: other(getattr(call, name))}))

    for cause, other in MIXED_UP.items():
        yield from changed(cause.format(name), other)
    neutral = (0, 0) if name == "padding" else (1, 1)
    yield Fault(f"{name} ignored", name, before=lambda call: replace(call, **{name: neutral}))
    if name == "padding":
        yield Fault("padding one too large", name, before=_larger(name, 1))
        yield Fault("padding twice", name, before=lambda call: replace(call, padding=_times(call.padding, 2)))
    else:
        yield Fault(f"{name} in the size alone", name, before=lambda call: call.reading(**{name: neutral}))
        yield Fault(f"{name} one too large", name, before=_larger(name, 1))


def _larger(name: str, by: int) -> Change:
    def change(call: Window) -> Window:
        height, width = getattr(call, name)
        larger: dict[str, Any] = {name: (height + by, width + by)}
        return replace(call, **larger)

    return change


def _times(value: Two, factor: int) -> Two:
    return factor * value[0], factor * value[1]


def sizes(*, in_ceil_mode: Sequence[bool] = (True,)) -> Iterator[Fault]:
    """Mistakes in the formula of the output's size; for a pool, also only in the one without ceil mode."""
    for fault in length_faults():
        for always in in_ceil_mode:
            yield Fault(fault.cause, fault.factor, before=_sizing(fault, in_ceil_mode=always))


def _sizing(fault: Fault, *, in_ceil_mode: bool) -> Change:
    always = in_ceil_mode and fault.factor != "rounding"  # there the formula rounds up anyway
    return lambda call: replace(call, sizing=(*call.sizing, (fault, always)))


_LAYOUTS: dict[str, Result] = {
    "height and width exchanged": lambda output, _: output.transpose(-1, -2),
    "channels last": lambda output, _: output.movedim(-3, -1),
    "batch and channels exchanged": lambda output, _: output.transpose(0, 1),
    "axis lost": lambda output, _: output.squeeze(),
}


def layouts() -> Iterator[Fault]:
    """What may be wrong with the order or the number of the output's axes."""
    yield from (Fault(cause, "layout", after=result) for cause, result in _LAYOUTS.items())


def of_images() -> Iterator[Fault]:
    """One image's output for all, or several taken together."""
    results: list[tuple[str, Result]] = [
        ("first image for all", lambda output, _: output[:1].expand_as(output) if output.dim() == 4 else output),
        ("last image for all", lambda output, _: output[-1:].expand_as(output) if output.dim() == 4 else output),
        ("images added up", lambda output, _: output.sum(0, keepdim=True).expand_as(output)),
        ("images added up", lambda output, _: output.sum(0, keepdim=True)),
    ]
    yield from (Fault(cause, "images", after=result) for cause, result in results)


def has_one_image(seen: Observation) -> bool:
    """Whether the call has one image, without a batch axis."""
    return bool(seen.call.input.dim() == 3)


def for_one_image(cause: str, *, before: Change | None = None, after: Result | None = None) -> Fault:
    """A fault that occurs only where one image comes without a batch axis."""
    return Fault(
        cause,
        "one image",
        before=None if before is None else (lambda call: before(call) if call.input.dim() == 3 else call),
        after=None if after is None else (lambda out, call: after(out, call) if call.input.dim() == 3 else out),
    )


def of_one_image() -> Iterator[Fault]:
    yield for_one_image("batch axis left on one image", after=lambda output, _: output.unsqueeze(0))
    yield for_one_image("axis lost", after=lambda output, _: output.squeeze())
    yield Fault("one image spoiled", "one image", spoils=has_one_image)


def of_dtype() -> Iterator[Fault]:
    """What may be wrong with the output's dtype and precision."""
    yield Fault("always single precision", "dtype", dtype=lambda _: torch.float32)
    yield Fault("always double precision", "dtype", dtype=lambda _: torch.float64)
    yield Fault("single precision inside", "dtype", rough=True)


def exchanged(call: Window) -> Window:
    """The call with the window's height and width exchanged."""
    return replace(call, kernel=call.kernel[::-1])


def one_sided(call: Window, *, far: bool) -> Window:
    """The call with all padding of an axis on its far side, or on its near side."""
    (top, left), lowest = call.padding, call.lowest
    around = (0, 2 * left, 0, 2 * top) if far else (2 * left, 0, 2 * top, 0)
    return replace(call, input=F.pad(call.input, around, value=lowest), padding=(0, 0))


def padded(call: Window, *, mode: str = "constant", value: float | None = None) -> Window:
    """The call with something else in its padding."""
    (top, left) = call.padding
    return replace(call, input=F.pad(call.input, (left, left, top, top), mode=mode, value=value), padding=(0, 0))


def of_padding() -> Iterator[Fault]:
    """Padding that is in the wrong place."""
    yield Fault("padding on one side", "padding's place", before=lambda call: one_sided(call, far=True))
    yield Fault("window begins too far outside", "padding's place", before=lambda call: one_sided(call, far=False))
