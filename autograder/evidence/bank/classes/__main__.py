"""Write a class to try the grader on."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from autograder import course
from autograder.errors import UnusableRequest
from autograder.evidence.bank.classes import write_class
from autograder.evidence.bank.classes.names import write_roster


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--students", default=200, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--seed", default=0, show_default=True, help="Another one gives another class.")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--ordinary", is_flag=True, help="No attacks, nothing that cannot be read.")
@click.option("--roster", type=click.Path(path_type=Path), metavar="FILE", help="Write a roster of the class too.")
def main(
    folder: Path, students: int, seed: int, questions: tuple[str, ...], ordinary: bool, roster: Path | None
) -> None:
    """Write the submissions of a class into FOLDER, the same for the same options."""
    try:
        entries = write_class(folder, students, seed, questions, ordinary=ordinary)
    except UnusableRequest as error:
        print(f"classes: {error}", file=sys.stderr)
        sys.exit(2)
    if roster is not None:
        write_roster(roster, entries, course.load(), seed)
    for kind, count in Counter(entry.kind for entry in entries).most_common():
        print(f"{count:6,} {kind}")


if __name__ == "__main__":
    main()
