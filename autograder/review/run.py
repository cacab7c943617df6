"""The command `review`: which answers, in what order, by whom."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Assignment, Question
from autograder.errors import UnusableRequest
from autograder.review.answers import Answer, Answers, of_student, read_answers
from autograder.review.rubric import Rubric, read_rubric
from autograder.review.screen import Screen
from autograder.review.spreadsheet import read_spreadsheet, write_spreadsheet
from autograder.review.walk import Walk
from autograder.text.numbers import counted


@dataclass(frozen=True)
class Reading:
    """Whose answers a person reads, and how.

    Attributes:
        out: the class's folder.
        questions: ids of those to read; without any, all whose points count.
        student: whose answers; everybody's without.
        everything: also what was read before, and what is blank.
        anonymous: hide the names.
        reader: who reads.
    """

    out: Path
    questions: Sequence[str] = ()
    student: str = ""
    everything: bool = False
    anonymous: bool = False
    reader: str = ""

    def answers(self, assignment: Assignment) -> tuple[Answers, list[Answer]]:
        """All answers to the questions, and those that are to be shown.

        Raises:
            UnusableRequest: the folder holds no class, or there is no such question or student.
        """
        if self.anonymous and self.student:
            raise UnusableRequest("--anonymous hides the names, and --student gives one: choose one of them.")
        questions = written_questions(assignment, self.questions)
        answers = read_answers(self.out, questions, reader=self.reader, anonymous=self.anonymous)
        return answers, of_student(answers, self.student) if self.student else answers.all


def walk(reading: Reading, assignment: Assignment) -> None:
    """Walk whoever sits at the terminal through written answers.

    Raises:
        UnusableRequest: see `Reading.answers`.
    """
    answers, chosen = reading.answers(assignment)
    screen = _screen_with_problems(answers)
    way = Walk(reading.out, answers, _rubrics(answers), screen, reader=reading.reader, everything=reading.everything)
    way.through(chosen)


def to_spreadsheet(reading: Reading, assignment: Assignment, path: Path) -> None:
    """Write the answers that wait, or everything, to a CSV file.

    Raises:
        UnusableRequest: see `Reading.answers` and `write_spreadsheet`.
    """
    answers, chosen = reading.answers(assignment)
    screen = _screen_with_problems(answers)
    rows = [answer for answer in chosen if reading.everything or answers.waits(answer)]
    write_spreadsheet(path, answers, rows, _rubrics(answers))
    screen.say(f"{path}: {counted(len(rows), 'answer')}. Fill in points and comments, leave the ids, and --import it.")


def from_spreadsheet(reading: Reading, assignment: Assignment, path: Path) -> None:
    """Take over the points in a CSV file.

    Raises:
        UnusableRequest: see `Reading.answers` and `read_spreadsheet`; or some rows could not be taken over. All
            others were.
    """
    answers, _ = reading.answers(assignment)
    screen = _screen_with_problems(answers)
    done = read_spreadsheet(path, reading.out, answers, reader=reading.reader)
    for problem in done.problems:
        screen.say(problem)
    screen.say(f"{done.saved} saved, {done.as_before} as before, {done.empty} without points.")
    if done.problems:
        raise UnusableRequest(f"{path}: not everything could be taken over, see above.")


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


def _rubrics(answers: Answers) -> dict[str, Rubric]:
    return {question.id: read_rubric(question) for question in {answer.question for answer in answers.all}}


def _screen_with_problems(answers: Answers) -> Screen:
    """A screen that begins with whose reviews cannot be read; the others go on."""
    screen = Screen()
    for problem in answers.problems:
        screen.say(problem, "red")
    return screen


def account() -> str:
    """The name of the account, "" where it has none: in a container, for instance."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # KeyError until Python 3.12
        return ""
