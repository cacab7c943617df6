"""Grade one submission from beginning to end: take it in, and grade it. For the front doors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.grading.grader import Grading
from autograder.grading.report import Report
from autograder.grading.secret import seeds_of
from autograder.intake import Submission, read_submission

if TYPE_CHECKING:
    from autograder.grading.calls import KeptFailure
    from autograder.grading.suite import Progress


@dataclass(frozen=True)
class Graded:
    """A report, and why nothing in it could earn points: a sentence, or "" if the submission could be used.

    Attributes:
        report, problem: these.
        submission: as it was graded.
    """

    report: Report
    problem: str = ""
    submission: Submission | None = None


def grade_one(
    path: Path,
    assignment: Assignment,
    *,
    questions: tuple[str, ...] = (),
    data: str | None = "auto",
    student: str = "",
    unusable_is_zero: bool = False,
    progress: Progress | None = None,
    failures: list[KeptFailure] | None = None,
) -> Graded:
    """Grade the submission in a folder or a zip file.

    Args:
        path: the folder or the zip file.
        assignment: from `course`.
        questions: ids of those to grade; all if there are none.
        data: images to train networks on, as for `cifar10.resolve`; None leaves those tests and their points out.
        student: whose it is, as the course knows them: decides the random numbers of training, see `secret`.
        unusable_is_zero: what cannot be used is graded as a submission without any file: every test is there, none
            has points. For places that want a result of everyone.
        progress: told after each test.
        failures: gets the hidden tests that fail, with all that they called; see `evidence`.

    Raises:
        UnusableRequest: the submission, a question or the data cannot be used.
        GraderFault: the grader failed; nothing is said about the submission.
    """
    problem = ""
    try:
        submission = read_submission(path, assignment)
    except UnusableRequest as error:
        if not unusable_is_zero:
            raise
        submission, problem = Submission(path.name, {}), str(error)

    with Grading() as grading:
        report = grading.grade(
            submission,
            assignment,
            questions=questions,
            data=data,
            seeds=seeds_of(student),
            progress=progress,
            failures=failures,
        )
    return Graded(report, problem, submission)
