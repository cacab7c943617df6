"""A notebook as a module: its code cells one after the other. Nothing of it is run."""

from __future__ import annotations

import bisect
import itertools
import json
import re
from collections.abc import Iterable
from typing import Any

from autograder.intake.source import Unreadable

# Of a file of brackets JSON makes forty times as much memory, nbformat four times that.
MAX_NOTEBOOK_BYTES = 4 << 20  # with what its cells printed and drew
MAX_SLIM_BYTES = 1 << 19  # without

NO_NOTEBOOK = "is not a valid notebook of today's format; open it in Jupyter and save it again"

# Cell magics whose cell is Python that counts. Of others, %%bash or %%html, nothing can be used.
_PYTHON_CELLS = ("time", "capture", "prun")
_CELL_MAGIC = re.compile(r"\s*%%(\w*)")
# What IPython takes for a statement and Python never does: %matplotlib inline, !ls, files = !ls, ?f, f??; and calls of
# what the setup cell brings, which are not there where the module is graded: check("q1"), train("lenet").
_MAGIC = re.compile(
    r"\s*[%!?]|[\w., \[\]]*=\s*[%!]|\s*[\w.*\[\]]+\?{1,2}\s*$"
    r"""|\s*(\w+\s*=\s*)?(check|train)\(\s*["']\w+["'][^()]*\)[\s;]*(#.*)?$|\s*from tests\.notebook import\b"""
)
# What a statement is made of, as far as it matters where it ends. No quantifier gives back what it took.
_PIECE = re.compile(
    r"""(?P<opens>[(\[{])|(?P<closes>[)\]}])|(?P<ends>\n)"""
    r"""|[^\\\n#'"()\[\]{}]++|\\\n?|\#[^\n]*+"""
    r"""|\"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+"{3}|'{3}(?:[^'\\]|\\[\s\S]|'(?!''))*+'{3}"""
    r"""|"(?!"")(?:[^"\\\n]|\\[\s\S])*+"|'(?!'')(?:[^'\\\n]|\\[\s\S])*+'|(?P<quote>["'])"""
)
SETUP = "setup"  # grade_id of the cell that brings the tests along
SETUP_LINE = "#@title Setup: run this cell first"  # begins it, whatever became of its id


def code_cells(contents: bytes) -> list[Any]:
    """A notebook's code cells, as nbformat has them: each with a `source` and `metadata`.

    Of the cells for setup and tests, which the course put there, only the place is left.

    Args:
        contents: the file's.

    Raises:
        Unreadable: it is no notebook, or none for Python.
    """
    import nbformat
    from nbformat import reader

    invalid = (AttributeError, LookupError, TypeError, ValueError, RecursionError, nbformat.ValidationError)
    try:
        slim = json.dumps(json.loads(contents, object_hook=_without_outputs))
        if len(slim) > MAX_SLIM_BYTES:
            raise Unreadable(f"has {len(slim):,} bytes besides its outputs; {MAX_SLIM_BYTES:,} are allowed")
        notebook = reader.reads(slim)
        language = _language(notebook.metadata)
        cells = [_answer(cell) for cell in notebook.cells if cell.cell_type == "code"]
        "".join(cell.source for cell in cells).encode()  # fails if any of it is no text
        # The format is that of 2015; what is older Jupyter itself has to convert.
        readable = notebook.nbformat == nbformat.current_nbformat and isinstance(notebook.cells, list)
    except invalid:
        readable = False
    if not readable:
        raise Unreadable(NO_NOTEBOOK)
    if "python" not in language.lower():
        raise Unreadable("is a notebook for another language than Python")
    return cells


def as_module(cells: Iterable[Any], name: str) -> bytes:
    """The text of a module with these cells' code.

    Args:
        cells: from `code_cells`.
        name: the notebook's, for people.
    """
    # Two lines before any code: there Python would look for the name of an encoding.
    text = f"# The code cells of {name}\n\n"
    for number, cell in enumerate(cells, start=1):
        text += f"# Code cell {number}\n{only_python(cell.source)}\n\n"
    return text.encode()


def only_python(source: str) -> str:
    """A cell's Python. What only IPython understands becomes a comment, line by line, so that no line moves."""
    lines = re.split(r"\r\n|\r|\n", source)
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    cell_magic = _CELL_MAGIC.match(lines[first])
    if cell_magic:
        python_follows = cell_magic[1] in _PYTHON_CELLS
        end = first + 1 if python_follows else len(lines)
        lines[first:end] = map(_left_out, lines[first:end])
    text = "".join(f"{line}\n" for line in lines)
    begins = [0, *itertools.accumulate(len(line) + 1 for line in lines)]
    at = 0
    while at < len(lines):
        if _MAGIC.match(lines[at]):
            lines[at], continues = _left_out(lines[at]), lines[at].endswith("\\")
            while continues and at + 1 < len(lines):
                at += 1
                lines[at], continues = _left_out(lines[at]), lines[at].endswith("\\")
            at += 1
        else:
            at = bisect.bisect_left(begins, _end_of_statement(text, begins[at]))
    return "\n".join(lines)


def _without_outputs(found: dict[str, Any]) -> dict[str, Any]:
    """Part of a notebook without what may be large and is no code; called as soon as the part is read."""
    nothing: dict[str, Any] = {"outputs": [], "attachments": {}, "widgets": {}}
    found.update({key: nothing[key] for key in found.keys() & nothing})
    if found.get("cell_type") in ("markdown", "raw"):
        found["source"] = ""
    return found


def _answer(cell: Any) -> Any:
    """A code cell, or what is left of one that is no part of the answer."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    known = nbgrader if isinstance(nbgrader, dict) else {}
    tests = known.get("grade") is True and known.get("solution") is False
    if tests or known.get("grade_id") == SETUP or cell.source.lstrip().startswith(SETUP_LINE):
        cell.source = "# left out: " + ("tests" if tests else "setup")
    return cell


def _language(metadata: Any) -> str:
    told = metadata.get("language_info", {}).get("name") or metadata.get("kernelspec", {}).get("language")
    return str(told or "python")


def _left_out(line: str) -> str:
    """A line's place. Inside a block it must be a statement, for a block needs one."""
    indent = re.match(r"\s*", line)[0]  # type: ignore[index]  # it matches anything
    return f"{indent}{'pass  ' if indent else ''}# left out: {line.strip()}"


def _end_of_statement(text: str, begin: int) -> int:
    """Where the line ends in which the statement ends that begins here; it may go on over brackets and quotes.

    This looks at each character once and leaves Python's own parser to the worker that imports the module: a parser
    has depths and costs that whoever wrote the text could go for.
    """
    depth = 0
    for piece in _PIECE.finditer(text, begin):
        if piece["opens"]:
            depth += 1
        elif piece["closes"]:
            depth = max(0, depth - 1)
        elif piece["ends"] and not depth:
            return piece.end()
        elif piece["quote"]:
            break  # it never ends; importing will say so
    return len(text)
