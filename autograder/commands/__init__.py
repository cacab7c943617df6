"""The command line. Standard output carries the answer, standard error the progress.

Exit status: 0 done; 2 the request or the submission cannot be used; 1 the grader itself failed, or a check
that was asked for did not pass. Heavy modules are imported inside the commands, so that --help is instant.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from autograder import course
from autograder.commands import class_options as class_cli
from autograder.commands import grade as grade_cli
from autograder.errors import GraderFault, UnusableRequest, not_installed
from autograder.text.inert import for_actions_log, one_line
from autograder.text.streams import guarded, replace_what_is_lacking


class _Commands(click.Group):
    """Tells our own errors in one line. They may name files, and whoever handed those in chose the names."""

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        with _inert_complaints():
            return super().make_context(*arguments, **named)

    def main(self, *arguments: Any, **named: Any) -> Any:
        replace_what_is_lacking()
        return super().main(*arguments, **named)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _inert_complaints(), guarded():
                return super().invoke(ctx)
        except UnusableRequest as error:
            print(f"autograder: {for_actions_log(one_line(str(error)))}", file=sys.stderr)
            ctx.exit(2)
        except GraderFault as error:
            print(f"autograder: {for_actions_log(str(error))}", file=sys.stderr)
            ctx.exit(1)
        except ModuleNotFoundError as error:
            print(not_installed(error), file=sys.stderr)
            ctx.exit(1)


@contextlib.contextmanager
def _inert_complaints() -> Iterator[None]:
    """Errors of click's quote what they were given: `grade *` takes names from a folder of submissions."""
    try:
        yield
    except getattr(click.exceptions, "NoArgsIsHelpError", ()):  # no complaint but the help, in click 8.2 and later
        raise
    except click.UsageError as error:
        raise click.UsageError(for_actions_log(one_line(error.format_message())), error.ctx) from None


@click.group(cls=_Commands)
def main() -> None:
    """Grade the convolutional-networks assignment."""


for _command in (grade_cli.grade, class_cli.grade_a_class, class_cli.pages, class_cli.review, class_cli.gradebook):
    main.add_command(_command)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is not what its solution makes it.")
def stubs(check: bool) -> None:
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


@main.command()
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--repeat", default=7, show_default=True, help="Measurements of each kind; the median is shown.")
@click.option("--training", is_flag=True, help="Measure the short run instead, beside the slides' loop or on a GPU.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), help="Where --training trains.")
@click.option("--nbgrader", "in_nbgrader", is_flag=True, help="Measure nbgrader's autograde, sandboxed and its own.")
@click.option("--class", "whole_class", is_flag=True, help="Measure the command `class`, for 20 minutes.")
@click.option("--students", default=200, show_default=True, type=click.IntRange(10), help="Of --class: how many.")
@click.option("--long", default=1000, show_default=True, type=click.IntRange(10), help="Of --class: for its memory.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1), help="Of --class: side by side.")
@click.option("--sample", default=8, show_default=True, type=click.IntRange(1), help="Of --class: looked at closely.")
@click.option("--peers", is_flag=True, help="With --class: grade the sample in other graders, too.")
@click.option("--otter", default=sys.executable, metavar="PYTHON", help="With --peers: what has Otter-Grader.")
def benchmark(
    questions: tuple[str, ...],
    repeat: int,
    training: bool,
    data: str,
    device: str,
    in_nbgrader: bool,
    whole_class: bool,
    students: int,
    long: int,
    jobs: int,
    sample: int,
    peers: bool,
    otter: str,
) -> None:
    """Measure what grading costs beside the student's own code, as ratios within one run."""
    if whole_class:
        from autograder.evidence.benchmarks import whole_class as class_benchmark

        class_benchmark.run(class_benchmark.Options(questions, students, long, jobs, sample, peers, otter))
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


@main.command()
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
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1), help="Runs side by side.")
def calibrate(
    questions: tuple[str, ...], data: str, seeds: int | None, fresh: int | None, controls: int | None, jobs: int
) -> None:
    """Measure the accuracies that right answers reach, and write thresholds.json.

    Takes about an hour on two cores. Interrupted, it goes on where it stopped when it is given the same command again.
    """
    from autograder.evidence.calibrate import Counts, calibrate_all

    assignment = course.load()
    chosen = [question for question in assignment.choose(questions) if question.trains]
    if not chosen:
        raise UnusableRequest("None of these questions trains a network.")
    calibrate_all(assignment, chosen, data, Counts(seeds, fresh, controls), jobs=jobs)


