"""The report as Classroom 50's result.json. Its schema is exact; scores are whole numbers, as ours are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from autograder.errors import UnusableRequest
from autograder.grading.report import Report, for_student
from autograder.places.forms import Form, Wanted
from autograder.text.inert import json_text, one_line

SCHEMA = "classroom50/result/v1"
_MAX_NAME = 200  # characters


@dataclass(frozen=True)
class Handed:
    """Whose submission it is and where, as Classroom 50's runner says it in the environment."""

    classroom: str
    assignment: str
    assignment_type: str
    owner: str
    submission: str
    commit: str
    release: str
    review: str

    @classmethod
    def in_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read it from the runner's variables.

        Raises:
            UnusableRequest: one is missing, or the submission's tag does not look like one.
        """

        def need(*names: str) -> str:
            for name in names:
                if environment.get(name, "").strip():
                    return environment[name].strip()
            raise UnusableRequest(f"Classroom 50's runner sets {names[0]}, and it is not set here.")

        submission = need("SUBMISSION_TAG")
        if not submission.startswith("submit/"):
            raise UnusableRequest(
                f"SUBMISSION_TAG is {one_line(submission, 80)}; a submission's tag begins with submit/."
            )
        return cls(
            classroom=need("CLASSROOM"),
            assignment=need("ASSIGNMENT"),
            assignment_type=environment.get("ASSIGNMENT_TYPE", "").strip() or "individual",
            owner=need("OWNER", "USERNAME"),
            submission=submission,
            commit=need("COMMIT_URL"),
            release=need("RELEASE_URL"),
            review=need("REVIEW_URL", "COMMIT_URL"),
        )

    @property
    def at(self) -> datetime | None:
        """When it was handed in: its tag is made of that moment and of the commit."""
        found = re.match(r"submit/(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z", self.submission)
        try:
            return datetime.fromisoformat(f"{found[1]}T{found[2]}:{found[3]}:{found[4]}+00:00") if found else None
        except ValueError:  # day 42
            return None


def form(wanted: Wanted) -> Form:
    """For `grade --format classroom50`.

    Raises:
        UnusableRequest: the environment does not say whose submission it is.
    """
    handed = Handed.in_environment(wanted.environment)

    def text(report: Report) -> str:
        return result(for_student(report), handed)

    return text


def result(student: dict[str, Any], handed: Handed) -> str:
    """The text of result.json.

    Args:
        student: from `report.for_student`.
        handed: whose it is.
    """
    tests = [
        {
            "test-name": one_line(f"{question['id'].upper()} {question['title']}: {test['name']}", _MAX_NAME),
            "passed": test["status"] == "passed",
            "score": test["score"],
            "max-score": test["max_score"],
            # More about a test is allowed, and kept as it is.
            "question": question["id"],
            "category": test["category"],
            "visibility": test["visibility"],
        }
        for question in student["questions"]
        for test in question["tests"]
    ]
    return json_text(
        {
            "schema": SCHEMA,
            "classroom": handed.classroom,
            "assignment": handed.assignment,
            "assignment_type": handed.assignment_type,
            "owner": handed.owner,
            "submission": handed.submission,
            "commit": handed.commit,
            "release": handed.release,
            "review": handed.review,
            "datetime": f"{handed.at:%Y-%m-%dT%H:%M:%SZ}" if handed.at else student["graded_at"],
            "graded_at": student["graded_at"],
            "score": student["score"],
            "max-score": student["max_score"],
            "tests": tests,
        },
        indent=1,
    )
