"""What staff need when a student appeals: for each failing hidden test, what it called and what it got."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.course import Assignment, Question
from autograder.grading.report import Report, TestResult
from autograder.pages.template import rendered
from autograder.records.gradebook import Line
from autograder.render.versions import versions_in_words


@dataclass(frozen=True)
class Lost:
    """A question's failing hidden tests, and its flags."""

    question: Question
    tests: tuple[TestResult, ...]
    flags: tuple[str, ...]

    @property
    def points(self) -> int:
        return sum(test.max_score - test.score for test in self.tests)

    @property
    def groups(self) -> list[list[TestResult]]:
        """The tests, grouped where they say only one and the same thing: that a module cannot be imported."""
        groups: list[list[TestResult]] = []
        for test in self.tests:
            alike = groups and _says(groups[-1][0]) == _says(test) and len(test.evidence) <= 1
            if alike:
                groups[-1].append(test)
            else:
                groups.append([test])
        return groups


def staff_page(assignment: Assignment, report: Report, *, name: str, line: Line) -> str:
    """The page about one submission for staff.

    Args:
        assignment: from `course`; questions that are no longer in it are left out.
        report: the submission's.
        name: the student's.
        line: the student's line in the grade book.
    """
    graded = {question.id: question for question in report.questions}
    lost = [
        Lost(
            question,
            tuple(
                test for test in graded[question.id].tests if test.visibility == "hidden" and test.status != "passed"
            ),
            tuple(graded[question.id].flags),
        )
        for question in assignment.questions
        if question.id in graded
    ]
    return rendered(
        "staff.html",
        {
            "title": assignment.title,
            "name": name,
            "account": line.student.student if line.student.student != name else "",
            "key": line.key,
            "source": line.result.source if line.result is not None else "",
            "lost": [each for each in lost if each.tests or each.flags],
            "versions": versions_in_words(report.environment),
            "graded_at": report.graded_at.replace("T", " ").replace("Z", " UTC"),
            "digest": (report.hashes.get("submission") or "")[:12],
        },
    )


def _says(test: TestResult) -> tuple[str, str, int]:
    return test.message, test.staff, min(len(test.evidence), 2)
