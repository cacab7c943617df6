"""What `check` says at home about cells that failed agrees with what grading makes of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.at_home import notebook_cells
from tests.at_home.notebook_cells import left_out_in_grading, note

TESTS = "def test_values(q2):\n    assert_same(q2.relu, F.relu, x)\n"
PLOT = NameError("name 'plot' is not defined")


@pytest.fixture(autouse=True)
def _nothing_was_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_cells, "_cells", {})


def run(source: str, error: BaseException | None = None, *, number: int = 7, cell: str | None = None) -> None:
    """Report to `note` that a cell was run, as IPython does."""
    compiled = isinstance(error, SyntaxError)
    before, during = (error, None) if compiled else (None, error)
    info: Any = SimpleNamespace(raw_cell=source, cell_id=cell)
    note(SimpleNamespace(info=info, execution_count=number, error_before_exec=before, error_in_exec=during))


def remarks() -> str:
    return "\n".join(left_out_in_grading(TESTS, "q2"))


def test_a_cell_of_ones_own_that_failed_costs_nothing() -> None:
    run("plot(history)", PLOT)
    assert remarks() == (
        "Cell In[7] failed when you last ran it (NameError: name 'plot' is not defined). In grading, what fails in it "
        "is left out, which costs nothing unless your answer needs it."
    )


@pytest.mark.parametrize("source", ["plot(1)\ndef relu(x):\n    return x", "relu = plot", "class relu(x"])
def test_an_answers_cell_that_failed_may_cost_all(source: str) -> None:
    run(source, PLOT)
    assert remarks().startswith("Cell In[7] has relu and failed when you last ran it (NameError: ")
    assert remarks().endswith("this question gets no points.")


def test_a_cell_that_is_not_python() -> None:
    run("now it works", SyntaxError("invalid syntax", ("<cell>", 1, 5, "now it works")))
    assert "In[7] failed when you last ran it (SyntaxError: invalid syntax)" in remarks()


@pytest.mark.parametrize("line", ["from google.colab import drive", "name = input('?')", "get_ipython().magic('time')"])
def test_what_works_only_here(line: str) -> None:
    run(f"x = 1\n{line}")
    assert remarks().startswith(f"Cell In[7] has a line that works only here: {line}. In grading it is left out")


@pytest.mark.parametrize("source", ["x = 1", "def relu(input):\n    return relu(input)", "# input()", "relu(input)"])
def test_nothing_is_said_of_cells_that_work(source: str) -> None:
    run(source)
    assert remarks() == ""


@pytest.mark.parametrize("cell", [None, "a-cell"])
def test_a_cell_that_works_by_now_is_forgotten(cell: str | None) -> None:
    run("plot(history)", PLOT, cell=cell)
    run("plot(history)", number=8, cell=cell)
    assert remarks() == ""


def test_a_cell_that_was_changed_counts_as_it_is_now() -> None:
    run("plot(history)", PLOT, cell="a-cell")
    run("x = 1", number=8, cell="a-cell")
    assert remarks() == ""


def test_long_lines_and_many_cells_are_cut() -> None:
    for number in range(20):
        run(f"x{number}", NameError("x" * 1_000), number=number)
    assert remarks().count("Cell In[") == notebook_cells.MOST_NAMED
    assert max(map(len, remarks().splitlines())) < 300
