"""A submission that is right in part, and the points that it has."""

from __future__ import annotations

import shutil
from pathlib import Path

from autograder import course
from autograder.grading.report import Report

STUBS = ("q2_relu.py", "q3_max_pool2d.py")


def half_right(folder: Path) -> Path:
    """Write a submission into a new folder: the solutions, but for two questions that are still to be done."""
    folder.mkdir(parents=True)
    for question in course.load().questions:
        name = f"{question.module}.py"
        shutil.copy((course.STUBS if name in STUBS else course.SOLUTIONS) / name, folder / name)
    shutil.copy(course.SOLUTIONS / course.EXPLANATIONS, folder)
    return folder


def points(report: Report) -> dict[str, tuple[int, int]]:
    """Points and most points of each question."""
    return {question.id: (question.score, question.max_score) for question in report.questions}
