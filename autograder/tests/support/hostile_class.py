"""Reports, and a class, in which every text that a student can write is one and the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autograder.course import Assignment
from autograder.course.roster import Roster, Student
from autograder.grading.report import Accuracy, QuestionReport, Report, TestResult, Written
from autograder.records.gradebook import GradeBook, read_grade_book
from autograder.records.results import Change, Result, TestChange, write_result
from autograder.records.reviews import Review, answer_digest, write_review
from autograder.tests.support.classes import make_class


def report_of(text: str) -> Report:
    """A report in which every text that a student has a say in is this one."""
    tests = [
        TestResult(
            "values", "values", "failed", visibility, 0, 1, text, f"STAFF {text}", 0.1, "", [("x", f"STAFF {text}")]
        )
        for visibility in ("public", "hidden")
    ]
    question = QuestionReport(
        *("q1", "Convolution", 0, 2, 4, 0.2, [f"FLAG {text}"], tests),
        written=Written("awaiting", None, 4, text),
        accuracy=Accuracy(10.0, {"plane": float("nan")}, 60.0, 10.0, [(1, float("inf"))]),
        notes=[text],
    )
    hashes: dict[str, str | None] = {"submission": "11", "suite": "22", "thresholds": "33", "grader": "44"}
    return Report(
        submission=text,
        graded_at="2026-01-01T00:00:00Z",
        seconds=0.2,
        hashes=hashes,
        seed="SEED",
        environment={"data": text, "device": "cpu"},
        isolation={"landlock": True},
        questions=[question],
        left_out=[text, text],
        notes=[text],
    )


HASHES: dict[str, str | None] = {"submission": "aa11", "suite": "SUITE", "thresholds": "bb22", "grader": "cc33"}


def hostile_report(text: str) -> Report:
    return replace(report_of(text), hashes=HASHES, environment={"data": text, "device": "cpu"})


def hostile_class(out: Path, assignment: Assignment, text: str) -> GradeBook:
    """A class in which every text that a student or a teacher can write is this one."""
    change = Change("q1", 0, 2, (TestChange(text, "failed", "passed"),))
    anna = Result("anna", text, text, report=hostile_report(text), answers={"q1": text}, changes=(change,))
    results = [
        anna,
        Result("berta", text, text, problem=text),
        Result("carla", text, text, problem=text, ours=True),
        Result("dora", text, text, report=hostile_report("harmless")),
    ]
    make_class(out, assignment, results)
    write_review(out, "dora", "q1", Review(2.5, text, answer_digest("")))
    write_result(out, replace(results[3], answers={"q1": ""}))
    roster = Roster((Student("anna", name=text), Student("nobody", name=text, email=text)), (text,))
    return read_grade_book(out, assignment, roster)
