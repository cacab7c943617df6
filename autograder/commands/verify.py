"""The command `verify`: whether the suites are right."""

from __future__ import annotations

import click

from autograder import course
from autograder.errors import GraderFault


@click.command("verify")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--data", metavar="SOURCE", help="Images to train on what nothing cheaper catches. [default: none]")
@click.option("--jobs", type=click.IntRange(1), help="Gradings side by side. [default: one a core]")
@click.option("--seed", default=0, show_default=True, help="Another one: other random cases, other pairs of faults.")
@click.option("--details", is_flag=True, help="List every wrong answer, and what caught it.")
def command(questions: tuple[str, ...], data: str | None, jobs: int | None, seed: int, details: bool) -> None:
    """Check the suites: grade solutions, stubs, and a bank of right and wrong answers."""
    import autograder.evidence.verify as verification
    from autograder.files.cores import cores
    from autograder.grading.images import Data

    assignment = course.load()
    stale = verification.stale_stubs(assignment)
    images = Data.load(data) if data is not None else None
    chosen = assignment.choose(questions)
    verdicts = verification.verify(assignment, chosen, images, jobs=jobs or cores(), seed=seed)
    well = verification.report(verdicts, details=details)
    if stale:
        raise GraderFault(f"Not in step with solutions/: {', '.join(stale)}. Run `python -m autograder stubs`.")
    if not well:
        raise GraderFault("The suites cannot be trusted: see above.")
