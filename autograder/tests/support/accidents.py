"""What goes wrong in students' notebooks around a right answer, and must cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbformat import v4

from autograder.tests.support.nbgrader_course import cell_of, name_of

Notebook = Any


@dataclass(frozen=True)
class Accident:
    """Something that happens to the notebook of question 2.

    Attributes:
        does: changes a notebook; where it has a choice, at this place among the cells, from 0.
        says: what its note holds.
        slow: whether grading waits for it.
        anywhere: whether it may happen together with any others, and as often as one likes.
    """

    does: Callable[[Notebook, int], None]
    says: str
    slow: bool = False
    anywhere: bool = True


def _cell(source: str) -> Callable[[Notebook, int], None]:
    """A cell of the student's own."""

    def insert(notebook: Notebook, at: int) -> None:
        notebook.cells.insert(at, v4.new_code_cell(source))

    return insert


def _turned(make: Callable[..., Any], before: str = "", after: str = "") -> Callable[[Notebook, int], None]:
    """The answer's cell made one of another kind."""

    def turn(notebook: Notebook, at: int) -> None:
        del at
        cell = cell_of(notebook, "q2-relu")
        notebook.cells[notebook.cells.index(cell)] = make(f"{before}{cell.source}{after}", metadata=cell.metadata)

    return turn


def _given_turned(notebook: Notebook, at: int) -> None:
    """The cell of imports, which stands above the answer's."""
    del at
    cell = next(cell for cell in notebook.cells if cell.id == "q2-given-1")
    notebook.cells[notebook.cells.index(cell)] = v4.new_markdown_cell(cell.source, id=cell.id)


def _prose_in_imports(notebook: Notebook, at: int) -> None:
    del at
    cell = next(cell for cell in notebook.cells if cell.id == "q2-given-1")
    cell.source += "\nHere I don't import anything else."


def _below_the_answer(notebook: Notebook, at: int) -> None:
    del at
    cell_of(notebook, "q2-relu").source += "\n\nplot(relu(history))"


ACCIDENTS = {
    "prose": Accident(_cell("Now I am going to try something else"), "line 1 was left out, at no cost"),
    "prose of lines": Accident(_cell("It doesn't work.\n\nI'd need\n(more time"), "it is not Python"),
    "prose and code": Accident(_cell("x = 1\nHere x is one\nprint(x)"), "line 2 was left out"),
    "plot": Accident(_cell("plot(history)"), "NameError: name 'plot' is not defined"),
    "colab": Accident(
        _cell("from google.colab import drive\ndrive.mount('/content/drive')"), "it needs google, which cannot be used"
    ),
    "display": Accident(_cell("display(model)"), "NameError: name 'model' is not defined"),
    "input": Accident(_cell("name = input('Your name: ')"), "EOFError"),
    "shell": Accident(_cell("get_ipython().run_line_magic('matplotlib', 'inline')"), "'get_ipython' is not defined"),
    "exit": Accident(
        _cell("import sys\nsys.exit()"), "line 2 was left out, at no cost unless your answer needs it: Sys"
    ),
    "raise": Accident(_cell("raise RuntimeError('stop here')"), "RuntimeError: stop here"),
    "assert": Accident(_cell("assert 1 + 1 == 3"), "AssertionError"),
    "unfinished": Accident(_cell("def helper(x:\n    return x"), "it is not Python"),
    "indented": Accident(_cell("  x = 1\n y = 2"), "it is not Python (IndentationError"),
    "no file": Accident(_cell("weights = open('weights.pt', 'rb').read()"), "FileNotFoundError"),
    "no network": Accident(
        _cell("import urllib.request\nurllib.request.urlopen('https://example.org')"), "line 2 was left out"
    ),
    "no program": Accident(
        _cell("import subprocess\nsubprocess.run(['nvidia-smi'], check=True)"), "line 2 was left out"
    ),
    "too large": Accident(_cell("import torch\ntorch.zeros(10**6, 10**6)"), "line 2 was left out"),
    "await": Accident(_cell("await train_later()"), "SyntaxError"),
    "return": Accident(_cell("return 3"), "SyntaxError"),
    "a first attempt": Accident(_cell("def relu(x:\n    TODO"), "it is not Python"),
    "below the answer": Accident(_below_the_answer, "NameError: name 'plot' is not defined", anywhere=False),
    "prose in the imports": Accident(_prose_in_imports, "line 2 was left out", anywhere=False),
    "Markdown": Accident(_turned(v4.new_markdown_cell), "(q2-relu) is not a code cell any more", anywhere=False),
    "Markdown in a fence": Accident(
        _turned(v4.new_markdown_cell, "```python\n", "\n```"), "(q2-relu) is not a code cell any more", anywhere=False
    ),
    "raw": Accident(_turned(v4.new_raw_cell), "(q2-relu) is not a code cell any more", anywhere=False),
    "imports as Markdown": Accident(_given_turned, "(q2-given-1) is not a code cell any more", anywhere=False),
    "training": Accident(
        _cell("while True:\n    try:\n        1 / 0\n    except:\n        pass"), "too long", slow=True
    ),
    "waiting": Accident(_cell("import time\ntime.sleep(600)"), "line 2 was left out", slow=True),
}
"""By name; each is another kind of accident."""


def happen(notebook: Notebook, name: str, at: int = -1) -> None:
    """Let an accident happen to the notebook of question 2.

    Args:
        notebook: with a right answer.
        name: the accident's.
        at: a place among the cells; -1 is the end.
    """
    ACCIDENTS[name].does(notebook, len(notebook.cells) if at < 0 else at)


def written_turned(notebook: Notebook, name: str) -> None:
    """The cell of a written answer made one for code."""
    place = next(at for at, cell in enumerate(notebook.cells) if name_of(cell) == name)
    cell = notebook.cells[place]
    notebook.cells[place] = v4.new_code_cell(cell.source, metadata=cell.metadata)
