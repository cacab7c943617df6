"""Folders of classes with written answers, made without grading anybody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from autograder import course
from autograder.grading.report import QuestionReport, Report, Written
from autograder.records.results import Result, key_of
from autograder.tests.support.classes import make_class

State = Literal["blank", "awaiting", "read"]


def write_class(out: Path, *results: Result) -> Path:
    """A class's folder with these results."""
    return make_class(out, course.load(), results)


def result_of(
    student: str,
    answers: Mapping[str, str] | None = None,
    *,
    unreadable: bool = False,
    digest: str = "d",
    remark: str = "",
) -> Result:
    """A student's result, all tests failed, with these written answers.

    Args:
        student: who.
        answers: by question id; questions without one are blank.
        unreadable: no program can find the answers; a person has to look.
        digest: the submission's.
        remark: what a program says about the written answers.
    """
    given = dict(answers or {})
    questions = []
    for question in course.load().questions:
        state: State = "awaiting" if unreadable or given.get(question.id) else "blank"
        score = 0 if state == "blank" else None
        written = Written(state, score, question.written, remark) if question.written else None
        pending = question.written if state == "awaiting" else 0
        questions.append(
            QuestionReport(question.id, question.title, 0, question.automatic, pending, 0, [], [], written)
        )
    report = Report(student, "2026-12-01T12:00:00Z", 1, {"submission": digest}, "00", {}, {}, questions)
    return Result(key_of(student), student, f"{student}.zip", digest, report, answers=given)
