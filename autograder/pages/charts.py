"""The geometry of the lines and bars in the pages' charts. The templates draw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 520, 236
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 34, 52
"""Margins, with room for the axes' labels."""


_LARGEST = 1e9
"""A loss of at least this is treated as missing."""


@dataclass(frozen=True)
class Tick:
    """A number on an axis, and its position."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A line through points. `description` gives the same in words."""

    points: tuple[tuple[float, float], ...]
    path: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    description: str


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: how many from `low` to `high`, and its rectangle."""

    low: int
    high: int
    count: int
    x: float
    y: float
    width: float
    height: float

    @property
    def label(self) -> str:
        return f"{self.low}" if self.low == self.high else f"{self.low}–{self.high}"

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def loss_curve(points: Sequence[tuple[int, float | None]]) -> Curve | None:
    """The training loss by epoch; None if there are fewer than two points to draw a line through."""
    known = [(epoch, loss) for epoch, loss in points if loss is not None and abs(loss) < _LARGEST]
    if len(known) < 2:
        return None
    first, last = known[0][0], known[-1][0]
    losses = [loss for _, loss in known]
    step = _step(max(*losses, 0) - min(*losses, 0), 4)  # a worker may report anything, even losses below 0
    top = step * max(1, math.ceil(max(losses) / step))
    low = step * min(0, math.floor(min(losses) / step))

    def x(epoch: float) -> float:
        return round(LEFT + (epoch - first) / max(last - first, 1) * (WIDTH - LEFT - RIGHT), 1)

    def y(loss: float) -> float:
        return round(HEIGHT - BOTTOM - (loss - low) / (top - low) * (HEIGHT - TOP - BOTTOM), 1)

    drawn = tuple((x(epoch), y(loss)) for epoch, loss in known)
    every = max(1, math.ceil((last - first) / 8))
    missing = len(points) - len(known)
    losses_in_words = "; ".join(f"{epoch}: {loss:.2f}" for epoch, loss in known)
    return Curve(
        points=drawn,
        path="M" + " L".join(f"{across} {up}" for across, up in drawn),
        across=tuple(Tick(x(epoch), str(epoch)) for epoch in range(first, last + 1, every)),
        up=tuple(Tick(y(value), f"{value:g}") for value in _range(low, top, step)),
        description=f"{losses_in_words}." + (f" In {missing} more the loss was not a number." if missing else ""),
    )


def histogram(values: Sequence[float], most: int) -> tuple[Bar, ...]:
    """Count the values in each of about a dozen ranges of whole numbers from 0 to `most`, both included."""
    size = int(max(1, _step(most, 12)))
    edges = list(range(0, max(most, 1), size))
    if len(edges) > 1 and most - edges[-1] < size / 2:
        edges.pop()  # a short remainder joins the last range
    counts = [0] * len(edges)
    for value in values:
        counts[min(int(max(value, 0) // size), len(edges) - 1)] += 1
    tallest, room = max([*counts, 1]), (WIDTH - LEFT - RIGHT) / len(edges)
    bars = []
    for place, (low, count) in enumerate(zip(edges, counts, strict=True)):
        high = most if place == len(edges) - 1 else low + size - 1
        height = round(count / tallest * (HEIGHT - TOP - BOTTOM), 1)
        y = round(HEIGHT - BOTTOM - height, 1)
        bars.append(Bar(low, high, count, round(LEFT + place * room + 1.5, 1), y, round(room - 3, 1), height))
    return tuple(bars)


def _step(most: float, pieces: int) -> float:
    """The smallest round number of which at most `pieces` reach up to `most`."""
    least = max(most, 1e-6) / pieces
    magnitude = 10.0 ** math.floor(math.log10(least))
    return next(step * magnitude for step in (1, 2, 5, 10) if step * magnitude >= least * (1 - 1e-9))


def _range(low: float, high: float, step: float) -> list[float]:
    return [round(low + place * step, 10) for place in range(round((high - low) / step) + 1)]
