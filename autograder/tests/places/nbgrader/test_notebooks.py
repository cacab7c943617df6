"""Notebooks made from the solutions: what nbgrader reads of them, and that they are worth what the modules are."""

from __future__ import annotations

import ast
import base64
import json
import re
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.grading.grade import grade
from autograder.grading.report import Report
from autograder.grading.suite import public_points
from autograder.grading.written import read_written
from autograder.intake import MAX_MODULE_BYTES, Submission, read_submission
from autograder.intake.notebook import as_module, code_cells
from autograder.places.nbgrader import notebooks, own_kernel
from autograder.places.nbgrader.notebooks import make_notebooks
from autograder.sandbox.sandbox import Sandbox

OURS = {"code_stub": {"python": course.CODE_STUB}, "text_stub": course.TEXT_STUB}


@pytest.fixture(scope="session")
def made(assignment: Assignment) -> dict[str, bytes]:
    return make_notebooks(assignment)


@pytest.fixture
def write(tmp_path: Path, assignment: Assignment) -> Callable[[dict[str, Any]], Submission]:
    """Hand in these notebooks."""

    def write_them(each: dict[str, Any]) -> Submission:
        for name, notebook in each.items():
            text = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
            (tmp_path / name).write_bytes(text)
        return read_submission(tmp_path, assignment)

    return write_them


def opened(made: dict[str, bytes]) -> dict[str, Any]:
    return {name: nbformat.reads(contents.decode(), 4) for name, contents in made.items()}


