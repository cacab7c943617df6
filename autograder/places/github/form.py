"""The report in GitHub's Markdown, for a job's summary or a comment."""

from __future__ import annotations

from autograder.grading.report import Report, for_student
from autograder.places.forms import Form, Wanted
from autograder.render.markdown import feedback


def form(wanted: Wanted) -> Form:
    """For `grade --format github`."""

    def text(report: Report) -> str:
        return feedback(for_student(report), heading=wanted.title, remarks=wanted.remarks)

    return text
