"""The message of a failing test: a headline, what is wrong, and how to run just this test again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.checks import CheckFailed

WIDTH = 88
AGAIN = pytest.StashKey[Callable[[str, str], str]]()
"""How to run one test again, by its question and category, where that is not `pytest -k`."""


def full_message(item: pytest.Item, failure: CheckFailed) -> str:
    """The complete message for a public test."""
    again = f"  {'again':<7} {run_again(item)}"
    return f"{headline(item)}\n  {'wrong':<7} {failure.summary}\n{failure.detail}\n{again}"


def headline(item: pytest.Item) -> str:
    """The question, the category and the lost points: Q1 conv2d · dilation … 0 of 1 point."""
    question, operation = item.path.stem.removeprefix("test_").split("_", 1)
    marker = item.get_closest_marker("points")
    points = marker.args[0] if marker else 0
    category = marker.kwargs["category"] if marker else item.name
    left = f"{question.upper()} {operation} · {category}"
    right = f"0 of {points} point{'' if points == 1 else 's'}"
    return f"{left}{right:>{max(WIDTH - len(left), len(right) + 2)}}"


def run_again(item: pytest.Item) -> str:
    """The command that runs just this test."""
    question = item.path.stem.split("_")[1]
    marker = item.get_closest_marker("points")
    category = marker.kwargs["category"] if marker else item.name
    return item.config.stash.get(AGAIN, _by_pytest)(question, category)


def _by_pytest(question: str, category: str) -> str:
    return f'pytest -k "{question} and {category.replace(" ", "_").replace("-", "_")}"'
