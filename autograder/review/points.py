"""Points as people write them."""

from __future__ import annotations

import re

from autograder.text.numbers import counted


class InvalidPoints(ValueError):
    """The points typed are not acceptable; the message says why."""


def points_in(typed: str, most: int) -> float:
    """Parse typed points: whole or half ones, with a decimal point or comma.

    Raises:
        InvalidPoints: they are not a number, too many, or finer than half a point.
    """
    if not re.fullmatch(r"\d{1,4}([.,]\d{0,3})?", typed):
        raise InvalidPoints(f"“{typed}” is not a number of points from 0 to {most}.")
    points = float(typed.replace(",", "."))
    if points > most:
        raise InvalidPoints(f"{points:g} is too many: this answer has {counted(most, 'point')} at most.")
    if points * 2 != int(points * 2):
        raise InvalidPoints(f"{typed} is finer than half a point.")
    return points
