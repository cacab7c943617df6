"""The command `grade`: one submission."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder import course
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.sandbox.address_space import refuse_too_little
from autograder.text.numbers import counted

if TYPE_CHECKING:
    from autograder.grading.calls import KeptFailure
    from autograder.grading.grade_one import Graded


@click.command()
@click.argument("submission", type=click.Path(path_type=Path))
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--student", default="", metavar="NAME", help="Whose it is: trains with their seeds, as a class does.")
@click.option("--no-training", is_flag=True, help="Leave out the tests that train a network, and their points.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option(
    "--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]), help="Where networks are trained: the CPU."
)
@click.option(
    "--format",
    "form",
    default="terminal",
    type=click.Choice(["terminal", "github", "classroom50", "gradescope"]),
    help="What standard output gets. [default: terminal]",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the report here.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the student's page.")
@click.option(
    "--staff", is_flag=True, help="Show what each failing hidden test called and what came: not for students."
)
@click.option(
    "--save-failures",
    "scripts",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a script for each failing hidden test, which makes its calls again, into the new folder DIR.",
)
def grade(
    submission: Path,
    questions: tuple[str, ...],
    student: str,
    no_training: bool,
    data: str,
    device: str,
    form: str,
    json_file: Path | None,
    html_file: Path | None,
    *,
    staff: bool,
    scripts: Path | None,
) -> None:
    """Grade SUBMISSION, a folder or a .zip of one.

    Its modules, or notebooks named like them, lie in its `assignment` folder or at its top.
    """
    assignment = course.load()
    assignment.choose(questions)  # a misspelt one is named before torch is imported
    if device == "cuda":
        raise UnusableRequest("--device: networks are graded on the CPU; the sandbox opens no GPU to a submission.")
    if staff and form != "terminal":
        raise UnusableRequest(f"--staff: what --format {form} writes is for students, too.")
    outputs = Outputs(json_file, html_file, scripts)
    outputs.refuse_unusable()
    refuse_too_little()
    if form == "classroom50":  # what is missing is said now, not after minutes of training
        from autograder.places.classroom50.form import Handed

        Handed.in_environment(os.environ)

    from autograder.grading.grade_one import grade_one
    from autograder.render.progress import ProgressBar

    failures: list[KeptFailure] | None = None if scripts is None else []
    with ProgressBar("starting the sandbox") as bar:
        graded = grade_one(
            submission,
            assignment,
            questions=questions,
            data=None if no_training else data,
            student=student,
            progress=bar.advance,
            failures=failures,
        )

    from autograder.places.forms import rendered
    from autograder.render.terminal import print_report

    problems = outputs.write(assignment, graded, failures or [])
    report, training = graded.report, not no_training
    if form == "terminal":
        print_report(report, training=training, staff=staff)
    else:
        print(rendered(form, report, title=assignment.title, training=training, environment=os.environ))
    if problems:
        raise UnusableRequest(" ".join(problems))
    for line in outputs.said:
        print(line, file=sys.stderr)


@dataclass
class Outputs:
    """The files that were asked for; None is one that was not.

    Attributes:
        json_file, html_file: for the report, and for the student's page.
        scripts: a folder for what makes the calls of failing hidden tests again.
        said: what to tell when all is done.
    """

    json_file: Path | None
    html_file: Path | None
    scripts: Path | None
    said: list[str] = field(default_factory=list)

    def refuse_unusable(self) -> None:
        """Refuse what can be seen to be unusable before anything is graded.

        Raises:
            UnusableRequest: a file or a folder cannot be written.
        """
        for option, path in (
            ("--json", self.json_file),
            ("--html", self.html_file),
            ("--save-failures", self.scripts),
        ):
            if path is not None and not path.resolve().parent.is_dir():
                raise UnusableRequest(f"{option}: the folder {path.resolve().parent} does not exist.")
        if self.html_file is not None:
            import autograder.pages  # noqa: F401  (a copy that only grades lacks it, and says so now)
        if self.scripts is not None:
            from autograder.appeal.scripts import refuse_unless_new

            refuse_unless_new(self.scripts)

    def write(self, assignment: Assignment, graded: Graded, failures: list[KeptFailure]) -> list[str]:
        """Write all of them, before anything is shown: what is shown may not get through.

        Returns:
            A sentence for each that could not be written.
        """
        problems = []
        for option, path, write in (
            ("--json", self.json_file, self._write_json),
            ("--html", self.html_file, self._write_html),
            ("--save-failures", self.scripts, self._write_scripts),
        ):
            if path is None:
                continue
            try:
                write(path, assignment, graded, failures)
            except OSError as error:
                problems.append(f"{option}: {path} cannot be written: {error.strerror}.")
        return problems

    @staticmethod
    def _write_json(path: Path, _: Assignment, graded: Graded, __: list[KeptFailure]) -> None:
        from autograder.grading.report import write_json

        write_json(graded.report, path)

    @staticmethod
    def _write_html(path: Path, assignment: Assignment, graded: Graded, _: list[KeptFailure]) -> None:
        from autograder.files.whole import write_whole
        from autograder.pages import student_page

        write_whole(path, student_page(assignment, graded.report, name=graded.report.submission))

    def _write_scripts(self, folder: Path, assignment: Assignment, graded: Graded, failures: list[KeptFailure]) -> None:
        from autograder.appeal.scripts import write_scripts

        assert graded.submission is not None
        scripts = write_scripts(folder, failures, graded.submission, assignment)
        self.said.append(f"{folder}: {counted(len(scripts), 'script')}. They run the student's code without a sandbox.")
        without = len(failures) - len(scripts)
        if without:
            self.said.append(
                f"{counted(without, 'test')} without: no single call decides a training, or a module that is not there."
            )
