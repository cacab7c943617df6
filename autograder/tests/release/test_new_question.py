"""A new question: files that agree with each other; what cannot be made is a sentence, and nothing is written."""

from __future__ import annotations

import ast
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.release.contents import hints_for
from autograder.release.new_question import HINTS, SETTINGS, NewQuestion, new_question

ASSIGNMENT = course.load()
NEW = NewQuestion("q8_batch_norm", 'Batch "normalisation"', 10)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in (HINTS, SETTINGS):
        (tmp_path / path).parent.mkdir(parents=True)
        shutil.copy(course.ROOT / path, tmp_path / path)
    return tmp_path


def test_its_files_and_settings_are_written(root: Path) -> None:
    written = new_question(root, ASSIGNMENT, NEW)
    assert len(written) == 6  # besides the stub: four of its own, hints and assignment.toml
    assert all((root / path).is_file() for path in written)
    settings = tomllib.loads((root / SETTINGS).read_text("utf-8"))["question"]
    assert settings[-1] == {"id": "q8", "title": NEW.title, "module": NEW.module, "points": 10}
    assert len(settings) == len(ASSIGNMENT.questions) + 1
    assert tomllib.loads((root / HINTS).read_text("utf-8"))["q8"]["start"]["hints"][2].startswith("A line")


def test_points_add_up_and_the_wrong_answer_fits_the_solution(root: Path) -> None:
    for points in (2, 3, 10):
        question = NewQuestion(f"q{points + 20}_x", "X", points)
        files = {path: (root / path).read_text("utf-8") for path in new_question(root, ASSIGNMENT, question)}
        marks = [
            node.args[0].value  # type: ignore[attr-defined]
            for path, text in files.items() if path.endswith(".py")
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "points"
        ]  # fmt: skip
        assert sum(marks) == points
        assert min(marks) > 0
        bank = tomllib.loads(files[f"autograder/evidence/bank/wrong/q{points + 20}_x.toml"])["wrong"]
        assert all(files[f"solutions/q{points + 20}_x.py"].count(entry["place"]) == 1 for entry in bank)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (NewQuestion("q2_gelu", "GELU", 5), "has a question q2 already, q2_relu"),
        (NewQuestion("batch_norm", "X", 5), "as in q8_batch_norm"),
        (NewQuestion("q8_Batch", "X", 5), "as in q8_batch_norm"),
        (NewQuestion("q8_../x", "X", 5), "as in q8_batch_norm"),
        (NewQuestion("q8_x", "X", 1), "--points must be at least 2"),
        (NewQuestion("q8_x", "a\nb", 5), "--title must be one line"),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_is_written(root: Path, new: NewQuestion, words: str) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(UnusableRequest, match=words):
        new_question(root, ASSIGNMENT, new)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("left", ["tests/test_q8_batch_norm.py", "assignment/q8_batch_norm.py"])
def test_what_is_left_of_another_is_not_overwritten(root: Path, left: str) -> None:
    (root / left).parent.mkdir(parents=True, exist_ok=True)
    (root / left).write_text("mine")
    with pytest.raises(UnusableRequest, match=f"{left} is there already"):
        new_question(root, ASSIGNMENT, NEW)
    assert (root / left).read_text() == "mine"
    assert not (root / "solutions").exists()


def test_hints_of_a_question_that_is_not_asked_are_not_given() -> None:
    text = (course.ROOT / HINTS).read_text("utf-8")
    assert hints_for(text, ASSIGNMENT) == text
    kept, gone = ASSIGNMENT.questions[:-1], ASSIGNMENT.questions[-1]
    without = tomllib.loads(hints_for(text, replace(ASSIGNMENT, questions=kept)))
    assert gone.id in tomllib.loads(text)
    assert without == {name: hints for name, hints in tomllib.loads(text).items() if name != gone.id}
