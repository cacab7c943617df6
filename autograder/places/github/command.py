"""The command `export github`."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.text.inert import for_actions_log


@click.command("github")
@click.argument("dest", type=click.Path(path_type=Path))
def command(dest: Path) -> None:
    """Write the staff's private repository to DEST: the grader, the workflow that grades a class, the class.

    Run on one that is there, it brings the grader and the workflow up to date and leaves what is the course's own.
    """
    from autograder.places.github.export import write_repository

    for line in write_repository(dest):
        print(for_actions_log(line))
