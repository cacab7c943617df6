"""The command `class`: its options. What it does is in `class_run`, for which a copy that only grades lacks modules."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from autograder import course
from autograder.commands.options import DEVICE, DEVICE_HELP


@click.command("class")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Where results go.")
@click.option("--roster", type=click.Path(path_type=Path), metavar="FILE", help="Who is in the class: a CSV file.")
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--student", "students", multiple=True, metavar="NAME", help="Only this student; may be repeated.")
@click.option("--again", is_flag=True, help="Grade also what has not changed since it was graded.")
@click.option("--no-training", is_flag=True, help="Leave out the tests that train a network, and their points.")
@click.option("--retrain", is_flag=True, help="Train every network, also one that was trained on this machine before.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option("--device", type=DEVICE, help=f"{DEVICE_HELP} [default: cpu, or that of the run before]")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Submissions side by side. [default: as fit]")
@click.option("--scheduler", metavar="ADDRESS", help="Grade on a Dask cluster: tcp://host:8786, or its scheduler file.")
@click.option("--allow-missing-isolation", "allow_missing", is_flag=True, help="Grade where a layer is missing.")
def command(
    folder: Path,
    out: Path,
    roster: Path | None,
    questions: tuple[str, ...],
    students: tuple[str, ...],
    again: bool,
    no_training: bool,
    retrain: bool,
    data: str,
    device: str | None,
    jobs: int | None,
    scheduler: str | None,
    allow_missing: bool,
) -> None:
    """Grade a class: FOLDER has a folder, a .zip or a checked-out repository for each student, or is a download of it.

    Results are kept in DIR as they come: stopped at any time, the same command goes on. What has not changed since it
    was graded is not graded again.
    """
    from autograder.commands.class_run import Request, grade_class

    request = Request(
        *(folder, out, questions, students, again, not no_training, data, jobs, scheduler, roster, allow_missing),
        retrain=retrain,
        device=device,
    )
    try:
        status = grade_class(request, course.load())
    except KeyboardInterrupt:
        print("Stopped. What was graded is kept; the same command goes on.", file=sys.stderr)
        status = 130
    sys.exit(status)
