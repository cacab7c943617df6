"""A class with all that makes grade books hard: names, lateness, answers that wait, two students of one name."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder import course
from autograder.course import Assignment
from autograder.course.deadline import LateRule
from autograder.records.gradebook import GradeBook, read_grade_book
from autograder.records.results import read_class_roster
from autograder.tests.support.classes import ANSWER, make_class, result_of

FORMULA = "=cmd|' /C calc'!A0"
HEBREW = "דנה כהן"
# Students by what the course knows them by: their names, and what share of the points they reached.
NAMES = {
    "anna": ("Anna Müller", 1),
    "ben": ('O\'Brien, Ben "Benny" 🎓', 0.5),
    "dana": (HEBREW, 0.25),
    "eve": (FORMULA, 0.5),
    "kim1": ("Kim Lee", 1),
    "kim2": ("Kim Lee", 0.5),
    "nobody": ("Never There", None),
    "wait": ("Wai Ting", 1),
    "=odd": ("Odd One", 1),
}
# A question without a written answer, to be dropped.
UNREAD = next(question.id for question in course.load().questions if not question.written)
LATE = datetime(2026, 12, 20, 12, tzinfo=UTC)


def dated() -> Assignment:
    """The course's own assignment, with a due date."""
    due = datetime(2026, 12, 18, 23, 59, tzinfo=UTC)
    return replace(course.load(), due=due, late=LateRule(percent_per_day=10, days=3))


def in_class(
    folder: Path, assignment: Assignment | None = None, *, more: str = "", dropped: str = ""
) -> tuple[Path, GradeBook]:
    """The class's folder and grade book.

    Args:
        folder: where.
        assignment: if it is not the one with the due date.
        more: lines of the roster.
        dropped: what is dropped for Ben alone.
    """
    assignment = assignment or dated()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["student", "name", "email", "dropped"])
    for student, (name, _) in NAMES.items():
        writer.writerow([student, name, f"{student}@uni.example", dropped if student == "ben" else ""])
    results = [
        result_of(
            student,
            assignment,
            share,
            answer=ANSWER if student == "wait" else "",
            handed_in=(LATE if student == "kim2" else datetime(2026, 12, 1, tzinfo=UTC)).isoformat(),
        )
        for student, (_, share) in NAMES.items()
        if share is not None
    ]
    out = make_class(folder / "out", assignment, results, text.getvalue() + more)
    return out, read_grade_book(out, assignment, read_class_roster(out))


def finals(book: GradeBook) -> dict[str, float]:
    return {line.student.student: line.final for line in book.lines}
