"""The command `review`: written answers, read by a person."""

from __future__ import annotations

from pathlib import Path

import click

from autograder import course
from autograder.errors import UnusableRequest


@click.command("review")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--student", default="", metavar="NAME", help="Only this student's answers.")
@click.option("--all", "everything", is_flag=True, help="Also what was read before, to change it, and blank answers.")
@click.option("--anonymous", is_flag=True, help="Show numbers instead of names.")
@click.option("--reader", default="", metavar="NAME", help="Who reads. [default: the account's name]")
@click.option("--export", "to", type=click.Path(path_type=Path), metavar="FILE", help="Write a CSV file to fill in.")
@click.option("--import", "back", type=click.Path(path_type=Path), metavar="FILE", help="Take over what was filled in.")
def command(
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
