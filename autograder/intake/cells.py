"""The cells from which a notebook's module was made, for messages that name them and to tell what is an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autograder import course
from autograder.course import Question


@dataclass(frozen=True)
class Cell:
    """A cell whose code is in the module.

    Attributes:
        number: its place among all cells of the notebook, of any type, from 1.
        first, last: its lines in the module, from 1.
        answer: the function or class that it is for, by nbgrader's id; "" if its id is not one of the course's.
        turned: whether it was a code cell and no longer is.
    """

    number: int
    first: int
    last: int
    answer: str = ""
    turned: bool = False


@dataclass(frozen=True)
class Notebook:
    """The notebook from which a module was made.

    Attributes:
        file: its name.
        cells: its cells with code, in order.
        names: the functions and classes that its question asks for.
    """

    file: str
    cells: tuple[Cell, ...]
    names: tuple[str, ...] = ()

    def place(self, line: int) -> str:
        """A line of the module, as its location in the notebook: "q2_relu.ipynb, cell 3, line 4"."""
        for cell in self.cells:
            if cell.first <= line <= cell.last:
                return f"{self.file}, cell {cell.number}, line {line - cell.first + 1}"
        return self.file

    def cell_of(self, line: int) -> Cell | None:
        """The cell that a line of the module comes from."""
        return next((cell for cell in self.cells if cell.first <= line <= cell.last), None)

    def in_cells(self, text: str) -> str:
        """A message of Python's about the module, with its line numbers replaced by those in the cells."""

        def place(found: re.Match[str]) -> str:
            line = int(found[1])
            cell = self.cell_of(line)
            return f"line {line - cell.first + 1}" if cell is not None else found[0]

        return re.sub(r"\bline (\d{1,6})\b", place, text)

    def for_worker(self) -> dict[str, object]:
        """What the worker that imports the module needs to know."""
        cells = [[cell.first, cell.last, cell.answer, cell.turned] for cell in self.cells]
        return {"cells": cells, "names": list(self.names)}


def grade_id(question: str, name: str) -> str:
    """The nbgrader id of the cell for a function or class."""
    return f"{question}-{name.lower().replace('_', '-')}"


def answers_of(question: Question) -> Mapping[str, str]:
    """The names of the functions and classes that a question asks for, by the nbgrader ids of their cells."""
    return _answers(question.id, course.STUBS / f"{question.module}.py")


@cache
def _answers(question: str, stub: Path) -> dict[str, str]:
    try:
        text = stub.read_text("utf-8")
    except OSError:
        return {}
    # From one top-level definition to the next; this is the course's own text, so a pattern will do.
    definitions = re.findall(r"(?ms)^(?:def|class) (\w+)(.*?)(?=^\S|\Z)", re.sub(r"(?m)^\)", " )", text))
    return {grade_id(question, name): name for name, body in definitions if "NotImplementedError" in body}
