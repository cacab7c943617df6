"""`grades.csv`: everything in the grade book, one line per student, for people and their spreadsheets."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from autograder.course import Question
from autograder.files.whole import write_whole
from autograder.records.gradebook import GradeBook, Line, Mark
from autograder.text.inert import for_csv, one_line

FILE = "grades.csv"
# Spreadsheets recognise UTF-8 only if a file begins with this; other programs know to skip it.
BYTE_ORDER_MARK = "\ufeff"
Cell = str | float | None


def write_grades(out: Path, book: GradeBook) -> list[str]:
    """Write OUT/grades.csv; return messages on what had to be written differently.

    The same results give the same bytes: the time of grading is not in the file.

    Raises:
        OSError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    questions = [question for question in book.assignment.questions if _graded(book, question)]
    columns = [column for question in questions for column in _columns(question)]
    writer.writerow(
        [
            *("student", "name", "email", "raw score", "max", *columns, "awaits a reader", "dropped"),
            *("days late", "per cent off", "final", "final max", "handed in", "time", "flags", "notes"),
        ]
    )
    problems = []
    for line in book.lines:
        row = [for_csv(cell) for cell in _row(line, questions)]
        writer.writerow(row)
        if row[0] != line.student.student:
            problems.append(
                f"{FILE}: {line.student.student} is written {row[0]}, so that no spreadsheet takes it for a formula."
            )
    write_whole(out / FILE, BYTE_ORDER_MARK + text.getvalue())
    return problems


def _graded(book: GradeBook, question: Question) -> bool:
    return any(mark.question == question.id for line in book.lines for mark in line.marks)


def _columns(question: Question) -> list[str]:
    return [question.id, *([f"{question.id} written"] if question.written else [])]


def _row(line: Line, questions: list[Question]) -> list[Cell]:
    student, late, result = line.student, line.lateness, line.result
    marks = {mark.question: mark for mark in line.marks}
    points = [cell for question in questions for cell in _points(marks[question.id], question, there=line.graded)]
    graded: list[Cell] = [tidy(line.score), line.max_score] if line.graded else [None, line.max_score]
    return [
        *(student.student, student.name, student.email, *graded, *points),
        *(line.pending, " ".join(mark.question for mark in line.marks if mark.dropped)),
        *(late.days if late else None, tidy(late.percent) if late else None),
        *(tidy(line.final) if line.graded else None, line.max_counted),
        one_line(result.source) if result else None,
        line.handed_in.isoformat() if line.handed_in else None,
        _flags(line),
        " ".join(one_line(note) for note in line.notes),
    ]


def _points(mark: Mark, question: Question, *, there: bool) -> list[Cell]:
    automatic = mark.score if mark.score is not None or not there else 0
    written = tidy(mark.written) if there and mark.written is not None else None
    return [automatic, *([written] if question.written else [])]


def _flags(line: Line) -> str:
    """The questions with flags. The class's page shows the flags themselves, whose wording may differ between runs."""
    report = line.result.report if line.result is not None else None
    return " ".join(question.id for question in report.questions if question.flags) if report is not None else ""


def tidy(points: float) -> float:
    """Points as people write them: 4, not 4.0, with at most two decimal places."""
    rounded = round(points, 2)
    return int(rounded) if rounded == int(rounded) else rounded
