"""The command `warm`: train the references now, so that no submission waits for it."""

from __future__ import annotations

import click

from autograder import course
from autograder.commands.options import DEVICE, DEVICE_HELP
from autograder.errors import GraderFault, UnusableRequest


@click.command("warm")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option("--device", default="cpu", show_default=True, type=DEVICE, help=DEVICE_HELP)
def command(questions: tuple[str, ...], data: str, device: str) -> None:
    """Train the references' networks and keep their accuracies on this machine.

    A submission whose network computes the same gets them without being trained. Takes one to three minutes, and
    nothing if it was done before; the runs are in the folder .trained.
    """
    chosen = [question for question in course.load().choose(questions) if question.trains]
    if not chosen:
        raise UnusableRequest("None of these questions trains a network.")

    from autograder.grading.device import opened
    from autograder.grading.images import Data
    from autograder.grading.secret import seeds_of
    from autograder.grading.warm import run_of_the_reference
    from autograder.sandbox.failures import SubmissionFailure
    from autograder.sandbox.launch import SandboxError
    from autograder.sandbox.sandbox import Sandbox

    with opened(device) as there, Data.load(data) as images, Sandbox() as sandbox:
        for question in chosen:
            try:
                accuracy = run_of_the_reference(sandbox, question, images, seeds_of().of_the_course(), there)
            except SandboxError as error:
                raise GraderFault(str(error)) from error
            except SubmissionFailure as failure:
                raise GraderFault(f"{question.id}: the reference cannot be trained here: {failure.detail}") from None
            print(f"{question.id}: {accuracy.mean:.1f} % ({accuracy.threshold:.1f} % needed)")
            if accuracy.mean < accuracy.threshold:
                option = "" if device == "cpu" else f" --device {device}"
                raise GraderFault(
                    f"{question.id}: the reference itself misses its threshold on this machine: measure the thresholds "
                    f"here with `python -m autograder calibrate{option}`."
                )
