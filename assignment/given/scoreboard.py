"""The scoreboard of the public tests: for each question a line with points, a bar, and what to do next."""

from __future__ import annotations

import contextlib
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BAR = 20  # characters
BEYOND = (
    "All public tests are green. Before you hand in, do what they do not look at:",
    "  written answers  assignment/explanations.md, which a person reads",
    "  hidden tests     ceil mode, other dtypes, one image without a batch axis,",
    "                   eval mode, every argument that a docstring names",
    "  your files       python -m assignment doctor",
)
"""What is left to do when all public tests are green."""
SETTINGS = Path(__file__).resolve().parents[2] / "pyproject.toml"  # names the Python with which the course grades


@dataclass(frozen=True)
class Outcome:
    """The outcome of one public test.

    Attributes:
        question: "q1".
        operation: "conv2d".
        category: what the test is about.
        points: the points it is worth.
        passed: whether it passed.
        message: why not, if it failed.
    """

    question: str
    operation: str
    category: str
    points: int
    passed: bool
    message: str = ""


@dataclass(frozen=True)
class Score:
    """A question's points in the public tests, and the first test that failed."""

    question: str
    operation: str
    points: int
    most: int
    first_failure: Outcome | None

    def line(self) -> str:
        """The question, a bar, the points reached and possible, and what comes next."""
        filled = round(BAR * self.points / self.most) if self.most else 0
        bar = "█" * filled + "░" * (BAR - filled)
        after = f"next: {self.first_failure.category}" if self.first_failure else "done"
        return f"{self.question} {self.operation:<14} {bar}  {self.points:>2} of {self.most:<2}  {after}"


def scores(outcomes: Iterable[Outcome]) -> list[Score]:
    """The score of each tested question, in order."""
    by_question: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_question.setdefault(outcome.question, []).append(outcome)
    return [
        Score(
            question,
            tested[0].operation,
            sum(outcome.points for outcome in tested if outcome.passed),
            sum(outcome.points for outcome in tested),
            next((outcome for outcome in tested if not outcome.passed), None),
        )
        for question, tested in sorted(by_question.items())
    ]


def lines(board: Sequence[Score], possible: Mapping[str, int] | None = None) -> list[str]:
    """The whole board as text, at most 80 characters wide; its last lines say what to do next.

    Args:
        board: the score of each question that was tested.
        possible: the points of all public tests, by question; None if the board has all of them.
    """
    points, most = sum(score.points for score in board), sum(score.most for score in board)
    in_all = most if possible is None else sum(possible.values())
    reached = f"Public tests: {points} of {_points(most)}"
    reached += f" in this run, of {in_all} in all." if most < in_all else ". The grade counts hidden tests too."
    return [*(score.line() for score in board), reached, *_next(board, {} if most == in_all else possible or {})]


def _next(board: Sequence[Score], possible: Mapping[str, int]) -> list[str]:
    """What to do next.

    Args:
        board: the score of each question that was tested.
        possible: the points of all public tests, by question; empty if the board has all of them.
    """
    unfinished = next((score for score in board if score.first_failure), None)
    if unfinished is not None and unfinished.first_failure is not None:
        words = unfinished.first_failure.category.replace(" ", "_").replace("-", "_")
        question = unfinished.question
        return [f'Next: pytest -k "{question} and {words}"', f"Stuck? python -m assignment hint {question}"]
    in_part = next((score.question for score in board if score.most < possible.get(score.question, 0)), None)
    if in_part is not None:
        return [f"Green so far. Next: pytest -k {in_part}, all tests of {in_part}"]
    if possible:
        return ["Green so far. Next: pytest, the tests of all questions"]
    return list(BEYOND) if board else []


def _points(count: int) -> str:
    return f"{count} point{'' if count == 1 else 's'}"


def newer_python(here: tuple[int, int] = sys.version_info[:2]) -> str:
    """A warning if this Python is newer than the one with which the course grades; "" otherwise."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        course = tomllib.loads(SETTINGS.read_text("utf-8"))["tool"]["course"]["python"]
        if here > tuple(int(part) for part in course.split(".")):
            return (
                f"Your Python is {here[0]}.{here[1]}, and the course grades with {course}:\n"
                "what only a newer one understands has no points there."
            )
    return ""
