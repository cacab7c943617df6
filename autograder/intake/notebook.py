"""A notebook as a module: its code cells, one after another. None of it is run."""

from __future__ import annotations

import bisect
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from autograder.course import Question
from autograder.files.quick_import import without_uri_grammar
from autograder.intake.cells import Cell, Notebook, answers_of
from autograder.intake.source import Unreadable

# A file of brackets takes forty times its size in memory as JSON, and four times that in nbformat.
MAX_NOTEBOOK_BYTES = 4 << 20  # with its cells' outputs
MAX_SLIM_BYTES = 1 << 19  # without outputs

NO_NOTEBOOK = "is not a valid notebook of today's format; open it in Jupyter and save it again"
TURNED = "is not a code cell any more; its text is taken as code."  # said of a cell; nbgrader logs its own message
_CONFLICT = re.compile(rb"(?m)^<{7}(?=[ \r\n])")

# Cell magics whose cell is Python and counts. Cells with others, %%bash or %%html, are not used.
_PYTHON_CELLS = ("time", "capture", "prun")
_CELL_MAGIC = re.compile(r"\s*%%(\w*)")
# Lines that are statements to IPython but never to Python: %matplotlib inline, !ls, files = !ls, ?f, f??; and calls of
# functions from the setup cell, which do not exist in grading: check("q1"), train("lenet").
_MAGIC = re.compile(
    r"\s*[%!?]|[\w., \[\]]*=\s*[%!]|\s*[\w.*\[\]]+\?{1,2}\s*$"
    r"""|\s*(\w+\s*=\s*)?(check|train)\(\s*["']\w+["'][^()]*\)[\s;]*(#.*)?$|\s*from tests\.notebook import\b"""
)
# The tokens that matter for where a statement ends. The quantifiers are possessive: none backtracks.
_PIECE = re.compile(
    r"""(?P<opens>[(\[{])|(?P<closes>[)\]}])|(?P<ends>\n)"""
    r"""|[^\\\n#'"()\[\]{}]++|\\\n?|\#[^\n]*+"""
    r"""|\"{3}(?:[^"\\]|\\[\s\S]|"(?!""))*+"{3}|'{3}(?:[^'\\]|\\[\s\S]|'(?!''))*+'{3}"""
    r"""|"(?!"")(?:[^"\\\n]|\\[\s\S])*+"|'(?!'')(?:[^'\\\n]|\\[\s\S])*+'|(?P<quote>["'])"""
)
WRITTEN = "-written"  # end of the grade_id of the cell for a written answer
SETUP = "setup"  # grade_id of the cell that loads the tests
SETUP_LINE = "#@title Setup: run this cell first"  # its first line, by which it is known without its id


@dataclass(frozen=True)
class CodeCell:
    """A cell whose text counts as code.

    Attributes:
        number: its place among all cells, from 1.
        source: its text.
        answer: the function or class that it is for, by nbgrader's id; "" if its id is not one of the course's.
        turned: the nbgrader id of a code cell that was turned into text; "" for an ordinary code cell.
    """

    number: int
    source: str
    answer: str = ""
    turned: str = ""


def code_cells(contents: bytes, question: Question | None = None) -> list[CodeCell]:
    """A notebook's code cells.

    The course's own cells for setup, tests and written answers are only placeholders here. A code cell of the course's
    that has become Markdown or raw still counts.

    Args:
        contents: the file's bytes.
        question: the question it answers; without it, cells are not recognized by their ids.

    Raises:
        Unreadable: it is not a notebook, or not one for Python.
    """
    with without_uri_grammar():
        import nbformat
        from nbformat import reader

    invalid = (AttributeError, LookupError, TypeError, ValueError, RecursionError, nbformat.ValidationError)
    try:
        slim = json.dumps(json.loads(contents, object_hook=partial(_without_outputs, question)))
        if len(slim) > MAX_SLIM_BYTES:
            raise Unreadable(f"has {len(slim):,} bytes besides its outputs; {MAX_SLIM_BYTES:,} are allowed")
        notebook = reader.reads(slim)
        language = _language(notebook.metadata)
        cells = _counted(notebook.cells, question)
        "".join(cell.source for cell in cells).encode()  # fails if any of it is not text
        # The format dates from 2015; older notebooks have to be converted by Jupyter itself.
        readable = notebook.nbformat == nbformat.current_nbformat and isinstance(notebook.cells, list)
    except invalid:
        readable = False
    if not readable:
        raise Unreadable(why_unreadable(contents))
    if "python" not in language.lower():
        raise Unreadable("is a notebook for another language than Python")
    return cells


def why_unreadable(contents: bytes) -> str:
    """What is wrong with a file that is not a notebook, to follow the file's name."""
    conflict = _CONFLICT.search(contents)
    if conflict is None:
        return NO_NOTEBOOK
    line = contents.count(b"\n", 0, conflict.start()) + 1
    return (
        f"holds a merge conflict that was never settled (line {line} begins with <<<<<<<): keep one of the two "
        "versions there, delete the marks, and open it in Jupyter to see that it works"
    )


