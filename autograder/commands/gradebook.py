"""Everything that `python -m autograder gradebook` writes, in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.gradebook import canvas, grades_csv, moodle
from autograder.gradebook.numbers import Rule
from autograder.records.gradebook import read_grade_book
from autograder.records.results import read_class_roster
from autograder.text.numbers import counted


@dataclass(frozen=True)
class Wanted:
    """What a course wants.

    Attributes:
        rule: which number other systems get.
        canvas: Canvas's export to fill in.
        canvas_roster: a file for Canvas from the roster alone.
        canvas_column: the heading of Canvas's column.
        moodle: what Moodle's import finds users by; "" for none.
        moodle_maximum: what the grade item of that import can be at most; None if it is the grade book's own.
        worksheet: Moodle's grading worksheet to fill in.
        nbgrader: a course folder of nbgrader's.
    """

    rule: Rule = field(default_factory=Rule)
    canvas: Path | None = None
    canvas_roster: bool = False
    canvas_column: str = ""
    moodle: str = ""
    moodle_maximum: float | None = None
    worksheet: Path | None = None
    nbgrader: Path | None = None


def write_forms(out: Path, assignment: Assignment, roster: Path | None, wanted: Wanted) -> list[str]:
    """Write the grade book's forms into the class's folder; sentences about them, and about who is missing where.

    Raises:
        UnusableRequest: the class, the roster or another system's file cannot be used, or nothing can be written.
    """
    known = read_class_roster(out, roster)
    needs_roster = [
        option for option, given in (("--moodle", wanted.moodle), ("--canvas-roster", wanted.canvas_roster)) if given
    ]
    if known is None and needs_roster:
        raise UnusableRequest(f"{needs_roster[0]} needs a roster: only it says what the students are called there.")
    book = read_grade_book(out, assignment, known)
    rule = wanted.rule
    try:
        said = [f"{grades_csv.FILE}: {counted(len(book.lines), 'student')}.", *grades_csv.write_grades(out, book)]
        if wanted.canvas is not None:
            said += canvas.write_from_export(out, book, rule, wanted.canvas, wanted.canvas_column)
        if wanted.canvas_roster:
            said += canvas.write_from_roster(out, book, rule, wanted.canvas_column)
        if wanted.moodle:
            said += moodle.write_import(out, book, rule, wanted.moodle, wanted.moodle_maximum)
        if wanted.worksheet is not None:
            said += moodle.write_worksheet(out, book, rule, wanted.worksheet)
    except OSError as error:
        raise UnusableRequest(f"{out} cannot be written: {error.strerror}.") from None
    if wanted.nbgrader is not None:
        from autograder.places.nbgrader.database import write_to_database

        said += write_to_database(wanted.nbgrader, book)
    return [*book.problems, *said]
