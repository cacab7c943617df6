"""Right answers, differently written, pass every test; of each question one in a plain run, all in the slow one."""

from __future__ import annotations

import pytest

from autograder import course
from autograder.evidence import bank
from autograder.evidence.bank import KnownAnswer
from autograder.tests.support.grading import Grade

RIGHT = {question.module: bank.right_answers(question.module) for question in course.load().questions}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(answer, id=f"{answer.module}-{answer.name}", marks=pytest.mark.slow if number else ())
        for answers in RIGHT.values()
        for number, answer in enumerate(answers)
    ],
)
def test_a_right_answer_passes_every_test(graded: Grade, answer: KnownAnswer) -> None:
    (question,) = graded(answer.source, question=answer.question).questions
    assert [(test.name, test.message, test.staff) for test in question.tests if test.status != "passed"] == []
    assert question.score == question.max_score
    assert question.flags == []


def test_the_bank_holds_enough() -> None:
    count = {module: len(answers) for module, answers in RIGHT.items()}
    assert all(each >= 3 for each in count.values())
    assert sum(each for module, each in count.items() if module < "q6") >= 30
