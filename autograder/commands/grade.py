"""The command `grade`: one submission."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autograder import course
from autograder.commands.options import DEVICE, DEVICE_HELP
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.places.registry import PLACES
from autograder.sandbox import handover
from autograder.sandbox.address_space import refuse_too_little
from autograder.text.numbers import counted

if TYPE_CHECKING:
    from autograder.grading.grader import Graded
    from autograder.places.forms import Form

TERMINAL = "terminal"


@click.command("grade")
@click.argument("submission", type=click.Path(path_type=Path))
@click.option("--question", "questions", multiple=True, metavar="ID", help="Only this question; may be repeated.")
@click.option("--student", default="", metavar="NAME", help="Whose it is: trains with their seeds, as a class does.")
@click.option("--no-training", is_flag=True, help="Leave out the tests that train a network, and their points.")
@click.option("--retrain", is_flag=True, help="Train every network, also one that was trained on this machine before.")
@click.option("--data", default="auto", metavar="SOURCE", help="Images: synthetic, cifar10, or a folder of them.")
@click.option("--device", default="cpu", show_default=True, type=DEVICE, help=DEVICE_HELP)
@click.option(
    "--format",
    "form",
    default="terminal",
    type=click.Choice([TERMINAL, *(place.name for place in PLACES if place.has_form)]),
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
def command(
    submission: Path,
    questions: tuple[str, ...],
    student: str,
    no_training: bool,
    retrain: bool,
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
    handover.begin()
    outputs = Outputs(json_file, html_file, scripts)
    request = checked(submission, questions, student, None if no_training else data, form, outputs, staff=staff)
    handover.hand_over()

    from autograder.grading.grader import Grader
    from autograder.places import forms
    from autograder.render.progress import ProgressBar

    with ProgressBar("starting the sandbox") as bar, Grader() as grader:
        graded = grader.grade_one(
            request.submission,
            request.assignment,
            questions=request.questions,
            data=request.data,
            student=request.student,
            progress=bar.advance,
            keep_failures=scripts is not None,
            retrain=retrain,
            device=device,
        )
    problems = outputs.save(graded, request.assignment)  # before anything is shown: that may not get through
    forms.show(graded.report, request.form, training=request.data is not None, staff=request.staff)
    if problems:
        raise UnusableRequest(" ".join(problems))
    for remark in outputs.remarks:
        print(remark, file=sys.stderr)


@dataclass(frozen=True)
class Request:
    """What is to be graded, and how: a request that nothing was found to be wrong with.

    Attributes:
        submission: a folder or a zip file.
        assignment: from `course`.
        questions: ids of those to grade; all if there are none.
        student: whose it is; "" if that is not said.
        data: images to train networks on; None: none is trained.
        form: a place's form of the report; None: for a terminal.
        staff: whether what only staff may see is shown.
    """

    submission: Path
    assignment: Assignment
    questions: tuple[str, ...]
    student: str
    data: str | None
    form: Form | None
    staff: bool


def checked(
    submission: Path,
    questions: tuple[str, ...],
    student: str,
    data: str | None,
    form: str,
    outputs: Outputs,
    *,
    staff: bool,
) -> Request:
    """The request, unless it can be refused without torch: nobody waits for minutes of training to learn of it.

    Raises:
        UnusableRequest: what is wrong with it.
        GraderFault: the course's settings cannot be used.
    """
    from autograder.intake import read_submission
    from autograder.places import forms

    assignment = course.load()
    assignment.choose(questions)
    if staff and form != TERMINAL:
        raise UnusableRequest(f"--staff: what --format {form} writes is for students, too.")
    outputs.refuse_unusable()
    refuse_too_little()
    wanted = forms.Wanted(assignment.title, data is not None, os.environ)
    made = None if form == TERMINAL else forms.form_named(form, wanted)
    read_submission(submission, assignment)  # it is read again where it is graded
    return Request(submission, assignment, questions, student, data, made, staff)


@dataclass
class Outputs:
    """The files that were asked for; None is one that was not.

    Attributes:
        json_file, html_file: for the report, and for the student's page.
        scripts: a folder for what makes the calls of failing hidden tests again.
        remarks: sentences about what was saved, for the end.
    """

    json_file: Path | None
    html_file: Path | None
    scripts: Path | None
    remarks: list[str] = field(default_factory=list)

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

    def save(self, graded: Graded, assignment: Assignment) -> list[str]:
        """Write all of them.

        Returns:
            A sentence for each that could not be written.
        """
        problems = []
        for option, path, save in (
            ("--json", self.json_file, self._save_json),
            ("--html", self.html_file, self._save_html),
            ("--save-failures", self.scripts, self._save_scripts),
        ):
            if path is None:
                continue
            try:
                save(path, graded, assignment)
            except OSError as error:
                problems.append(f"{option}: {path} cannot be written: {error.strerror}.")
        return problems

    @staticmethod
    def _save_json(path: Path, graded: Graded, _: Assignment) -> None:
        from autograder.grading.report import write_json

        write_json(graded.report, path)

    @staticmethod
    def _save_html(path: Path, graded: Graded, assignment: Assignment) -> None:
        from autograder.files.whole import write_whole
        from autograder.pages import student_page

        write_whole(path, student_page(assignment, graded.report, name=graded.report.submission))

    def _save_scripts(self, folder: Path, graded: Graded, assignment: Assignment) -> None:
        from autograder.appeal.scripts import write_scripts

        scripts = write_scripts(folder, graded.failures, graded.submission, assignment)
        self.remarks.append(
            f"{folder}: {counted(len(scripts), 'script')}. They run the student's code without a sandbox."
        )
        without = len(graded.failures) - len(scripts)
        if without:
            self.remarks.append(
                f"{counted(without, 'test')} without: no single call decides a training, or a module that is not there."
            )
