"""Make the notebooks, one a question, from the same solutions and docstrings as the stubs.

They are nbgrader's source version, with answers and hidden tests; nbgrader cuts both out for students.
"""

from __future__ import annotations

import ast
import base64
import inspect
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import v4

from autograder.course import EXPLANATIONS, PUBLIC_TESTS, ROOT, SOLUTIONS, STUBS, Assignment, Question
from autograder.errors import GraderFault
from autograder.grading.suite import public_points
from autograder.intake.cells import grade_id
from autograder.intake.notebook import SETUP, SETUP_LINE, WRITTEN
from autograder.places.nbgrader import setup_cell

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"

_TABLE = re.compile(r"(?m)(^\|.*\n)+\n?")

# Sections of a docstring that say how the function is called: they stay where the code is.
_SECTIONS = ("Args:", "Returns:", "Raises:", "Attributes:")


def make_notebooks(assignment: Assignment) -> dict[str, bytes]:
    """The source version of each question's notebook, by its file name. The same files give the same bytes.

    Raises:
        GraderFault: a solution is missing, or no module that can be taken apart.
    """
    public = public_points(assignment.questions)
    given = _packed(assignment)
    return {
        f"{question.module}.ipynb": _notebook(question, public[question.id], given) for question in assignment.questions
    }


