"""Generate students' stubs from the solutions: the same files with the answers cut out.

nbgrader's own ClearSolutions does the cutting, so that a file and its notebook have the same gaps.
"""

from __future__ import annotations

from pathlib import Path

from traitlets.config import Config

from autograder.course import CODE_STUB, EXPLANATIONS, SOLUTIONS, STUBS, TEXT_STUB, Assignment
from autograder.errors import GraderFault
from autograder.files.quick_import import without_uri_grammar
from autograder.files.whole import write_whole

with without_uri_grammar():
    from nbformat.v4 import new_code_cell, new_markdown_cell
    from nbgrader.preprocessors.clearsolutions import ClearSolutions


def make_stubs(assignment: Assignment) -> dict[str, str]:
    """The text of every generated file, by its name in `assignment/`.

    Raises:
        GraderFault: a solution is missing, its marks do not match, or a rubric's points are not the question's.
    """
    from autograder.review.rubric import check_rubrics  # missing in a copy that only grades notebooks

    names = [*(f"{question.module}.py" for question in assignment.questions), EXPLANATIONS]
    stubs = {name: _clear(SOLUTIONS / name) for name in names}
    check_rubrics(assignment, stubs[EXPLANATIONS])
    return stubs


def write_stubs(assignment: Assignment) -> list[str]:
    """Write the stubs that differ into `assignment/`; return their file names."""
    stubs = make_stubs(assignment)
    written = differing(stubs)
    for name in written:
        write_whole(STUBS / name, stubs[name])
    return written


def differing(stubs: dict[str, str]) -> list[str]:
    """Names of the files in `assignment/` that differ from these stubs or are missing."""
    return [name for name, text in stubs.items() if _current(STUBS / name) != text]


def _current(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _clear(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise GraderFault(f"{path} cannot be read: {error.strerror}.") from None
    new_cell = new_code_cell if path.suffix == ".py" else new_markdown_cell
    cell = new_cell(text)
    # A solution cell without marks would be emptied completely. A whole file must not be one, hence no metadata.
    stub = {"code_stub": {"python": CODE_STUB}, "text_stub": TEXT_STUB, "enforce_metadata": False}
    settings = Config(ClearSolutions=stub)
    try:
        cleared, _ = ClearSolutions(config=settings).preprocess_cell(cell, {"language": "python"}, 0)
    except RuntimeError as error:
        raise GraderFault(f"{path}: {error}") from None
    if cleared.source == text:
        raise GraderFault(f"{path} marks no answer with ### BEGIN SOLUTION and ### END SOLUTION.")
    return str(cleared.source)