def as_module(cells: Iterable[CodeCell], name: str) -> bytes:
    """The text of a module with these cells' code.

    Args:
        cells: from `code_cells`.
        name: the notebook's, for people.
    """
    return laid_out(list(cells), name)[0]


def laid_out(cells: Sequence[CodeCell], name: str, question: Question | None = None) -> tuple[bytes, Notebook]:
    """The text of a module with these cells' code, and where each cell's lines are in it.

    Args:
        cells: from `code_cells`.
        name: the notebook's, for people.
        question: the question it answers.
    """
    # Two lines before any code, since Python looks there for the name of an encoding.
    text, lines = f"# The code cells of {name}\n\n", 3
    places = []
    for cell in cells:
        # What a cell counts as is part of the module's text, and so of the submission's digest.
        known = f": {cell.turned}, text" if cell.turned else f": {cell.answer}" if cell.answer else ""
        code = only_python(_without_fence(cell.source) if cell.turned else cell.source)
        text += f"# Code cell {cell.number}{known}\n{code}\n\n"
        last = lines + 1 + code.count("\n")
        places.append(Cell(cell.number, lines + 1, last, cell.answer, bool(cell.turned)))
        lines = last + 2
    names = tuple(answers_of(question).values()) if question is not None else ()
    return text.encode(), Notebook(name, tuple(places), names)


def turned_into_text(cells: Iterable[CodeCell], file: str) -> list[str]:
    """A sentence about each code cell that has become Markdown or raw."""
    return [f"{file}, cell {cell.number} ({cell.turned}) {TURNED}" for cell in cells if cell.turned]


def only_python(source: str) -> str:
    """A cell's Python. Lines that only IPython understands become comments, so that no line number changes."""
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


def _without_outputs(question: Question | None, found: dict[str, Any]) -> dict[str, Any]:
    """Part of a notebook without large content that is not code; called as soon as the part is parsed."""
    nothing: dict[str, Any] = {"outputs": [], "attachments": {}, "widgets": {}}
    found.update({key: nothing[key] for key in found.keys() & nothing})
    if found.get("cell_type") in ("markdown", "raw") and not _for_code(found, question):
        found["source"] = ""
    return found


def _counted(cells: Iterable[Any], question: Question | None) -> list[CodeCell]:
    """The cells that count as code, each with its number."""
    answers = answers_of(question) if question is not None else {}
    numbered = list(enumerate(cells, start=1))
    code = [_answer(number, cell, answers, question) for number, cell in numbered if cell.cell_type == "code"]
    for number, cell in numbered:
        name = _for_code(cell, question) if cell.cell_type != "code" else ""
        if name and isinstance(cell.source, str):
            code.append(CodeCell(number, cell.source, answers.get(name, ""), name))
    return sorted(code, key=lambda each: each.number)


def _answer(number: int, cell: Any, answers: Mapping[str, str], question: Question | None) -> CodeCell:
    """A code cell, or a placeholder if it is not part of the answer."""
    known = nbgrader_of(cell)
    tests = known.get("grade") is True and known.get("solution") is False
    name = known.get("grade_id")
    written = question is not None and name == f"{question.id}{WRITTEN}"
    if tests or written or name == SETUP or cell.source.lstrip().startswith(SETUP_LINE):
        left_out = "tests" if tests else "a written answer" if written else "setup"
        return CodeCell(number, f"# left out: {left_out}")
    return CodeCell(number, cell.source, answers.get(name, "") if isinstance(name, str) else "")


def nbgrader_of(cell: Any) -> Mapping[str, Any]:
    """A cell's nbgrader metadata; empty if it has none."""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return nbgrader if isinstance(nbgrader, dict) else {}


def _for_code(cell: Any, question: Question | None) -> str:
    """The course's id of a code cell for an answer or for given code between answers; "" for any other."""
    if question is None:
        return ""
    name = nbgrader_of(cell).get("grade_id")
    if isinstance(name, str) and name in answers_of(question):
        return name
    given = cell.get("id")  # given code has no other id
    return given if isinstance(given, str) and re.fullmatch(rf"{question.id}-given-\d{{1,3}}", given) else ""


def _without_fence(source: str) -> str:
    """Code without Markdown's fences around it, whose lines become empty."""
    fenced = re.fullmatch(r"(\s*)```[^`\n]*(\n.*\n)```(\s*)", source, re.DOTALL)
    return f"{fenced[1]}{fenced[2]}{fenced[3]}" if fenced else source


def _language(metadata: Any) -> str:
    named = metadata.get("language_info", {}).get("name") or metadata.get("kernelspec", {}).get("language")
    return str(named or "python")


def _left_out(line: str) -> str:
    """A placeholder for a line. Inside a block it must be a statement, since a block needs one."""
    indent = re.match(r"\s*", line)[0]  # type: ignore[index]  # it matches anything
    return f"{indent}{'pass  ' if indent else ''}# left out: {line.strip()}"


def _end_of_statement(text: str, begin: int) -> int:
    """The end of the last line of the statement that begins here; brackets and quotes may continue it.

    This looks at each character once. Python's own parser is left to the worker that imports the module: a hostile text
    could exploit its recursion and its running time.
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
            break  # it never ends, which importing will report
    return len(text)
