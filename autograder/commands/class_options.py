"""The commands about a class: grade it, write its pages and its grade book, read its written answers."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import click

from autograder import course
from autograder.errors import UnusableRequest
from autograder.text.inert import for_actions_log, one_line
from autograder.text.numbers import counted


@click.command("class")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Where results go.")
@click.option("--roster", type=click.Path(path_type=Path), metavar="FILE", help="Who is in the class: a CSV file.")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--student", "students", multiple=True, metavar="NAME", help="Only this student; may be repeated.")
@click.option("--again", is_flag=True, help="Grade also what has not changed since it was graded.")
@click.option("--no-training", is_flag=True, help="Leave out the tests that train a network, and their points.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Submissions side by side. [default: as fit]")
@click.option("--scheduler", metavar="ADDRESS", help="Grade on a Dask cluster: tcp://host:8786, or its scheduler file.")
@click.option("--allow-missing-isolation", "allow_missing", is_flag=True, help="Grade where a layer is missing.")
def grade_a_class(
    folder: Path,
    out: Path,
    roster: Path | None,
    questions: tuple[str, ...],
    students: tuple[str, ...],
    again: bool,
    no_training: bool,
    data: str,
    jobs: int | None,
    scheduler: str | None,
    allow_missing: bool,
) -> None:
    """Grade a class: FOLDER has a folder, a .zip or a checked-out repository for each student, or is a download of it.

    Results are kept in DIR as they come: stopped at any time, the same command goes on. What has not changed since it
    was graded is not graded again.
    """
    from autograder.commands.class_ import Request, grade_class

    request = Request(
        folder, out, questions, students, again, not no_training, data, jobs, scheduler, roster, allow_missing
    )
    try:
        status = grade_class(request, course.load())
    except KeyboardInterrupt:
        print("Stopped. What was graded is kept; the same command goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--roster", type=click.Path(path_type=Path), metavar="FILE", help="Who is in the class. [default: OUT's]")
def pages(out: Path, roster: Path | None) -> None:
    """Write the pages of the class in OUT anew: index.html for staff, and one a student."""
    from autograder.pages import write_pages
    from autograder.records.gradebook import read_grade_book
    from autograder.records.results import read_class_roster

    written = write_pages(out, read_grade_book(out, course.load(), read_class_roster(out, roster)))
    new = f"{counted(written.changed, 'file')} {'is' if written.changed == 1 else 'are'} new"
    students = f"students/ has {counted(written.students, 'page')}, pages.csv says whose"
    print(f"{written.index}: the class. {students}; {new}.")


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--student", default="", metavar="NAME", help="Only this student's answers.")
@click.option("--all", "everything", is_flag=True, help="Also what was read before, to change it, and blank answers.")
@click.option("--anonymous", is_flag=True, help="Show numbers instead of names.")
@click.option("--reader", default="", metavar="NAME", help="Who reads. [default: the account's name]")
@click.option("--export", "to", type=click.Path(path_type=Path), metavar="FILE", help="Write a CSV file to fill in.")
@click.option("--import", "back", type=click.Path(path_type=Path), metavar="FILE", help="Take over what was filled in.")
def review(
    out: Path,
    questions: tuple[str, ...],
    student: str,
    reader: str,
    to: Path | None,
    back: Path | None,
    *,
    everything: bool,
    anonymous: bool,
) -> None:
    """Read the written answers of the class in OUT that await a reader, and give points for them."""
    from autograder.review.run import Reading, account, from_spreadsheet, to_spreadsheet, walk

    reading = Reading(out, questions, student, everything, anonymous, reader or account())
    if to is not None and back is not None:
        raise UnusableRequest("--export and --import: one at a time.")
    if to is not None:
        to_spreadsheet(reading, course.load(), to)
    elif back is not None:
        from_spreadsheet(reading, course.load(), back)
    else:
        walk(reading, course.load())


@click.command()
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
def gradebook(
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
    from autograder.commands.gradebook import Wanted, write_forms
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