@main.command()
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--data", metavar="SOURCE", help="Images to train on what nothing cheaper catches. [default: none]")
@click.option("--jobs", type=click.IntRange(1), help="Gradings side by side. [default: one a core]")
@click.option("--seed", default=0, show_default=True, help="Another one: other random cases, other pairs of faults.")
@click.option("--details", is_flag=True, help="List every wrong answer, and what caught it.")
def verify(questions: tuple[str, ...], data: str | None, jobs: int | None, seed: int, details: bool) -> None:
    """Check the suites: grade solutions, stubs, and a bank of right and wrong answers."""
    import autograder.evidence.verify as verification
    from autograder.files.cores import cores
    from autograder.grading.short_run import Data

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


@main.command()
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--solutions-branch", is_flag=True, help="Commit on `main`, and the answers on a branch `solutions`.")
def release(destination: Path, *, solutions_branch: bool) -> None:
    """Write a student repository to DEST, or bring the given files and tests of the one there up to date."""
    from autograder.release import release as release_to

    for line in release_to(destination, course.load(), solutions_branch=solutions_branch):
        print(for_actions_log(one_line(line)))


@main.group()
def export() -> None:
    """Write the grader in the form that a place where courses live wants it."""


def _of_place(command: Callable[..., None]) -> Callable[..., None]:
    """What can be set for every place where submissions are graded; it ends up in settings.toml there."""
    for option in (
        click.option("--torch-index", default="", metavar="URL", help="A package index with torch built for CPUs."),
        click.option("--data", default="synthetic", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder."),
        click.option("--no-training", is_flag=True, help="Leave out the tests that train a network, and their points."),
        click.argument("dest", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


@export.command()
@_of_place
def classroom50(dest: Path, no_training: bool, data: str, torch_index: str) -> None:
    """Write the bundle for Classroom 50 into the new folder DEST."""
    from autograder.places.bundle import write_folder
    from autograder.places.classroom50.export import bundle

    write_folder(dest, bundle(training=not no_training, data=data, torch_index=torch_index))
    print(f"{dest}: its README.md says where it goes, and what is not secret there.")


@export.command()
@_of_place
def gradescope(dest: Path, no_training: bool, data: str, torch_index: str) -> None:
    """Write the autograder for Gradescope into the new file DEST, a .zip."""
    from autograder.files.update import write_new
    from autograder.places.gradescope.export import archive

    contents = archive(training=not no_training, data=data, torch_index=torch_index)
    try:
        if dest.exists():
            raise UnusableRequest(f"{dest} is there already: name a new file.")
        write_new(dest.parent, {dest.name: contents})  # no half of a zip file stays for somebody to upload
    except OSError as error:
        raise UnusableRequest(f"{dest} cannot be written: {error.strerror}.") from None
    print(f"{dest}: upload it as the assignment's autograder.")


@export.command()
@click.argument("dest", type=click.Path(path_type=Path))
def github(dest: Path) -> None:
    """Write the staff's private repository to DEST: the grader, the workflow that grades a class, the class.

    Run on one that is there, it brings the grader and the workflow up to date and leaves what is the course's own.
    """
    from autograder.places.github.export import write_repository

    for line in write_repository(dest):
        print(for_actions_log(line))


@export.command()
@click.argument("dest", type=click.Path(path_type=Path))
def nbgrader(dest: Path) -> None:
    """Write a course folder for nbgrader to DEST, or bring one up to date.

    In a folder that is there, what students handed in, what came of it and what the course changed are left alone.
    """
    from autograder.places.nbgrader.configuration import ASSIGNMENT
    from autograder.places.nbgrader.course_folder import write_course_folder

    changes = write_course_folder(dest, course.load())
    for what, names in (("written", changes.written), ("removed", changes.removed)):
        for name in names:
            if not name.startswith("grader/"):
                print(f"{what}: {name}")
        inside = sum(name.startswith("grader/") for name in names)
        if inside:
            print(f"{what}: {inside} files in grader/")
    for name in changes.kept:
        print(f"left as it is, for it was changed here: {name}")
    if not (changes.written or changes.removed):
        print("Everything is up to date.")
    elif any(name.endswith(".ipynb") for name in changes.written):
        print(f"Next, in {dest}: nbgrader generate_assignment {ASSIGNMENT}")
