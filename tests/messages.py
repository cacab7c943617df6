"""The message of a failing test: a headline, what is wrong, and how to run just this test again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assignment.given.question_files import operation_of, question_of
from tests.failures import CheckFailed
from tests.markers import PointsMarker, points_marker

WIDTH = 88
AGAIN = pytest.StashKey[Callable[[str, PointsMarker], str]]()
"""How to run one test again, by its question and marker, where that is not `pytest -k`."""


def full_message(item: pytest.Item, failure: CheckFailed) -> str:
    """The complete message for a public test."""
    again = f"  {'again':<7} {run_again(item)}"
    return f"{headline(item)}\n  {'wrong':<7} {failure.summary}\n{failure.detail}\n{again}"


def headline(item: pytest.Item) -> str:
    """The question, the category and the lost points: Q1 conv2d · dilation … 0 of 1 point."""
    points, category = points_marker(item) or PointsMarker(0, item.name)
    left = f"{question_of(item.path).upper()} {operation_of(item.path)} · {category}"
    right = f"0 of {points} point{'' if points == 1 else 's'}"
    return f"{left}{right:>{max(WIDTH - len(left), len(right) + 2)}}"


def run_again(item: pytest.Item) -> str:
    """The command that runs just this test."""
    marker = points_marker(item) or PointsMarker(0, item.name)
    return item.config.stash.get(AGAIN, _by_pytest)(question_of(item.path), marker)


def _by_pytest(question: str, marker: PointsMarker) -> str:
    return f'pytest -k "{question} and {marker.words}"'
