"""Common mistakes in the size of an output, each a wrong formula; `causes` has the sentence for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.diagnosis.probes import RAISED
from tests.diagnosis.windows import Window
from tests.formulas import pair

# Each formula takes n, k, s, p, d of one axis and returns the output's length.


def _room(n: int, k: int, p: int, d: int) -> int:
    return n + 2 * p - d * (k - 1) - 1


Formula = Callable[[tuple[int, ...], tuple[int, ...]], tuple[int, int]]


def _each_axis(length: Callable[[int, int, int, int, int], int]) -> Formula:
    def both(height: tuple[int, ...], width: tuple[int, ...]) -> tuple[int, int]:
        first, second = (length(*axis) for axis in (height, width))
        return first, second

    return both


def _length(n: int, k: int, s: int, p: int, d: int) -> int:
    return _room(n, k, p, d) // s + 1


def _mixed_up(place: int, height_from: int, width_from: int) -> Formula:
    """One setting of an axis taken from the other axis."""

    def both(height: tuple[int, ...], width: tuple[int, ...]) -> tuple[int, int]:
        axes = (height, width)
        mixed = [
            _length(*axes[axis][:place], axes[source][place], *axes[axis][place + 1 :])  # type: ignore[call-arg]
            for axis, source in enumerate((height_from, width_from))
        ]
        return mixed[0], mixed[1]

    return both


SIZES: dict[str, Formula] = {
    "size rounded up": _each_axis(lambda n, k, s, p, d: -(-_room(n, k, p, d) // s) + 1),
    "size rounded to nearest": _each_axis(lambda n, k, s, p, d: round(_room(n, k, p, d) / s) + 1),
    "size one too small": _each_axis(lambda n, k, s, p, d: _room(n, k, p, d) // s),
    "size one too large": _each_axis(lambda n, k, s, p, d: _room(n, k, p, d) // s + 2),
    "size plus one inside the division": _each_axis(lambda n, k, s, p, d: (_room(n, k, p, d) + 1) // s),
    "size counts padding once": _each_axis(lambda n, k, s, p, d: (_room(n, k, p, d) - p) // s + 1),
    "size ignores padding": _each_axis(lambda n, k, s, _, d: _room(n, k, 0, d) // s + 1),
    "size ignores dilation": _each_axis(lambda n, k, s, p, _: _room(n, k, p, 1) // s + 1),
    "size ignores stride": _each_axis(lambda n, k, _, p, d: _room(n, k, p, d) + 1),
    "size ignores the kernel": _each_axis(lambda n, _k, s, p, _d: (n + 2 * p - 1) // s + 1),
    "size multiplies dilation by the kernel": _each_axis(lambda n, k, s, p, d: (n + 2 * p - d * k - 1) // s + 1),
    "size forgets to subtract one": _each_axis(lambda n, k, s, p, d: (_room(n, k, p, d) + 1) // s + 1),
    "size exchanges stride and dilation": _each_axis(lambda n, k, s, p, d: _room(n, k, p, s) // d + 1),
    "size exchanges padding and dilation": _each_axis(lambda n, k, s, p, d: _room(n, k, d, p) // s + 1),
    "size counts padding twice": _each_axis(lambda n, k, s, p, d: _room(n, k, 2 * p, d) // s + 1),
    "size divides the window alone": _each_axis(lambda n, k, s, p, d: n + 2 * p - (d * (k - 1) + 1) // s + 1),
    "size of the height for both": lambda height, _: (_length(*height), _length(*height)),
    "size axes swapped": lambda height, width: (_length(*width), _length(*height)),
    **{
        f"size with {name} {what}": _mixed_up(place, *sources)
        for name, place in {"input": 0, "kernel": 1, "stride": 2, "padding": 3, "dilation": 4}.items()
        for what, sources in {
            "of the height for both": (0, 0),
            "of the width for both": (1, 1),
            "axes swapped": (1, 0),
        }.items()
    },
}


Axes = tuple[tuple[int, ...], tuple[int, ...]]
"""Length, kernel, stride, padding and dilation, for the height and for the width."""


def axes_of_size(input_size: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Axes:
    height, width = zip(*map(pair, (input_size, kernel_size, stride, padding, dilation)), strict=True)
    return height, width


def axes_of_window(call: Window) -> Axes | None:
    """The axes of a window; None with ceil mode, which has its own formula."""
    if call.ceil_mode:
        return None
    pixels = (call.input.shape[-2], call.input.shape[-1])
    return axes_of_size(pixels, call.kernel, call.stride, call.padding, call.dilation)


def explains_sizes(formula: Formula, calls: Sequence[Axes | None], outcomes: Sequence[object]) -> bool:
    """Whether a wrong formula reproduces exactly these sizes."""
    right, agreed, harmful = _each_axis(_length), 0, 0
    for number, (call, outcome) in enumerate(zip(calls, outcomes, strict=True)):
        if call is None and number > 0:
            continue
        if call is None or ((predicted := formula(*call)) == right(*call) and (number == 0 or outcome != predicted)):
            return False
        if outcome is RAISED and number > 0:
            continue
        if outcome != predicted:
            return False
        agreed += 1
        harmful += predicted != right(*call)
    return agreed > len(calls) / 3 and harmful > 1
