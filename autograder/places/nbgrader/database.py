"""Points into the database of a course that uses nbgrader, so that its formgrader, feedback and export have them.

Scores that a person gave there for tests are left alone; nbgrader counts them instead of ours, and a remark says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import SQLAlchemyError

from autograder.course import Question
from autograder.course.people import comparable
from autograder.errors import UnusableRequest
from autograder.gradebook.numbers import Remarks, why_ungraded
from autograder.grading.report import QuestionReport
from autograder.intake.notebook import WRITTEN
from autograder.places.nbgrader.configuration import ASSIGNMENT
from autograder.records.gradebook import GradeBook, Line, Mark

DATABASE = "gradebook.db"


@dataclass(frozen=True)
class _Score:
    """What a cell is to get.

    Attributes:
        cell: its name.
        most: what it must be worth there; None if nothing could be graded, so that no test says.
        points: None if a person has yet to give them.
        by_hand: a person gave them.
    """

    cell: str
    most: int | None
    points: float | None
    by_hand: bool = False


def write_to_database(folder: Path, book: GradeBook) -> list[str]:
    """Write everybody's points, lateness and readers' comments; sentences about what was not written and why.

    Args:
        folder: the course's, as `export nbgrader` made it, with the assignment generated.
        book: the grade book.

    Raises:
        UnusableRequest: there is no such database, it lacks the assignment, or it cannot be written.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise UnusableRequest(f"{path} does not exist: run `nbgrader generate_assignment {ASSIGNMENT}` there first.")
    remarks = Remarks(DATABASE)
    count = 0
    try:
        with Gradebook(f"sqlite:///{path.resolve()}") as gradebook:
            gradebook.db().expire_on_commit = False  # else everything is read again for each student
            notebooks = gradebook.find_assignment(ASSIGNMENT).notebooks
            cells = {cell.id: cell for notebook in notebooks for cell in notebook.grade_cells}
            theirs: dict[str, list[str]] = defaultdict(list)
            for student in gradebook.students:
                theirs[comparable(student.id)].append(student.id)
            with gradebook.db.no_autoflush:  # all at once, at the end
                for line in book.lines:
                    count += _write_line(gradebook, theirs, cells, line, book, remarks)
            gradebook.db.commit()
    except MissingEntry:
        raise UnusableRequest(
            f"{path} has no assignment {ASSIGNMENT}: run `nbgrader generate_assignment {ASSIGNMENT}` there first."
        ) from None
    except SQLAlchemyError as error:
        raise UnusableRequest(f"{path} cannot be used: {str(error).splitlines()[0]}.") from None
    for question in book.assignment.questions:
        if question.dropped:
            remarks.add("nbgrader knows no dropped questions and goes on counting", question.id)
    return [f"{DATABASE}: {count} of {len(book.lines)} students, points of each cell and lateness.", *remarks.sentences]


def _write_line(
    gradebook: Any,
    theirs: Mapping[str, list[str]],
    cells: dict[str, Any],
    line: Line,
    book: GradeBook,
    remarks: Remarks,
) -> bool:
    student = line.student.student
    if not line.graded:
        remarks.add(f"left as it is, since {why_ungraded(line)}", student)
        return False
    alike = theirs.get(comparable(student), [])
    if not alike:
        remarks.add("left out, since nbgrader has no such student (`nbgrader db student add`)", student)
        return False
    if len(alike) > 1 and student not in alike:
        remarks.add(f"left out, since nbgrader has {len(alike)} students of this name ({', '.join(alike)})", student)
        return False
    submission = gradebook.update_or_create_submission(ASSIGNMENT, student if student in alike else alike[0])
    questions = {question.id: question for question in book.assignment.questions}
    notebooks = {notebook.name: notebook for notebook in submission.notebooks}
    for mark in line.marks:
        question = questions[mark.question]
        if question.module in notebooks:
            _write_question(notebooks[question.module], cells, line, question, mark, remarks)
        else:
            remarks.add(f"nbgrader has no notebook {question.module}", student)
        if mark.dropped and not question.dropped:
            remarks.add(f"nbgrader knows no dropped questions and goes on counting {mark.question}", student)
    return True


def _write_question(
    notebook: Any, cells: dict[str, Any], line: Line, question: Question, mark: Mark, remarks: Remarks
) -> None:
    student = line.student.student
    grades = {cells[grade.cell_id].name: grade for grade in notebook.grades if grade.cell_id in cells}
    for score in _scores(line, question, mark):
        grade = grades.get(score.cell)
        if grade is None:
            remarks.add(f"nbgrader has no cell {score.cell}", student)
        elif score.most not in (None, cells[grade.cell_id].max_score):
            remarks.add(
                f"{score.cell} has {cells[grade.cell_id].max_score:g} points in nbgrader and {score.most} here", student
            )
        else:
            _write_cell(grade, score, student, remarks)
    if mark.comment and _reviewed(line, mark):
        for comment in notebook.comments:
            if comment.name == f"{question.id}{WRITTEN}":
                comment.manual_comment = mark.comment
    points = sum(
        (grade.manual_score if grade.manual_score is not None else grade.auto_score or 0) + (grade.extra_credit or 0)
        for grade in grades.values()
    )
    notebook.late_submission_penalty = points * line.percent / 100


def _write_cell(grade: Any, score: _Score, student: str, remarks: Remarks) -> None:
    if score.points is None:
        grade.auto_score = None
        grade.needs_manual_grade = grade.manual_score is None
        if grade.manual_score is not None:
            remarks.add(f"{score.cell} has points in nbgrader that no review here gives; they stay", student)
        return
    if score.by_hand:
        if grade.manual_score not in (None, score.points):
            remarks.add(f"{score.cell} had other points by hand in nbgrader; the review's replace them", student)
        grade.manual_score = score.points
    else:
        grade.auto_score = score.points
        if grade.manual_score not in (None, score.points):
            remarks.add(f"{score.cell} has other points by hand in nbgrader, and those count there", student)
    if grade.extra_credit:
        remarks.add(f"{score.cell} has extra credit in nbgrader", student)
    grade.needs_manual_grade = False


def _scores(line: Line, question: Question, mark: Mark) -> Iterator[_Score]:
    """What a question's cells get; where nothing could be graded, 0."""
    graded = _graded(line, question.id)
    tests = graded.tests if graded is not None else []
    public = sum(test.max_score for test in tests if test.visibility == "public") if graded is not None else None
    hidden = question.automatic - public if public is not None else None
    for visibility, most in (("public", public), ("hidden", hidden)):
        points = sum(test.score for test in tests if test.visibility == visibility)
        yield _Score(f"{question.id}-{visibility}", most, points)
    if question.written:
        yield _Score(f"{question.id}{WRITTEN}", question.written, mark.written, by_hand=_reviewed(line, mark))


def _reviewed(line: Line, mark: Mark) -> bool:
    """Whether a person gave the points of the written answer; none does where nothing was written."""
    graded = _graded(line, mark.question)
    awaited = graded is not None and graded.written is not None and graded.written.state != "blank"
    return awaited and mark.written is not None


def _graded(line: Line, question: str) -> QuestionReport | None:
    report = line.result.report if line.result is not None else None
    return next((each for each in report.questions if each.id == question), None) if report is not None else None
