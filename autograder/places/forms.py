"""What `grade --format` writes to standard output, besides the terminal's form."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.grading.report import Report, for_student
from autograder.places.classroom50 import form as classroom50
from autograder.places.gradescope import form as gradescope
from autograder.render.markdown import MAX_LINE, feedback
from autograder.render.versions import other_python
from autograder.sandbox.isolation import in_one_line
from autograder.text.inert import for_markdown, one_line

NOT_TRAINED = "Networks were not trained; their points are left out."


def rendered(form: str, report: Report, *, title: str, training: bool, environment: Mapping[str, str]) -> str:
    """The report in one of the forms for machines and pages.

    Args:
        form: "github", "classroom50" or "gradescope".
        report: what is to be said.
        title: of the assignment.
        training: whether training tests were asked for.
        environment: where Classroom 50's runner says whose submission it is.

    Raises:
        UnusableRequest: the environment does not say it.
    """
    remarks = () if training else (NOT_TRAINED,)
    if form == "classroom50":
        return classroom50.result(for_student(report), classroom50.Handed.in_environment(environment))
    if form == "gradescope":
        return gradescope.results(for_student(report), remarks=remarks, staff=for_staff(report), seconds=report.seconds)
    return feedback(for_student(report), heading=title, remarks=remarks)


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
