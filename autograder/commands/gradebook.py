"""The command `gradebook`: grades of a class, for the course and for other systems."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder import course
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.text.inert import for_actions_log, one_line
from autograder.text.numbers import counted

if TYPE_CHECKING:
    from autograder.gradebook.numbers import Rule


@click.command("gradebook")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--roster", type=click.Path(path_type=Path), metavar="FILE", help="Who is in the class. [default: OUT's]")
@click.option("--raw", is_flag=True, help="Send raw points to other systems, not the final ones.")
@click.option(
    "--pending",
    default="leave-out",
    type=click.Choice(["leave-out", "count"]),
    help="Students whose answers await a reader: no number yet, or one with 0 for those. [default: leave-out]",
)
@click.option(
    "--canvas", type=click.Path(path_type=Path), metavar="EXPORT", help="Fill in Canvas's exported gradebook."
)
@click.option("--canvas-roster", is_flag=True, help="Write a file for Canvas from the roster, without an export.")
@click.option("--canvas-column", default="", metavar="HEADING", help='The column in Canvas, like "Lab 1 (1234)".')
@click.option(
    "--moodle",
    type=click.Choice(["email", "username", "idnumber"]),
    help="Write a file for the import into Moodle's gradebook, which finds students by this.",
)
@click.option(
    "--moodle-maximum",
    type=click.FloatRange(min=0, min_open=True),
    metavar="POINTS",
    help="Bring the points of --moodle to the grade item's maximum. [default: the grade book's]",
)
@click.option(
    "--moodle-worksheet", type=click.Path(path_type=Path), metavar="FILE", help="Fill in a grading worksheet."
)
@click.option("--nbgrader", type=click.Path(path_type=Path), metavar="FOLDER", help="Write to a course's gradebook.db.")
def command(
    out: Path,
    roster: Path | None,
    *,
    raw: bool,
    pending: str,
    canvas: Path | None,
    canvas_roster: bool,
    canvas_column: str,
    moodle: str | None,
    moodle_maximum: float | None,
    moodle_worksheet: Path | None,
    nbgrader: Path | None,
) -> None:
    """Write the grade book of the class in OUT: grades.csv, and files for other systems."""
    from autograder.gradebook.numbers import Rule

    if canvas is not None and canvas_roster:
        raise UnusableRequest("--canvas and --canvas-roster write the same file: give one of them.")
    if moodle_maximum is not None:
        if moodle is None:
            raise UnusableRequest("--moodle-maximum is for the import into Moodle's gradebook: give --moodle, too.")
        if not math.isfinite(moodle_maximum) or round(moodle_maximum, 2) != moodle_maximum:
            # Points have two places: more of them could be rounded to above it.
            raise UnusableRequest("--moodle-maximum must be a number with two decimal places at most.")
    rule = Rule(raw=raw, count_pending=pending == "count")
    wanted = Wanted(
        rule, canvas, canvas_roster, canvas_column, moodle or "", moodle_maximum, moodle_worksheet, nbgrader
    )
    for line in write_forms(out, course.load(), roster, wanted):
        print(for_actions_log(one_line(line)))


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

    rule: Rule
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
    from autograder.gradebook import canvas, grades_csv, moodle
    from autograder.records.gradebook import read_grade_book
    from autograder.records.results import read_class_roster

    known = read_class_roster(out, roster)
    needs_roster = [
        option for option, given in (("--moodle", wanted.moodle), ("--canvas-roster", wanted.canvas_roster)) if given
    ]
    if known is None and needs_roster:
        raise UnusableRequest(f"{needs_roster[0]} needs a roster: only it says what the students are called there.")
    book = read_grade_book(out, assignment, known)
    rule = wanted.rule
    try:
        done = [f"{grades_csv.FILE}: {counted(len(book.lines), 'student')}.", *grades_csv.write_grades(out, book)]
        if wanted.canvas is not None:
            done += canvas.write_from_export(out, book, rule, wanted.canvas, wanted.canvas_column)
        if wanted.canvas_roster:
            done += canvas.write_from_roster(out, book, rule, wanted.canvas_column)
        if wanted.moodle:
            done += moodle.write_import(out, book, rule, wanted.moodle, wanted.moodle_maximum)
        if wanted.worksheet is not None:
            done += moodle.write_worksheet(out, book, rule, wanted.worksheet)
    except OSError as error:
        raise UnusableRequest(f"{out} cannot be written: {error.strerror}.") from None
    if wanted.nbgrader is not None:
        from autograder.places.nbgrader.database import write_to_database

        done += write_to_database(wanted.nbgrader, book)
    return [*book.problems, *done]
