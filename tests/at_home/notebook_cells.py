"""Find a notebook's cells that failed or that work only here: in grading they are left out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

MOST_NAMED = 5  # cells
MOST_SHOWN = 100  # characters of an error, or of a line

# Unindented lines that work in Colab and Jupyter but not in grading.
_ONLY_HERE = re.compile(
    r"(?m)^(?:(?:from|import)\s+(?:google|IPython|ipywidgets)\b.*|(?![\s#])[^#\n]*\b(?:input|get_ipython)\(.*)$"
)
_DEFINES = re.compile(r"(?m)^(?:(?:async\s+)?def|class)\s+(\w+)|^(\w+)\s*(?::[^=\n]*)?=(?!=)")


@dataclass(frozen=True)
class _Ran:
    """A cell's last run: its number, its text, and what it raised, "" if nothing."""

    number: int
    source: str
    error: str


_cells: dict[str, _Ran] = {}


def watch() -> None:
    """From now on, record how each cell ends."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.events.register("post_run_cell", note)


def note(result: Any) -> None:
    """Record how a cell ended.

    Args:
        result: IPython's `ExecutionResult`.
    """
    source = str(result.info.raw_cell or "")
    error = result.error_before_exec or result.error_in_exec
    text = f"{type(error).__name__}: {getattr(error, 'msg', error)}" if error is not None else ""
    # Not every notebook says which cell it runs; then the text identifies it.
    key = str(getattr(result.info, "cell_id", None) or source)
    _cells.pop(key, None)
    _cells[key] = _Ran(result.execution_count or 0, source, text)


def left_out_in_grading(tests: str, question: str) -> list[str]:
    """A sentence about each cell that failed when it was last run, or that has lines which only work here.

    Args:
        tests: the text of the question's tests.
        question: the question's id, "q1".
    """
    asked = set(re.findall(rf"\b{question}\.(\w+)", tests))
    sentences = []
    for cell in _cells.values():
        defines = sorted(asked & {one or other for one, other in _DEFINES.findall(cell.source)})
        only_here = _ONLY_HERE.search(cell.source)
        if cell.error and defines:
            sentences.append(
                f"Cell In[{cell.number}] has {' and '.join(defines)} and failed when you last ran it "
                f"({_short(cell.error)}). If it fails in grading before that is defined, this question gets no points."
            )
        elif cell.error:
            sentences.append(
                f"Cell In[{cell.number}] failed when you last ran it ({_short(cell.error)}). In grading, what fails in "
                "it is left out, which costs nothing unless your answer needs it."
            )
        elif only_here and not defines:
            sentences.append(
                f"Cell In[{cell.number}] has a line that works only here: {_short(only_here[0])}. In grading it is "
                "left out, which costs nothing unless your answer needs it."
            )
    return sentences[-MOST_NAMED:]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_SHOWN else f"{line[: MOST_SHOWN - 1]}…"
