"""The scoreboard of the public tests: for each question a line with points, a bar, and what to do next."""

from __future__ import annotations

import contextlib
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BAR = 20  # characters
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


def lines(board: Sequence[Score]) -> list[str]:
    """The whole board as text."""
    points, most = sum(score.points for score in board), sum(score.most for score in board)
    unfinished = next((score for score in board if score.first_failure), None)
    shown = [
        *(score.line() for score in board),
        f"Public tests: {points} of {most} point{'' if most == 1 else 's'}. The grade counts hidden tests too.",
    ]
    if unfinished is not None and unfinished.first_failure is not None:
        words = unfinished.first_failure.category.replace(" ", "_")
        shown.append(f'Next: pytest -k "{unfinished.question} and {words}"')
    elif board:
        shown.append("All green. Now the written answers in explanations.md, and hand in.")
    return shown


def newer_python(here: tuple[int, int] = sys.version_info[:2]) -> str:
    """A warning if this Python is newer than the one with which the course grades; "" otherwise."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        course = tomllib.loads(SETTINGS.read_text("utf-8"))["tool"]["course"]["python"]
        if here > tuple(int(part) for part in course.split(".")):
            return (
                f"Your Python is {here[0]}.{here[1]}, and the course grades with {course}: "
                "what only a newer one understands has no points there."
            )
    return ""
