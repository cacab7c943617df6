"""Answers with one fault lose points, and what the student reads gives nothing away. `verify` grades the whole bank."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from assignment.given.question_files import question_of
from autograder import course
from autograder.course import Assignment
from autograder.evidence import bank
from autograder.evidence.bank import KnownAnswer
from autograder.evidence.verify import Verdict, report
from autograder.grading.grade import grade
from autograder.intake import read_submission
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.grading import SOLUTION, Grade
from tests.diagnosis.causes import CAUSES, REFUSED
from tests.diagnosis.model_misconceptions import CAUSES as MODEL_CAUSES
from tests.diagnosis.operations import OPERATIONS

MODULES = [question.module for question in course.load().questions]
WRONG = [answer for module in MODULES for answer in bank.wrong_answers(module)]
LEAST = {"q1": 70, "q2": 10, "q3": 35, "q4": 30, "q5": 15, "q6": 15, "q7": 25}


@pytest.mark.parametrize("answer", WRONG[::36], ids=lambda answer: f"{answer.question} {answer.name}")
def test_a_wrong_answer_loses_points(graded: Grade, answer: KnownAnswer) -> None:
    (question,) = graded(answer.source, question=answer.question).questions
    assert question.score < question.max_score


def test_the_bank_holds_enough_and_no_answer_twice() -> None:
    count = Counter(answer.question for answer in WRONG)
    assert all(count[question] >= least for question, least in LEAST.items())
    assert len({(answer.module, answer.name) for answer in WRONG}) == len(WRONG)
    assert len({answer.source for answer in WRONG}) == len(WRONG)
    assert sum(len(bank.wrong_answers(module, "unseen")) for module in MODULES) >= 30
    assert all(len(bank.pairs(module, 5)) == 5 for module in MODULES)


def test_every_mistake_has_its_sentence() -> None:
    known = {fault.cause for _, faults in OPERATIONS.values() for fault in faults}
    assert known - set(CAUSES) - set(REFUSED) == set()
    assert not set(CAUSES) & set(REFUSED)
    sentences = [*CAUSES.values(), *MODEL_CAUSES.values()]
    assert all(sentence.strip() for sentence in sentences)


@pytest.mark.parametrize(
    ("module", "name", "sentence"),
    [
        ("q1_conv2d", "kernel flipped", "The kernel is flipped on both axes"),
        ("q1_conv2d", "ceil for floor", "The output's size is rounded up; the formula rounds down."),
        ("q3_max_pool2d", "padded with zeros", "The padding is 0, or nearly, and wins"),
        ("q4_avg_pool2d", "override ignored", "Divisor_override is ignored."),
        ("q5_linear", "bias twice", "The bias is added twice."),
    ],
)
def test_the_likely_cause_is_named(graded: Grade, module: str, name: str, sentence: str) -> None:
    answer = next(answer for answer in bank.wrong_answers(module) if answer.name == name)
    (question,) = graded(answer.source, question=answer.question).questions
    messages = " ".join(test.message for test in question.tests if test.status == "failed").casefold()
    assert sentence.casefold() in messages
    likely = [test for test in question.tests if sentence in test.likely]
    assert likely
    assert all(test.likely[1:] in " ".join(test.message.split()) for test in likely)


def test_what_hangs_over_on_one_axis_alone_is_noticed_whatever_is_drawn(graded: Grade) -> None:
    wrong = bank.wrong_answers("q4_avg_pool2d")
    answer = next(answer for answer in wrong if answer.name == "what hangs over the width counts")
    (question,) = graded(answer.source, question="q4").questions
    assert "ceil mode" in {test.category for test in question.tests if test.status == "failed"}


def test_what_no_usual_mistake_explains_is_not_guessed_at(graded: Grade) -> None:
    (question,) = graded(SOLUTION.replace("return output\n", "return output * 1.5\n")).questions
    messages = " ".join(test.message for test in question.tests if test.status == "failed").casefold()
    assert messages
    assert not any(sentence.casefold() in messages for sentence in CAUSES.values())


@pytest.mark.parametrize(
    "result",
    [
        "(sizes[0] + 1, sizes[1]) if stride == 1 else (torch.ones(3), np.zeros(2))",
        "(sizes[0] + 1, sizes[1]) if stride == 1 else (float('nan'), float('inf'))",
        "(sizes[0] + 1, sizes[1]) if stride == 1 else None",
    ],
)
def test_odd_results_elsewhere_do_not_keep_a_wrong_one_from_being_reported(graded: Grade, result: str) -> None:
    solution = SOLUTION.replace("return sizes[0], sizes[1]", f"return {result}")
    (question,) = graded(f"import numpy as np\n{solution.replace('from __future__ import annotations', '')}").questions
    assert {test.status for test in question.tests if test.category == "output size"} == {"failed"}


def test_verify_sees_a_wrong_answer_that_gets_away_and_a_wrong_cause(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = KnownAnswer("q1_conv2d", "a fault", "", "stride ignored")
    caught = Verdict(answer, "wrong", 3, 16, ("stride",), trained=False, named=True, missed=(), misnamed=(), flags=())
    assert report([caught], details=False)
    assert not report([caught, replace(caught, score=16)], details=False)
    assert not report([replace(caught, misnamed=("the bias is added twice",))], details=True)
    assert not report([replace(caught, kind="right")], details=False)
    assert not report([replace(caught, kind="stub")], details=False)
    printed = capsys.readouterr().out
    assert "got 16 of 16 points" in printed
    assert "is diagnosed as: the bias is added twice The truth: stride ignored." in printed


@pytest.mark.slow  # grades all questions once more
def test_a_wrong_answer_loses_points_in_its_own_question_alone(sandbox: Sandbox, assignment: Assignment) -> None:
    whole = read_submission(course.SOLUTIONS, assignment)
    for modules in (MODULES[::2], MODULES[1::2]):
        wrong = {f"{module}.py": bank.wrong_answers(module)[0].source.encode() for module in modules}
        report = grade(replace(whole, modules={**whole.modules, **wrong}), assignment, sandbox)
        lost = {question.id for question in report.questions if question.score < question.max_score}
        assert lost == set(map(question_of, modules))


def test_a_hidden_test_does_not_tell_its_inputs(graded: Grade) -> None:
    report = graded(SOLUTION.replace("last_start // step + 1", "last_start // step"))
    failed = [test for test in report.questions[0].tests if test.status == "failed"]
    assert {test.visibility for test in failed} == {"public", "hidden"}
    for test in failed:
        if test.visibility == "hidden":
            assert "expected" not in test.message
            assert "conv2d(x[" not in test.message
            assert "call" in test.staff
        else:
            assert "expected" in test.message
            assert "pytest -k" in test.message


def test_no_hidden_message_holds_a_number_of_its_test(graded: Grade) -> None:
    for name in ("rounds down", "batch norm of another momentum"):
        answer = next(answer for answer in bank.wrong_answers("q7_efficientnet") if answer.name == name)
        (question,) = graded(answer.source, question="q7").questions
        messages = [test.message for test in question.tests if test.status == "failed" and test.visibility == "hidden"]
        assert messages
        assert not any(character.isdigit() for message in messages for character in message)
