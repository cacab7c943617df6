"""Common mistakes shared by convolution and pools, made with torch's own layers. See `mistakes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import Tensor

from tests.diagnosis.windows import Two, Window

Mistake = Callable[[Any], Tensor | None]


def _changed(name: str, other: Callable[[Two], Two], call: Window) -> Tensor:
    return call.changed(**{name: other(getattr(call, name))})


def _sampled(name: str, other: Callable[[Two], Two], call: Window) -> Tensor | None:
    return call.sampled(**{name: other(getattr(call, name))})


def _none(_: Two) -> Two:
    return 0, 0


def _one(_: Two) -> Two:
    return 1, 1


def of_settings(*names: str) -> Iterator[tuple[str, Mistake]]:
    """A setting ignored or its axes mixed up, in the output size too or only in where the window reads."""
    for name in names:
        for cause, other in MIXED_UP.items():
            for make in (_changed, _sampled):
                yield cause.format(name), partial(make, name, other)
        neutral = _none if name == "padding" else _one
        yield f"{name} ignored", partial(_changed, name, neutral)
        cause = "padding on the far side alone" if name == "padding" else f"{name} in the size alone"
        yield cause, partial(_sampled, name, neutral)


MIXED_UP: dict[str, Callable[[Two], Two]] = {
    "{} of the height for both": lambda value: (value[0], value[0]),
    "{} of the width for both": lambda value: (value[1], value[1]),
    "{} axes swapped": lambda value: (value[1], value[0]),
}


def first_image(call: Window) -> Tensor:
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


def one_image(change: Callable[[Window], Tensor | None]) -> Mistake:
    """A mistake that is made only for one image without a batch axis."""
    return lambda call: change(call) if call.input.dim() == 3 else call.right()


def _other(cause: str, call: Window) -> Tensor | None:
    return _others(call)[cause]


def after(*causes: str) -> Iterator[tuple[str, Mistake]]:
    """The right output with something done to it."""
    for cause in causes:
        yield cause, partial(_other, cause)
