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
    """What a person reads, and how.

    Attributes:
        out: the class's folder.
        questions: ids of the questions to read; if empty, all whose points count.
        student: the only student whose answers to read; "" for everybody's.
        everything: include answers that were read before, and blank ones.
        anonymous: hide the names.
        reader: the reader's name.
    """

    out: Path
    questions: Sequence[str] = ()
    student: str = ""
    everything: bool = False
    anonymous: bool = False
    reader: str = ""

    def answers(self, assignment: Assignment) -> tuple[Answers, list[Answer]]:
        """All answers to the questions, and those to show.

        Raises:
            UnusableRequest: the folder holds no class, or the question or the student does not exist.
        """
        if self.anonymous and self.student:
            raise UnusableRequest("--anonymous hides the names, and --student gives one: choose one of them.")
        questions = written_questions(assignment, self.questions)
        answers = read_answers(self.out, questions, reader=self.reader, anonymous=self.anonymous)
        return answers, of_student(answers, self.student) if self.student else answers.all


def walk(reading: Reading, assignment: Assignment) -> None:
    """Walk the person at the terminal through written answers.

    Raises:
        UnusableRequest: see `Reading.answers`.
    """
    answers, chosen = reading.answers(assignment)
    screen = _screen_with_problems(answers)
    way = Walk(reading.out, answers, _rubrics(answers), screen, reader=reading.reader, everything=reading.everything)
    way.through(chosen)


def to_spreadsheet(reading: Reading, assignment: Assignment, path: Path) -> None:
    """Write the answers that wait for a reader, or all of them, to a CSV file.

    Raises:
        UnusableRequest: see `Reading.answers` and `write_spreadsheet`.
    """
    answers, chosen = reading.answers(assignment)
    screen = _screen_with_problems(answers)
    rows = [answer for answer in chosen if reading.everything or answers.waits(answer)]
    write_spreadsheet(path, answers, rows, _rubrics(answers))
    screen.say(f"{path}: {counted(len(rows), 'answer')}. Fill in points and comments, leave the ids, and --import it.")


def from_spreadsheet(reading: Reading, assignment: Assignment, path: Path) -> None:
    """Import the points in a CSV file.

    Raises:
        UnusableRequest: see `Reading.answers` and `read_spreadsheet`; or some rows could not be imported, while all
            others were.
    """
    answers, _ = reading.answers(assignment)
    screen = _screen_with_problems(answers)
    done = read_spreadsheet(path, reading.out, answers, reader=reading.reader)
    for problem in done.problems:
        screen.say(problem)
    screen.say(f"{done.saved} saved, {done.as_before} as before, {done.empty} without points.")
    if done.problems:
        raise UnusableRequest(f"{path}: not everything could be imported, see above.")


def written_questions(assignment: Assignment, ids: Sequence[str]) -> list[Question]:
    """The questions with these ids that have a written answer; without ids, all whose points count.

    Raises:
        UnusableRequest: a question does not exist, or none has a written answer.
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
    """A screen that first lists the students whose reviews cannot be read."""
    screen = Screen()
    for problem in answers.problems:
        screen.say(problem, "red")
    return screen


def account() -> str:
    """The account's name; "" where it has none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # KeyError until Python 3.12
        return ""
