"""The command `release`: the students' repository."""

from __future__ import annotations

from pathlib import Path

import click

from autograder import course
from autograder.text.inert import for_actions_log, one_line


@click.command("release")
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--solutions-branch", is_flag=True, help="Commit on `main`, and the answers on a branch `solutions`.")
def command(destination: Path, *, solutions_branch: bool) -> None:
    """Write a student repository to DEST, or bring the given files and tests of the one there up to date."""
    from autograder.release import release as release_to

    for line in release_to(destination, course.load(), solutions_branch=solutions_branch):
        print(for_actions_log(one_line(line)))
