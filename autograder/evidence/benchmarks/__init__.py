"""The cost of grading, compared with its lower bound and with other graders, each in one run on one machine.

Ratios within a run are meaningful even if seconds are not. Missed targets are shown as missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from autograder.course import Assignment, Question
from autograder.errors import UnusableRequest


@dataclass(frozen=True)
class Measurement:
    """A line of a table.

    Attributes:
        what: what was measured.
        value: the value with its unit.
        aim: the target; "" if there is none.
        met: whether it was reached.
    """

    what: str
    value: str
    aim: str = ""
    met: bool | None = None


def print_table(title: str, lines: Iterable[Measurement]) -> None:
    """Print measurements and their targets."""
    table = Table(title=title)
    for name in ("what", "measured", "aim", ""):
        table.add_column(name, justify="right" if name == "measured" else "left")
    for line in lines:
        table.add_row(line.what, line.value, line.aim, {True: "met", False: "missed", None: ""}[line.met])
    Console().print(table)


def without_training(assignment: Assignment, questions: tuple[str, ...], instead: str) -> tuple[Question, ...]:
    """The questions with these ids; by default all that do not train a network.

    Raises:
        UnusableRequest: there is no such question, or it trains a network; the message ends with `instead`.
    """
    chosen = tuple(question for question in assignment.choose(questions) if questions or not question.trains)
    for question in chosen:
        if question.trains:
            raise UnusableRequest(f"{question.id} trains a network: {instead}")
    return chosen
