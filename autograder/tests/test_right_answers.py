"""Answers that are right, however they are written, lose nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.tests.conftest import SOLUTION, Grade

BANK = sorted((Path(__file__).parent / "right_answers" / "q1_conv2d").glob("*.py"))


@pytest.mark.parametrize("answer", BANK, ids=lambda path: path.stem)
def test_a_right_answer_passes_every_test(graded: Grade, answer: Path) -> None:
    report = graded(f"{SOLUTION}\n\n{answer.read_text('utf-8')}")
    (question,) = report.questions
    assert [(test.name, test.message, test.staff) for test in question.tests if test.status != "passed"] == []
    assert question.score == question.max_score == 16
    assert question.flags == []


def test_the_bank_holds_fifteen_answers_and_more() -> None:
    assert len(BANK) >= 15
