"""The command `export`: the grader, as places where courses live want it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from autograder import course
from autograder.errors import UnusableRequest
from autograder.text.inert import for_actions_log


@click.group("export")
def command() -> None:
    """Write the grader in the form that a place where courses live wants it."""


def _of_place(function: Callable[..., None]) -> Callable[..., None]:
    """What can be set for every place where submissions are graded; it ends up in settings.toml there."""
    for option in (
        click.option("--torch-index", default="", metavar="URL", help="A package index with torch built for CPUs."),
        click.option("--data", default="synthetic", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder."),
        click.option("--no-training", is_flag=True, help="Leave out the tests that train a network, and their points."),
        click.argument("dest", type=click.Path(path_type=Path)),
    ):
        function = option(function)
    return function


@command.command()
@_of_place
def classroom50(dest: Path, no_training: bool, data: str, torch_index: str) -> None:
    """Write the bundle for Classroom 50 into the new folder DEST."""
    from autograder.places.bundle import write_folder
    from autograder.places.classroom50.export import bundle

    write_folder(dest, bundle(training=not no_training, data=data, torch_index=torch_index))
    print(f"{dest}: its README.md says where it goes, and what is not secret there.")


@command.command()
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


@command.command()
@click.argument("dest", type=click.Path(path_type=Path))
def github(dest: Path) -> None:
    """Write the staff's private repository to DEST: the grader, the workflow that grades a class, the class.

    Run on one that is there, it brings the grader and the workflow up to date and leaves what is the course's own.
    """
    from autograder.places.github.export import write_repository

    for line in write_repository(dest):
        print(for_actions_log(line))


@command.command()
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
