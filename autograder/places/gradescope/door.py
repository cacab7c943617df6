"""Grade for Gradescope: `python -m autograder.places.gradescope.door ROOT`, where ROOT is /autograder there.

Reads ROOT/submission and ROOT/submission_metadata.json, writes ROOT/results/results.json. Standard output is for
staff alone. Exit status: 0 whenever there is a result, 1 if the grader itself failed; then no result is written.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder import course
from autograder.course.deadline import Deadline, moment
from autograder.errors import GraderFault, UnusableRequest
from autograder.files.whole import write_whole
from autograder.grading.grader import Grader
from autograder.grading.report import for_student
from autograder.places import settings
from autograder.places.forms import NOT_TRAINED, for_staff
from autograder.places.gradescope.form import results
from autograder.render.terminal import print_report
from autograder.text.inert import for_terminal


def grade_submission(root: Path) -> None:
    """Grade ROOT/submission, write the results, and print the report for staff.

    Raises:
        UnusableRequest: the images cannot be had.
        GraderFault: the grader failed.
        OSError: the results cannot be written.
    """
    assignment = course.load()
    chosen = settings.load(root / "source" / "settings.toml")
    metadata = _metadata(root / "submission_metadata.json")
    with Grader() as grader:
        graded = grader.grade_one(
            root / "submission", assignment, data=chosen.images, student=_student(metadata), unusable_is_zero=True
        )
    problem = f"The submission could not be graded, so every test counts as failed: {graded.problem}"
    handed_in, due = _times(metadata)
    deadline = Deadline(due or assignment.due, assignment.late)
    remarks = (
        problem if graded.problem else "",
        deadline.lateness(handed_in).sentence if handed_in else "",
        "" if chosen.training else NOT_TRAINED,
    )
    text = results(
        for_student(graded.report),
        remarks=[remark for remark in remarks if remark],
        staff=for_staff(graded.report),
        seconds=graded.report.seconds,
    )
    write_whole(root / "results" / "results.json", text)
    print_report(graded.report, training=chosen.training)


def _metadata(path: Path) -> Any:
    """What Gradescope says of the submission; None if it says nothing that can be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _student(metadata: Any) -> str:
    """Whose it is, by e-mail address; for a group, all addresses. "" if Gradescope does not say."""
    try:
        return " ".join(sorted(str(user["email"]) for user in metadata["users"]))
    except (KeyError, TypeError):
        return ""


def _times(metadata: Any) -> tuple[datetime | None, datetime | None]:
    """When it was handed in, and when it is due; None for what Gradescope does not say."""
    try:
        due = metadata["assignment"].get("due_date")
        return moment(metadata["created_at"]), moment(due) if due else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, None


def main(arguments: list[str]) -> int:
    """The command line."""
    (root,) = arguments
    try:
        grade_submission(Path(root))
    except (GraderFault, UnusableRequest, OSError) as error:
        print(f"autograder: {for_terminal(str(error))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
