"""Numbers in sentences and in columns."""

from __future__ import annotations

import math

import pytest

from autograder.text.numbers import counted, number, seconds


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (100, "100"),
        (99.6, "99.6"),
        (99.999, "100"),
        (2.5, "2.5"),
        (1234.5, "1,234.5"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_numbers_are_shown_as_they_are(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_digits_that_are_not_asked_for_are_rounded_away() -> None:
    assert (number(99.6, 0), number(10.04, 1), number(9.96, 1)) == ("100", "10", "10")
    assert (counted(1, "point"), counted(2, "point"), counted(1.5, "point")) == ("1 point", "2 points", "1.5 points")


def test_times_stand_in_columns_with_one_decimal() -> None:
    assert [seconds(value) for value in (0.04, 3, 1234.56, None)] == ["0.0", "3.0", "1,234.6", "–"]
