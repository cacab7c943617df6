"""Stubs are the solutions without the answers."""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder import course
from autograder.commands import main
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.release import stubs


def test_the_stubs_are_in_step(assignment: Assignment) -> None:
    assert stubs.differing(stubs.make_stubs(assignment)) == []


def test_a_stub_keeps_signatures_and_docstrings_and_no_answer(assignment: Assignment) -> None:
    for question in assignment.questions:
        name = f"{question.module}.py"
        stub, solution = (course.STUBS / name).read_text("utf-8"), (course.SOLUTIONS / name).read_text("utf-8")
        assert "SOLUTION" not in stub
        assert "einsum(" not in stub
        stub_functions, functions = (
            {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
            for text in (stub, solution)
        )
        assert stub_functions.keys() == functions.keys()
        for function, node in functions.items():
            assert ast.dump(node.args) == ast.dump(stub_functions[function].args)
            assert ast.get_docstring(node) == ast.get_docstring(stub_functions[function])
        spec = importlib.util.spec_from_file_location("stub", course.STUBS / name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        operation = getattr(module, question.from_scratch[0] if question.from_scratch else next(iter(functions)))
        with pytest.raises(NotImplementedError, match="TODO"):
            operation(None, 1)


def test_the_written_questions_keep_what_a_good_answer_has() -> None:
    text = (course.STUBS / "explanations.md").read_text("utf-8")
    assert text.count("## Q") == 2
    assert text.count("A good answer has") == 2
    assert text.count(course.TEXT_STUB) == 2
    assert "= 24" not in text


def test_marks_that_do_not_match_are_reported(
    assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stubs, "SOLUTIONS", tmp_path)
    with pytest.raises(GraderFault, match="cannot be read"):
        stubs.make_stubs(assignment)
    (tmp_path / "explanations.md").write_text((course.SOLUTIONS / "explanations.md").read_text("utf-8"))
    (tmp_path / "q1_conv2d.py").write_text("x = 1\n")
    with pytest.raises(GraderFault, match="marks no answer"):
        stubs.make_stubs(assignment)
    (tmp_path / "q1_conv2d.py").write_text("### BEGIN SOLUTION\nx = 1\n")
    with pytest.raises(GraderFault, match="no end solution"):
        stubs.make_stubs(assignment)


@pytest.mark.parametrize("command", ["stubs", "stubs --check", "release student", "verify"])
@pytest.mark.parametrize(
    ("question", "written", "words"),
    [
        ("q1", 5, "written answer to Q1. Its criteria add up to 4 points; assignment.toml gives 5 (written) for it."),
        ("q3", 0, "written answer to Q3. Its criteria add up to 3 points; assignment.toml gives 0 (written) for it."),
        ("q2", 1, "written answer to Q2. explanations.md has no list after “A good answer has” for Q2."),
    ],
)
def test_a_rubric_of_other_points_than_the_questions_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    assignment: Assignment,
    command: str,
    question: str,
    written: int,
    words: str,
) -> None:
    questions = [replace(each, written=written) if each.id == question else each for each in assignment.questions]
    monkeypatch.setattr(course, "load", lambda: replace(assignment, questions=tuple(questions)))
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(main, command.split())
    assert ended.exit_code == 1
    assert words in ended.output
    assert f"{course.SOLUTIONS / 'explanations.md'} and {course.SETTINGS} do not agree" in ended.output
    assert not list(tmp_path.iterdir())
