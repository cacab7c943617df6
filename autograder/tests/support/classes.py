"""Folders of classes as `class` leaves them, made without grading anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.course import Assignment, Question
from autograder.files.whole import write_whole
from autograder.grading.report import QuestionReport, Report, TestResult, Written
from autograder.records.results import CLASS_FILE, CLASS_SCHEMA, ROSTER_FILE, Result, key_of, write_result
from autograder.text.inert import json_text

ANSWER = "Each output is a weighted sum."


def make_class(out: Path, assignment: Assignment, results: Iterable[Result], roster: str = "") -> Path:
    """A class's folder with these results; the roster is the text of its file."""
    modules = [question.module for question in assignment.questions]
    write_whole(
        out / CLASS_FILE, json_text({"schema": CLASS_SCHEMA, "title": assignment.title, "modules": modules}) + "\n"
    )
    if roster:
        write_whole(out / ROSTER_FILE, roster)
    for result in results:
        write_result(out, result)
    return out


def result_of(
    student: str,
    assignment: Assignment,
    score: float = 1,
    *,
    answer: str = "",
    handed_in: str | None = None,
    message: str = "The output differs from what was expected.",
    source: str = "",
    public: Mapping[str, int] | None = None,
) -> Result:
    """A graded submission with about this share of every question's points; blank answers unless one is given."""
    questions = [
        _question(question, score, answer, message, (public or {}).get(question.id, 1))
        for question in assignment.questions
    ]
    report = Report(
        submission=student,
        graded_at="2026-12-19T08:00:00Z",
        seconds=1.0,
        hashes={"submission": "11", "suite": "22", "thresholds": "33", "grader": "44"},
        seed="SEED",
        environment={"data": "synthetic", "device": "cpu"},
        isolation={"landlock": True},
        questions=questions,
    )
    return Result(
        key=key_of(student),
        student=student,
        source=source or student,
        digest="11",
        report=report,
        handed_in=handed_in,
        answers={question.id: answer for question in assignment.questions if question.written},
        graded_at="2026-12-19T08:00:00Z",
    )


def _question(question: Question, score: float, answer: str, message: str, public: int) -> QuestionReport:
    hidden = question.automatic - public
    tests = []
    for visibility, most in (("public", public), ("hidden", hidden)):
        points = round(score * most)
        status = "passed" if points == most else "failed"
        # Tests have all their points or none: what was reached, and what was not.
        for worth, ended in ((points, "passed"), (most - points, "failed")):
            if worth:
                reached = worth if ended == "passed" else 0
                name = f"{question.title}, {visibility}, {ended}"
                shown = message if status == ended == "failed" else ""
                tests.append(TestResult(name, "values", ended, visibility, reached, worth, shown, "STAFF", 0.1))  # type: ignore[arg-type]
    written = None
    if question.written:
        written = (
            Written("awaiting", None, question.written, "")
            if answer
            else Written("blank", 0, question.written, f"Your written answer to {question.id.upper()} is missing.")
        )
    return QuestionReport(
        question.id,
        question.title,
        sum(test.score for test in tests),
        question.automatic,
        question.written if answer else 0,
        0.2,
        ["a large table"] if message == "flag" else [],
        tests,
        written,
    )
