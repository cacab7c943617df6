"""The command `pages`: the pages of a class, written again."""

from __future__ import annotations

from pathlib import Path

import click

from autograder import course
from autograder.text.numbers import counted


@click.command("pages")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--roster", type=click.Path(path_type=Path), metavar="FILE", help="Who is in the class. [default: OUT's]")
def command(out: Path, roster: Path | None) -> None:
    """Write the pages of the class in OUT again: index.html for staff, and one a student."""
    from autograder.pages import write_pages
    from autograder.records.gradebook import read_grade_book
    from autograder.records.results import read_class_roster

    written = write_pages(out, read_grade_book(out, course.load(), read_class_roster(out, roster)))
    new = f"{counted(written.changed, 'file')} {'is' if written.changed == 1 else 'are'} new"
    students = f"students/ has {counted(written.students, 'page')}, pages.csv says whose"
    print(f"{written.index}: the class. {students}; {new}.")
