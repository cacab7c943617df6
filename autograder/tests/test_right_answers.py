"""Answers that are right, however they are written, lose nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.tests.conftest import Grade

BANK = sorted((Path(__file__).parent / "right_answers").glob("*/*.py"))


@pytest.mark.parametrize("answer", BANK, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_right_answer_passes_every_test(graded: Grade, answer: Path) -> None:
    solution = (course.SOLUTIONS / f"{answer.parent.name}.py").read_text("utf-8")
    number = answer.parent.name.partition("_")[0]
    (question,) = graded(f"{solution}\n\n{answer.read_text('utf-8')}", question=number).questions
    assert [(test.name, test.message, test.staff) for test in question.tests if test.status != "passed"] == []
    assert question.score == question.max_score
    assert question.flags == []


def test_the_bank_holds_enough(assignment: Assignment) -> None:
    count = Counter(path.parent.name for path in BANK)
    assert count["q1_conv2d"] >= 15
    assert all(count[question.module] >= 3 for question in assignment.questions)
