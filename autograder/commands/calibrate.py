"""The command `calibrate`: the accuracies that are asked for, measured."""

from __future__ import annotations

import click

from autograder import course
from autograder.commands.options import DEVICE, DEVICE_HELP
from autograder.errors import UnusableRequest


@click.command("calibrate")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option(
    "--seeds", metavar="N", type=click.IntRange(3), help="References. [default: patterns 300, Q7 40; else 30, Q7 10]"
)
@click.option(
    "--fresh",
    metavar="N",
    type=click.IntRange(0),
    help="Further runs, to confirm. [default: patterns 100, Q7 10; else 10, Q7 5]",
)
@click.option(
    "--controls", metavar="N", type=click.IntRange(0), help="Runs of each control. [default: 2, on CIFAR-10 Q7 1]"
)
@click.option("--device", default="cpu", show_default=True, type=DEVICE, help=DEVICE_HELP)
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1), help="Runs side by side.")
def command(
    questions: tuple[str, ...],
    data: str,
    seeds: int | None,
    fresh: int | None,
    controls: int | None,
    device: str,
    jobs: int,
) -> None:
    """Measure the accuracies that right answers reach, and write thresholds.json.

    Takes about an hour on two cores. Interrupted, it goes on where it stopped when it is given the same command again.
    """
    from autograder.evidence.calibrate import Counts, calibrate_all

    assignment = course.load()
    chosen = [question for question in assignment.choose(questions) if question.trains]
    if not chosen:
        raise UnusableRequest("None of these questions trains a network.")
    calibrate_all(assignment, chosen, data, Counts(seeds, fresh, controls), jobs=jobs, device=device)
