"""Grade for Classroom 50: `python -m autograder.places.classroom50.door CHECKOUT SETTINGS`.

Whose submission it is stands in the environment. `result.json` and `release-body.md` are written into the checkout.
Exit status: 0 whenever there is a result, 1 if the grader itself failed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from autograder import course
from autograder.course.deadline import Deadline
from autograder.errors import GraderFault, UnusableRequest
from autograder.files.whole import write_whole
from autograder.grading.grader import Grader
from autograder.grading.report import for_student
from autograder.places import settings
from autograder.places.classroom50.form import Handed, result
from autograder.places.forms import NOT_TRAINED, in_markdown
from autograder.render.markdown import feedback
from autograder.text.inert import for_actions_log, one_line


def grade_checkout(checkout: Path, chosen: settings.Settings, handed: Handed) -> str:
    """Grade a checkout and write the result into it.

    Returns:
        The points, and what was wrong with the submission, in one line.

    Raises:
        UnusableRequest: the images cannot be had.
        GraderFault: the grader failed.
        OSError: the result cannot be written.
    """
    assignment = course.load()
    with Grader() as grader:
        graded = grader.grade_one(checkout, assignment, data=chosen.images, student=handed.owner, unusable_is_zero=True)
    student = for_student(graded.report)
    late = Deadline(assignment.due, assignment.late).lateness(handed.at).sentence if handed.at else ""
    possible = (in_markdown(graded.problem) if graded.problem else "", late, "" if chosen.training else NOT_TRAINED)
    remarks = tuple(remark for remark in possible if remark)
    for name, text in (
        ("release-body.md", feedback(student, heading=assignment.title, remarks=remarks)),
        ("result.json", f"{result(student, handed)}\n"),
    ):
        write_whole(checkout / name, text, public=True, links=False)  # the folder is a student's
    return one_line(f"{student['score']} of {student['max_score']} points. {graded.problem}")


def main(arguments: list[str]) -> int:
    """The command line."""
    checkout, chosen = (Path(argument) for argument in arguments)
    try:
        outcome = grade_checkout(checkout, settings.load(chosen), Handed.in_environment(os.environ))
    except (GraderFault, UnusableRequest, OSError) as error:
        print(f"autograder: {for_actions_log(one_line(str(error)))}", file=sys.stderr)
        return 1
    print(f"autograder: {for_actions_log(outcome)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
