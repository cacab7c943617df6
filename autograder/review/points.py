"""Points as people write them."""

from __future__ import annotations

import re

from autograder.text.numbers import counted


class Unsaid(ValueError):
    """What was typed cannot be taken; the text is a sentence for who typed it."""


def points_in(typed: str, most: int) -> float:
    """The points in what somebody typed: whole or half ones, with a point or a comma.

    Raises:
        Unsaid: there are none that can be given.
    """
    if not re.fullmatch(r"\d{1,4}([.,]\d{0,3})?", typed):
        raise Unsaid(f"“{typed}” is no number of points from 0 to {most}.")
    points = float(typed.replace(",", "."))
    if points > most:
        raise Unsaid(f"{points:g} are too many: this answer has {counted(most, 'point')} at most.")
    if points * 2 != int(points * 2):
        raise Unsaid(f"{typed} is finer than half a point.")
    return points
