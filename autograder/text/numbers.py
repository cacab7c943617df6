"""Numbers and counts as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(value: float | None, digits: int = 2) -> str:
    """A number for people, without trailing zeros; a dash for None, NaN and infinities."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(count: float, noun: str) -> str:
    """A count with its noun: 1 point, 2 points."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def choose_one(submissions: int) -> str:
    """What a person has to do if a student has more than one submission."""
    few = {2: "two", 3: "three", 4: "four"}
    return f"{few.get(submissions, str(submissions))} submissions: choose one"


def seconds(value: float | None) -> str:
    """Seconds for a table: always one decimal, so that "0.0", too quick to measure, differs from "–", not measured."""
    return "–" if value is None else f"{value:,.1f}"


def listed(names: Sequence[str], most: int = 10, *, separator: str = ", ") -> str:
    """Names for a sentence: all of them, or the first `most` and how many more there are."""
    more = len(names) - most
    return separator.join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
