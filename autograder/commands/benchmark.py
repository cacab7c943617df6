"""The command `benchmark`: what grading costs."""

from __future__ import annotations

import sys

import click

from autograder.errors import UnusableRequest


@click.command("benchmark")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--repeat", default=7, show_default=True, help="Measurements of each kind; the median is shown.")
@click.option("--training", is_flag=True, help="Measure the short run instead, beside the slides' loop or on a GPU.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), help="Where --training trains.")
@click.option("--gpu", is_flag=True, help="Measure all that a GPU is for, in at most eight minutes: networks, a class.")
@click.option("--nbgrader", "in_nbgrader", is_flag=True, help="Measure nbgrader's autograde, sandboxed and its own.")
@click.option("--class", "whole_class", is_flag=True, help="Measure the command `class`, for 20 minutes.")
@click.option("--networks", is_flag=True, help="Measure grading networks, beside an earlier build.")
@click.option("--before", default="", metavar="COMMIT", help="Of --networks: the earlier build.")
@click.option(
    "--students", type=click.IntRange(0), help="Of --class and --networks: how many.  [default: 200, and 24 to train]"
)
@click.option("--long", default=1000, show_default=True, type=click.IntRange(10), help="Of --class: for its memory.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1), help="Of --class: side by side.")
@click.option("--sample", default=8, show_default=True, type=click.IntRange(1), help="Of --class: looked at closely.")
@click.option("--peers", is_flag=True, help="With --class: grade the sample in other graders, too.")
@click.option("--otter", default=sys.executable, metavar="PYTHON", help="With --peers: what has Otter-Grader.")
def command(
    questions: tuple[str, ...],
    repeat: int,
    training: bool,
    data: str,
    device: str,
    gpu: bool,
    in_nbgrader: bool,
    whole_class: bool,
    networks: bool,
    before: str,
    students: int | None,
    long: int,
    jobs: int,
    sample: int,
    peers: bool,
    otter: str,
) -> None:
    """Measure what grading costs beside the student's own code, as ratios within one run."""
    if whole_class:
        from autograder.evidence.benchmarks import whole_class as class_benchmark

        several = 200 if students is None else max(students, 10)
        class_benchmark.run(class_benchmark.Options(questions, several, long, jobs, sample, peers, otter))
        return
    if networks:
        from autograder.evidence.benchmarks import networks as network_benchmark

        source = "synthetic" if data == "auto" else data
        several = 24 if students is None else students
        before = before or network_benchmark.BEFORE
        network_benchmark.run(network_benchmark.Options(before, several, jobs, source))
        return
    if gpu:
        from autograder.evidence.benchmarks import gpu as gpu_benchmark

        gpu_benchmark.run(data)
        return
    if in_nbgrader:
        from autograder.evidence.benchmarks import nbgrader

        nbgrader.run(questions)
        return
    if training:
        from assignment.given.cifar10 import DataError
        from assignment.given.training import TrainingError, pick_device
        from autograder.evidence.benchmarks import training as training_benchmark

        try:
            training_benchmark.run(data, pick_device(device))
        except (DataError, TrainingError) as error:
            raise UnusableRequest(str(error)) from None
        return
    from autograder.evidence.benchmarks.grade import run

    run(repeat, questions)
