"""The command `export nbgrader`."""

from __future__ import annotations

from pathlib import Path

import click

from autograder import course


@click.command("nbgrader")
@click.argument("dest", type=click.Path(path_type=Path))
def command(dest: Path) -> None:
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
        print(f"left as it is, since it was changed here: {name}")
    if not (changes.written or changes.removed):
        print("Everything is up to date.")
    elif any(name.endswith(".ipynb") for name in changes.written):
        print(f"Next, in {dest}: nbgrader generate_assignment {ASSIGNMENT}")