def released(made: dict[str, bytes], settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """What nbgrader makes of notebooks for students."""
    config = Config(ClearSolutions=settings or {})
    resources = {"language": "python", "nbgrader": {"notebook": "q"}, "unique_key": "q"}
    cleared = {}
    for name, notebook in opened(made).items():
        for step in (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, ClearHiddenTests):
            notebook, _ = step(config=config).preprocess(notebook, resources)  # noqa: PLW2901
        cleared[name] = notebook
    return cleared


def without_metadata(made: dict[str, Any]) -> dict[str, Any]:
    """As saved by a tool that keeps no metadata of cells and gives them its own ids."""
    for notebook in made.values():
        for number, cell in enumerate(notebook.cells):
            cell.metadata, cell.id = nbformat.NotebookNode(), f"other-{number}"
    return made


def by_id(notebook: Any, grade_id: str) -> Any:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def test_nbgrader_takes_them(made: dict[str, bytes], assignment: Assignment) -> None:
    assert list(made) == [f"{question.module}.ipynb" for question in assignment.questions]
    for notebook in opened(made).values():
        nbformat.validate(notebook)
        MetadataValidatorV3().validate_nb(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        settings = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
        assert all(re.fullmatch(r"[a-zA-Z0-9_\-]+", each.grade_id) for each in settings)
        assert all(not each.task for each in settings)


def test_the_same_files_give_the_same_bytes(made: dict[str, bytes], assignment: Assignment) -> None:
    assert make_notebooks(assignment) == made


def test_the_points_are_the_assignments(made: dict[str, bytes], assignment: Assignment) -> None:
    public = public_points(assignment.questions)
    for question, notebook in zip(assignment.questions, opened(made).values(), strict=True):
        points = {
            cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade")
        }
        assert sum(points.values()) == question.points
        assert points[f"{question.id}-public"] == public[question.id]
        assert points.get(f"{question.id}-written", 0) == question.written


def test_a_question_that_was_dropped_is_gone(assignment: Assignment) -> None:
    kept = replace(assignment, questions=assignment.choose(["q2"]))
    notebook = opened(make_notebooks(kept))
    assert list(notebook) == ["q2_relu.ipynb"]
    assert 'check("q2")' in by_id(notebook["q2_relu.ipynb"], "q2-public").source


@pytest.mark.parametrize("settings", [OURS, {}], ids=["ours", "nbgrader's"])
def test_what_students_get_is_the_stubs(made: dict[str, bytes], assignment: Assignment, settings: Any) -> None:
    for question, notebook in zip(assignment.questions, released(made, settings).values(), strict=True):
        text = nbformat.writes(notebook)
        assert "SOLUTION" not in text
        assert "HIDDEN" not in text
        assert "own_kernel" not in text
        module = as_module(code_cells(text.encode()), "its notebook").decode()
        if settings:
            assert _statements(module) == _statements((course.STUBS / f"{question.module}.py").read_text("utf-8"))
        else:
            assert module.count("# YOUR CODE HERE") == module.count("raise NotImplementedError()") > 0
        assert by_id(notebook, f"{question.id}-hidden").source.startswith("# Hidden tests")


def _statements(module: str) -> list[str]:
    """What a module does, apart from its docstring and what only changes how annotations are read."""
    body = ast.parse(module).body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        del body[0]
    return [ast.dump(node) for node in body if not isinstance(node, ast.ImportFrom) or node.module != "__future__"]


def test_a_notebook_is_small_and_brings_only_what_students_have(made: dict[str, bytes], assignment: Assignment) -> None:
    for notebook in opened(made).values():
        assert len(nbformat.writes(notebook)) < 200_000
        packed = re.search(r'^    "(.*)"$', by_id(notebook, "setup").source, re.MULTILINE)
        assert packed is not None
        files = json.loads(zlib.decompress(base64.b64decode(packed[1])))
        stubs_of = {f"assignment/{question.module}.py" for question in assignment.questions}
        assert not stubs_of & files.keys()
        assert files.pop("pyproject.toml") == f'[tool.course]\npython = "{assignment.python}"\n'
        assert {"tests/notebook.py", "tests/test_q1_conv2d.py", "assignment/given/training.py"} <= files.keys()
        for name, text in files.items():
            assert (course.ROOT / name).read_text("utf-8") == text
            assert not re.search(r"(from|import) (autograder|solutions)", text), name


@pytest.mark.slow  # grades all questions twice
def test_solutions_in_notebooks_get_all_points_and_cleared_ones_none(
    made: dict[str, bytes],
    assignment: Assignment,
    sandbox: Sandbox,
    write: Callable[..., Submission],
    solutions_report: Report,
) -> None:
    modules = solutions_report
    answered = write(made)
    assert answered.problems == {}
    report = grade(answered, assignment, sandbox)
    assert [question.score for question in report.questions] == [question.score for question in modules.questions]
    assert report.score == report.max_score > 0
    assert report.pending == modules.pending > 0
    assert report.left_out == []
    empty = grade(write(released(made, OURS)), assignment, sandbox)
    assert (empty.score, empty.pending) == (0, 0)
    assert {question.written.state for question in empty.questions if question.written} == {"blank"}


def test_metadata_may_be_gone_and_tests_called_anywhere(
    made: dict[str, bytes], assignment: Assignment, sandbox: Sandbox, write: Callable[..., Submission]
) -> None:
    each = without_metadata(opened(made))
    for name, notebook in each.items():
        question = name.split("_")[0]
        for cell in notebook.cells:  # what only staff has
            cell.source = re.sub("### BEGIN HIDDEN.*### END HIDDEN TESTS", "", cell.source, flags=re.DOTALL)
        more = f"from tests.notebook import check\npoints = check('{question}')  # again\ntrain(\"lenet\", epochs=1)"
        notebook.cells.insert(4, nbformat.v4.new_code_cell(more))
    submission = write(each)
    assert all(len(module) < MAX_MODULE_BYTES // 2 for module in submission.modules.values())
    report = grade(submission, assignment, sandbox)
    assert report.score == report.max_score
    assert report.pending > 0


@pytest.mark.parametrize("keep_metadata", [True, False])
@pytest.mark.parametrize("settings", [OURS, {}], ids=["ours", "nbgrader's"])
def test_written_answers_are_found_in_notebooks(
    made: dict[str, bytes],
    assignment: Assignment,
    write: Callable[..., Submission],
    settings: Any,
    keep_metadata: bool,
) -> None:
    each = released(made, settings)
    q1, q3 = assignment.choose(["q1", "q3"])
    cells = {question.id: each[f"{question.module}.ipynb"].cells for question in (q1, q3)}
    if not keep_metadata:
        without_metadata(each)
    assert _states(write(each), q1, q3) == ["blank", "blank"]
    answer = cells["q1"][-1]
    answer.source = answer.source.replace("kernel 3, stride 2 | |", "kernel 3, stride 2 | 24 |")
    submission = write(each)
    assert _states(submission, q1, q3) == ["awaiting", "blank"]
    written = read_written(submission, q1)
    assert written is not None
    assert written.comment.startswith("Of the table's 6 numbers 1 are right")
    # An answer in a cell of its own below, with headings that are another's, belongs to its notebook's question.
    cells["q3"].append(nbformat.v4.new_markdown_cell("## Q1\n# Q3\n## Mine\nIt keeps the largest."))
    submission = write(each)
    assert _states(submission, q1, q3) == ["awaiting", "awaiting"]
    assert submission.explanations is not None
    assert submission.explanations.count("\n## ") == 1
    assert "\n### Mine\nIt keeps" in submission.explanations.split("\n## Q3")[1]


def _states(submission: Submission, *questions: Any) -> list[str]:
    return [written.state for question in questions if (written := read_written(submission, question))]


@pytest.mark.parametrize("settings", [OURS, {}], ids=["ours", "nbgrader's"])
def test_notebooks_as_they_were_handed_out_are_not_answers_beside_modules(
    made: dict[str, bytes], assignment: Assignment, tmp_path: Path, write: Callable[..., Submission], settings: Any
) -> None:
    for question in assignment.questions:
        shutil.copy(course.SOLUTIONS / f"{question.module}.py", tmp_path)
    assert write(released(made, settings)).notes == ()
    answered = write({"q2_relu.ipynb": made["q2_relu.ipynb"]})
    for question in assignment.questions:
        shutil.copy(course.STUBS / f"{question.module}.py", tmp_path)
    modules = read_submission(tmp_path, assignment).modules
    assert b"code cells of q2_relu.ipynb" in modules["q2_relu.py"]
    assert modules["q1_conv2d.py"] == (course.STUBS / "q1_conv2d.py").read_bytes()
    assert answered.modules["q2_relu.py"] == (course.SOLUTIONS / "q2_relu.py").read_bytes()


def test_explanations_go_before_notebooks(
    made: dict[str, bytes], tmp_path: Path, write: Callable[..., Submission]
) -> None:
    (tmp_path / course.EXPLANATIONS).write_text("## Q1\nHere.")
    submission = write(made)
    assert submission.explanations == "## Q1\nHere."


def test_a_notebook_may_hold_the_answer_beside_a_module(
    made: dict[str, bytes], assignment: Assignment, tmp_path: Path, write: Callable[..., Submission]
) -> None:
    (tmp_path / "q1_conv2d.py").write_text("x = 1\n")
    submission = write({"q1_conv2d.ipynb": made["q1_conv2d.ipynb"]})
    assert submission.modules == {"q1_conv2d.py": b"x = 1\n"}
    assert _states(submission, *assignment.choose(["q1", "q3"])) == ["awaiting", "blank"]
    assert submission.left_out == ()


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        (b"", "q1_conv2d.ipynb is not a valid notebook of today's format"),
        (b"[" * 100_000, "q1_conv2d.ipynb is not a valid notebook of today's format"),
        (b"[1]", "q1_conv2d.ipynb is not a valid notebook of today's format"),
        (
            b'{"cells": [{"cell_type": "markdown", "source": ["## Q1\\n", "%b"]}]}' % (b"x" * 200_000),
            "q1_conv2d.ipynb has 200,001 bytes of written answers; 131,072 are allowed.",
        ),
    ],
)
def test_an_answer_that_cannot_be_read_awaits_a_person(
    write: Callable[..., Submission], assignment: Assignment, contents: bytes, problem: str
) -> None:
    submission = write({"q1_conv2d.ipynb": contents})
    assert submission.problems[course.EXPLANATIONS].startswith(problem)
    assert _states(submission, *assignment.choose(["q1"])) == ["awaiting"]


@pytest.mark.parametrize(
    "cells",
    [
        b"{}", b"3", b'[3, "x", null]', b'[{"cell_type": "markdown"}]', b'[{"cell_type": "markdown", "source": 3}]',
        b'[{"cell_type": "markdown", "source": ["a", 3], "metadata": 4}]',
        b'[{"cell_type": "markdown", "source": "\\ud800", "metadata": {"nbgrader": {"grade_id": []}}}]',
    ],
)  # fmt: skip
def test_markdown_of_any_make_holds_no_answer(
    write: Callable[..., Submission], assignment: Assignment, cells: bytes
) -> None:
    submission = write({"q1_conv2d.ipynb": b'{"cells": %b}' % cells, "q2_relu.ipynb": b"{}"})
    assert submission.explanations is None
    assert _states(submission, *assignment.choose(["q1"])) in (["blank"], ["awaiting"])


def test_only_the_courses_own_cells_are_left_out() -> None:
    def code(source: str, **settings: Any) -> dict[str, Any]:
        return {"cell_type": "code", "metadata": {"nbgrader": settings} if settings else {}, "source": source}

    cells = [
        code("setup = 1", grade_id="setup", locked=True),
        code("#@title Setup: run this cell first { x }\nsetup = 2"),
        code("test = 3", grade=True, solution=False, grade_id="q1-public"),
        code("answer = 4", grade=True, solution=True),
        code("answer = 5", grade=False, solution=True, grade_id="q1-conv2d"),
        code("check = 6; check('q1')"),
        code("check(1)\ncheckers('q1')\nself.train('x')"),
        {**code("answer = 7"), "metadata": {"nbgrader": 3}},
    ]
    notebook = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()
    module = as_module(code_cells(notebook), "it").decode()
    kept = [line for line in module.splitlines() if line and not line.startswith("#")]
    assert kept == [
        *("answer = 4", "answer = 5", "check = 6; check('q1')", "check(1)", "checkers('q1')", "self.train('x')"),
        "answer = 7",
    ]


def test_solutions_that_make_no_notebook_are_reported(
    assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebooks, "SOLUTIONS", tmp_path)
    kept = replace(assignment, questions=assignment.choose(["q1"]))
    for text, message in (
        (None, "cannot be read"),
        ("x = 1\n", "has no docstring"),
        ("x =\n", "is not valid Python"),
        ('"""Q."""\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n', "outside of functions and classes"),
    ):
        if text is not None:
            (tmp_path / "q1_conv2d.py").write_text(text)
        with pytest.raises(GraderFault, match=message):
            make_notebooks(kept)
    (tmp_path / "q1_conv2d.py").write_text('"""Q."""\n')
    (tmp_path / "explanations.md").write_text("## Q1. Why?\n\nBecause.\n")
    with pytest.raises(GraderFault, match="has no answer to q1"):
        make_notebooks(kept)


@pytest.mark.parametrize("question", [question.id for question in course.load().questions if not question.trains])
def test_hidden_tests_in_nbgraders_own_kernel(
    assignment: Assignment, question: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (chosen,) = assignment.choose([question])
    wanted = chosen.automatic - public_points((chosen,))[question]
    assert own_kernel.hidden(question, _definitions(course.SOLUTIONS, chosen.module)) == wanted
    assert capsys.readouterr() == (f"{question} hidden tests: {wanted} of {wanted} points\n", "")
    assert own_kernel.hidden(question, _definitions(course.STUBS, chosen.module)) == 0
    printed = capsys.readouterr().out
    assert printed.count("Your code raised NotImplementedError.") == printed.count("\n  ") > 1


def test_the_own_kernel_tells_no_inputs_and_sees_the_librarys_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    assert own_kernel.hidden("q2", {"relu": abs_for_relu}) == 0
    printed = capsys.readouterr().out
    assert "Some output values are wrong. Negative values change their sign; they are to become 0." in printed
    assert "call" not in printed
    assert own_kernel.hidden("q2", {"relu": library_relu}) == 0
    assert "Torch's own operation was used." in capsys.readouterr().out


def abs_for_relu(input: Any, inplace: bool = False) -> Any:
    return input.abs_() if inplace else input.abs()


def library_relu(input: Any, inplace: bool = False) -> Any:
    return torch.nn.functional.relu(input, inplace)


abs_for_relu.__name__ = library_relu.__name__ = "relu"


@pytest.mark.slow
def test_networks_are_trained_in_the_own_kernel(assignment: Assignment) -> None:
    (chosen,) = assignment.choose(["q6"])
    wanted = chosen.automatic - public_points((chosen,))["q6"]
    assert own_kernel.hidden("q6", _definitions(course.SOLUTIONS, chosen.module)) == wanted


def _definitions(folder: Path, module: str) -> dict[str, Any]:
    definitions: dict[str, Any] = {"__name__": "notebook"}
    exec(compile((folder / f"{module}.py").read_text("utf-8"), module, "exec"), definitions)  # noqa: S102
    return definitions