def _notebook(question: Question, public: int, given: str) -> bytes:
    cells = [
        *_module_cells(question, given),
        *_test_cells(question, public),
        *(_training_cells(question) if question.trains else ()),
        *(_written_cells(question) if question.written else ()),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return f"{json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)}\n".encode()


def _module_cells(question: Question, given: str) -> Iterator[Any]:
    """What to read, the setup cell, and the module, a cell for each thing to write and one for what lies between."""
    docstring, parts = _parts(question)
    yield _markdown(f"{question.id}-title", _title(question, docstring))
    yield _code(SETUP, _setup(question, given), nbgrader={"grade_id": SETUP, "locked": True}, **_COLLAPSED)
    for number, part in enumerate(parts, start=1):
        if not part.name:
            yield _code(f"{question.id}-given-{number}", part.source)
            continue
        name = grade_id(question.id, part.name)
        yield _markdown(f"{name}-text", f"## `{part.name}`\n\n{_prose(part.docstring)}")
        yield _code(name, part.source, nbgrader={"grade_id": name, "solution": True})


def _test_cells(question: Question, public: int) -> Iterator[Any]:
    about_public = "# The public tests. Run this cell as often as you like; the last line is your points in them."
    yield _code(
        f"{question.id}-public",
        f'{about_public}\ncheck("{question.id}")',
        nbgrader={"grade_id": f"{question.id}-public", "grade": True, "locked": True, "points": public},
    )
    about_hidden = (
        "# Hidden tests of the same kind, on other inputs, run when this is graded. There is nothing to do here."
    )
    hidden = f'from autograder.places.nbgrader.own_kernel import hidden\n\nhidden("{question.id}", globals())'
    yield _code(
        f"{question.id}-hidden",
        f"{about_hidden}\n{BEGIN_HIDDEN}\n{hidden}\n{END_HIDDEN}",
        nbgrader={
            "grade_id": f"{question.id}-hidden",
            "grade": True,
            "locked": True,
            "points": question.automatic - public,
        },
    )


def _training_cells(question: Question) -> Iterator[Any]:
    """Training, which takes a minute and so is not run with all the other cells."""
    about = "# Train it, beside the network of Week 8: take away the # below. A minute on two cores, seconds on a GPU."
    yield _code(f"{question.id}-train", f'{about}\n# train("{question.trains}")')


def _written_cells(question: Question) -> Iterator[Any]:
    """The written question to read, and its cell for the answer, with the same heading and table as the template."""
    text = _solution(EXPLANATIONS)
    found = re.search(rf"(?ims)^(##\s*{re.escape(question.id)}\b.*?$)(.*?)(?=^##\s|\Z)", text)
    region = found and re.search(rf"(?ms)^[^\n]*{BEGIN_SOLUTION}.*?{END_SOLUTION}[^\n]*$", found[2])
    if not found or not region:
        raise GraderFault(f"{SOLUTIONS / EXPLANATIONS} has no answer to {question.id} marked with {BEGIN_SOLUTION}.")
    heading, task = found[1], found[2][: region.start()]
    table = "\n".join(re.findall(r"(?m)^\|.*$", task))
    yield _markdown(f"{question.id}-task", f"{heading}\n\n{re.sub(_TABLE, '', task).strip()}")
    yield _markdown(
        f"{question.id}{WRITTEN}",
        "\n\n".join(part for part in (heading, table, region[0].strip()) if part),
        nbgrader={
            "grade_id": f"{question.id}{WRITTEN}",
            "grade": True,
            "solution": True,
            "points": question.written,
        },
    )


@dataclass(frozen=True)
class _Part:
    """A stretch of a module: something to write, or what lies between.

    Attributes:
        source: the lines.
        name: of the function or class to write, "" of what is given.
        docstring: its.
    """

    source: str
    name: str = ""
    docstring: str = ""


def _parts(question: Question) -> tuple[str, list[_Part]]:
    """A module taken apart: its docstring, and the rest in order.

    Raises:
        GraderFault: it has no docstring, or an answer stands outside of any function and class.
    """
    name = f"{question.module}.py"
    text = _solution(name)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise GraderFault(f"{SOLUTIONS / name} is not valid Python: {error}") from None
    docstring = ast.get_docstring(tree)
    if docstring is None:
        raise GraderFault(f"{SOLUTIONS / name} has no docstring: the notebook would begin without a word.")
    lines = text.splitlines()
    parts: list[_Part] = []
    at = tree.body[0].end_lineno or 0
    for node in tree.body[1:]:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        begin = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
        end = node.end_lineno or 0
        while end < len(lines) and (lines[end].startswith(" ") or not lines[end].strip()):
            end += 1  # comments that end the body, END SOLUTION above all
        source = _stretch(lines[begin:end])
        if BEGIN_SOLUTION not in source:
            continue
        parts += [*_given(lines[at:begin]), _Part(source, node.name, ast.get_docstring(node) or "")]
        at = end
    parts += _given(lines[at:])
    if any(BEGIN_SOLUTION in part.source for part in parts if not part.name):
        raise GraderFault(f"{SOLUTIONS / name} marks an answer outside of functions and classes.")
    return docstring, parts


def _given(lines: Sequence[str]) -> list[_Part]:
    """What lies between two things to write, if it is anything.

    In a notebook `from __future__` would have to stand before the setup, and its effect would be on all cells.
    """
    source = _stretch([line for line in lines if not line.startswith("from __future__ import")])
    return [_Part(source)] if source else []


def _stretch(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()


def _title(question: Question, docstring: str) -> str:
    heading, _, rest = docstring.partition("\n")
    by_hand = f", {question.written} of them for the written answer at the end" if question.written else ""
    how = (
        f"{question.points} points{by_hand}. Run the cells from top to bottom; write your code where it says so, run "
        "its cell again, then the one with the public tests. Cells of your own may stand anywhere: what fails in one "
        "of them is left out when this is graded, and costs nothing unless your answer needs it."
    )
    return f"# {heading.rstrip('.')}\n\n{_in_a_notebook(rest.strip())}\n\n{how}"


def _prose(docstring: str) -> str:
    """A docstring as Markdown: what it asks for, formula and example. Indented formulas are code there too."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
        if paragraph.startswith(_SECTIONS):
            break
        paragraphs.append(paragraph)
    return _in_a_notebook("\n\n".join(paragraphs))


def _in_a_notebook(text: str) -> str:
    """The written answers stand in `explanations.md` beside modules, and at the end of a notebook."""
    return text.replace(f"in `{EXPLANATIONS}`", "at the end of this notebook").replace(
        f"in\n`{EXPLANATIONS}`", "at the end of\nthis notebook"
    )


def _setup(question: Question, given: str) -> str:
    """The setup cell: the given files and the public tests travel in it, for a notebook that is alone."""
    source = inspect.getsource(setup_cell._bring_the_tests)  # noqa: SLF001  (its own name in a notebook)
    call = f'_bring_the_tests(\n    "{given}"\n)'
    training = "from assignment.given.notebook import train\n" if question.trains else ""
    imports = f"{training}from tests.notebook import check"
    return (
        f'{SETUP_LINE} {{ display-mode: "form" }}\n'
        "# Finds the course's tests, or unpacks them beside this notebook. There is nothing to change or read here.\n"
        f"{source}\n\n{call}\n{imports}"
    )


def _packed(assignment: Assignment) -> str:
    """The given files and the public tests, as text for the setup cell."""
    stubs = {f"{question.module}.py" for question in assignment.questions}
    files = [
        *(file for file in sorted(STUBS.rglob("*")) if file.suffix in (".py", ".toml") and file.name not in stubs),
        *sorted(PUBLIC_TESTS.rglob("*.py")),
    ]
    texts = {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in files}
    texts["pyproject.toml"] = f'[tool.course]\npython = "{assignment.python}"\n'
    return base64.b64encode(zlib.compress(json.dumps(texts, sort_keys=True).encode(), 9)).decode("ascii")


def _solution(name: str) -> str:
    try:
        return (SOLUTIONS / name).read_text("utf-8")
    except OSError as error:
        raise GraderFault(f"{SOLUTIONS / name} cannot be read: {error.strerror}.") from None


_COLLAPSED: dict[str, Any] = {"cellView": "form", "jupyter": {"source_hidden": True}}  # for Colab, for JupyterLab


def _code(cell_id: str, source: str, *, nbgrader: dict[str, Any] | None = None, **metadata: Any) -> Any:
    metadata |= {"nbgrader": _about_cell("code", **nbgrader)} if nbgrader else {}
    return v4.new_code_cell(source, id=cell_id, metadata=metadata)


def _markdown(cell_id: str, source: str, *, nbgrader: dict[str, Any] | None = None) -> Any:
    metadata = {"nbgrader": _about_cell("markdown", **nbgrader)} if nbgrader else {}
    return v4.new_markdown_cell(source, id=cell_id, metadata=metadata)


def _about_cell(cell_type: str, grade_id: str, **settings: Any) -> dict[str, Any]:
    """What nbgrader reads about a cell."""
    return {
        "cell_type": cell_type,
        "grade": False,
        "grade_id": grade_id,
        "locked": False,
        "schema_version": 3,
        "solution": False,
        "task": False,
        **settings,
    }
