"""The command `stubs`: the students' files, from the solutions."""

from __future__ import annotations

import click

from autograder import course
from autograder.errors import GraderFault


@click.command("stubs")
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is not what its solution makes it.")
def command(check: bool) -> None:
    """Write the students' files in assignment/ from solutions/."""
    from autograder.release.stubs import differing, make_stubs, write_stubs

    assignment = course.load()
    if not check:
        for name in write_stubs(assignment):
            print(f"assignment/{name}")
        return
    stale = differing(make_stubs(assignment))
    if stale:
        raise GraderFault(
            f"Not in step with solutions/: {', '.join(f'assignment/{name}' for name in stale)}. "
            "Run `python -m autograder stubs`."
        )
    print("The stubs are in step with the solutions.")
