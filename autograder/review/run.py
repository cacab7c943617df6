"""The command `review`: which answers, in what order, by whom."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path

from autograder.course import Assignment, Question
from autograder.errors import UnusableRequest
from autograder.review.answers import Answers, of_student, read_answers
from autograder.review.rubric import read_rubric
from autograder.review.screen import Screen
from autograder.review.walk import Walk


def review(
    out: Path,
    assignment: Assignment,
    *,
    questions: Sequence[str] = (),
    student: str = "",
    everything: bool = False,
    anonymous: bool = False,
    reader: str = "",
) -> None:
    """Walk whoever sits at the terminal through a class's written answers.

    Args:
        out: the class's folder.
        assignment: from `course`.
        questions: ids of those to read; without any, all whose points count.
        student: whose answers; everybody's without.
        everything: show also what was read before, and what is blank.
        anonymous: hide the names.
        reader: who reads; without, the name of the account.

    Raises:
        UnusableRequest: the folder holds no class, or there is no such question or student.
    """
    if anonymous and student:
        raise UnusableRequest("--anonymous hides the names, and --student gives one: choose one of them.")
    reader = reader or account()
    answers = read_answers(out, written_questions(assignment, questions), reader=reader, anonymous=anonymous)
    chosen = of_student(answers, student) if student else answers.all
    screen = Screen()
    tell_problems(answers, screen)
    rubrics = {question.id: read_rubric(question) for question in {answer.question for answer in answers.all}}
    Walk(out, answers, rubrics, screen, reader=reader, everything=everything).through(chosen)


def written_questions(assignment: Assignment, ids: Sequence[str]) -> list[Question]:
    """Those of these questions that have a written answer; without ids, those whose points count.

    Raises:
        UnusableRequest: there is no such question, or none with a written answer.
    """
    chosen = [question for question in assignment.choose(ids) if question.written and (ids or not question.dropped)]
    if not chosen:
        raise UnusableRequest(
            f"{', '.join(ids)}: no written answer is asked for there." if ids else "No question has a written answer."
        )
    return chosen


def tell_problems(answers: Answers, screen: Screen) -> None:
    """Say whose answers cannot be read; the others go on."""
    for problem in answers.problems:
        screen.say(problem, "red")


def account() -> str:
    """The name of the account, "" where it has none: in a container, for instance."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # KeyError until Python 3.12
        return ""
