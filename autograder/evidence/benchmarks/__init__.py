"""What grading costs, beside what cannot be saved and beside other graders. Each in one run on one machine.

A ratio within a run means something where seconds do not. What misses its aim is shown as missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from autograder.course import Assignment, Question
from autograder.errors import UnusableRequest


@dataclass(frozen=True)
class Line:
    """A line of a table.

    Attributes:
        what: was measured.
        value: with its unit.
        aim: what it should be; "" if there is none.
        met: whether it is.
    """

    what: str
    value: str
    aim: str = ""
    met: bool | None = None


def print_table(title: str, lines: Iterable[Line]) -> None:
    """Print what was measured, each beside its aim."""
    table = Table(title=title)
    for name in ("what", "measured", "aim", ""):
        table.add_column(name, justify="right" if name == "measured" else "left")
    for line in lines:
        table.add_row(line.what, line.value, line.aim, {True: "met", False: "missed", None: ""}[line.met])
    Console().print(table)


def without_training(assignment: Assignment, questions: tuple[str, ...], instead: str) -> tuple[Question, ...]:
    """The questions of these ids; all that train no network if there are none.

    Raises:
        UnusableRequest: there is no such question, or it trains a network; the message ends with `instead`.
    """
    chosen = tuple(question for question in assignment.choose(questions) if questions or not question.trains)
    for question in chosen:
        if question.trains:
            raise UnusableRequest(f"{question.id} trains a network: {instead}")
    return chosen
