"""The report as places take it: what their forms share, and how `grade --format` prints one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.places.registry import PLACES
from autograder.render.markdown import MAX_LINE
from autograder.render.versions import other_python
from autograder.sandbox.isolation import in_one_line
from autograder.text.inert import for_markdown, one_line

if TYPE_CHECKING:  # every command's --help reads this module
    from autograder.grading.report import Report

NOT_TRAINED = "Networks were not trained; their points are left out."

Form = Callable[["Report"], str]
"""Makes the text of a report, without the line break at its end."""


@dataclass(frozen=True)
class Wanted:
    """What a form is to be made for.

    Attributes:
        title: of the assignment.
        training: whether training tests were asked for.
        environment: the process's variables, where a place's runner may say whose submission it is.
    """

    title: str
    training: bool
    environment: Mapping[str, str]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences for the student, above or below the points."""
        return () if self.training else (NOT_TRAINED,)


def form_named(name: str, wanted: Wanted) -> Form:
    """The form of the place with this name. Made before anything is graded, to report at once what is missing.

    Raises:
        UnusableRequest: the environment lacks what the form needs.
    """
    (place,) = (place for place in PLACES if place.name == name and place.has_form)
    return place.form(wanted)


def show(report: Report, form: Form | None, *, training: bool, staff: bool = False) -> None:
    """Print a report.

    Args:
        report: what to print.
        form: a place's; None: what a person reads in a terminal.
        training, staff: for the terminal, see `print_report`.
    """
    from autograder.render.terminal import print_report

    if form is None:
        print_report(report, training=training, staff=staff)
    else:
        print(form(report))


def in_markdown(problem: str) -> str:
    """Why a submission could not be used, as a remark for `feedback`."""
    shown = for_markdown(one_line(problem, MAX_LINE))
    return f"**The submission could not be graded, so every test counts as failed:** {shown}"


def for_staff(report: Report) -> list[str]:
    """What staff should know besides: how submissions are kept apart here, another Python, and what to look at."""
    flags = [f"{question.id.upper()}: {one_line(flag)}" for question in report.questions for flag in question.flags]
    other = other_python(report.environment)
    remarks = [in_one_line(report.isolation), *([other] if other else [])]
    return [*remarks, *(f"For a person to look at: {flag}" for flag in flags)]
