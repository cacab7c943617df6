"""The report: what grading found out, as data. Every other form is rendered from it.

`max_score` counts what a program can grade and is the same for every submission; `pending` is what awaits a
reader. The fields and their order are the contract "cnn-autograder/report/v1".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from autograder.files.whole import write_whole
from autograder.text.inert import json_text

SCHEMA = "cnn-autograder/report/v1"
STUDENT_SCHEMA = "cnn-autograder/student/v1"

Status = Literal["passed", "failed", "error", "timeout"]


@dataclass(frozen=True)
class TestResult:
    """One test.

    Attributes:
        name: what it tests, in words.
        category: one or two words; a hidden test says no more than this about its inputs.
        score, max_score: points; all or none.
        message: for the student.
        staff: what the student's code printed and raised, and the whole message of a hidden test.
        seconds: wall time.
        likely: what the mistake probably is, a sentence that is part of the message; "" if it cannot be told.
        evidence: for staff, of a hidden test that did not pass: which it is, what it called, what came; see `evidence`.
    """

    __test__ = False  # no test itself, whatever pytest makes of the name

    name: str
    category: str
    status: Status
    visibility: Literal["public", "hidden"]
    score: int
    max_score: int
    message: str
    staff: str
    seconds: float
    likely: str = ""
    evidence: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Written:
    """The written answer: blank ones are 0, others await a reader, read ones have a score."""

    state: Literal["blank", "awaiting", "read"]
    score: int | None
    max_score: int
    comment: str


@dataclass(frozen=True)
class Accuracy:
    """What a network can do after a short run.

    Attributes:
        mean: per cent of held-out images that it recognises.
        per_class: the same for each class.
        threshold: the mean that is asked for.
        before: the mean before it was trained; chance is 10.
        curve: number and training loss of each epoch, as the submission's process tells them.
    """

    mean: float
    per_class: dict[str, float]
    threshold: float
    before: float
    curve: list[tuple[int, float]]


@dataclass(frozen=True)
class QuestionReport:
    """One question.

    Attributes:
        flags: remarks for a person; they cost no points.
        notes: sentences for the student and for staff about a notebook's cells: what of them was left out, and which
            count as of another kind than they are. They cost no points.
    """

    id: str
    title: str
    score: int
    max_score: int
    pending: int
    seconds: float
    flags: list[str]
    tests: list[TestResult]
    written: Written | None = None
    accuracy: Accuracy | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """One graded submission.

    `notes` say which file was taken for which where that is not plain, and `left_out` which were not; both are for the
    student, too.
    """

    submission: str
    graded_at: str
    seconds: float
    hashes: dict[str, str | None]
    seed: str
    environment: dict[str, str | None]
    isolation: dict[str, bool]
    questions: list[QuestionReport]
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def score(self) -> int:
        return sum(question.score for question in self.questions)

    @property
    def max_score(self) -> int:
        return sum(question.max_score for question in self.questions)

    @property
    def pending(self) -> int:
        return sum(question.pending for question in self.questions)

    def as_dict(self) -> dict[str, Any]:
        """The report as the schema has it; `records.reports` makes it a report again."""
        return {
            "schema": SCHEMA,
            "submission": self.submission,
            "graded_at": self.graded_at,
            "seconds": self.seconds,
            "hashes": self.hashes,
            "seed": self.seed,
            "environment": self.environment,
            "isolation": self.isolation,
            "score": self.score,
            "max_score": self.max_score,
            "pending": self.pending,
            "questions": [_question_as_dict(question) for question in self.questions],
            "left_out": self.left_out,
            "notes": self.notes,
        }


def for_student(report: Report) -> dict[str, Any]:
    """The report as its student may see it: what every page, comment and export for students is made from.

    Left out are `staff` (what the code printed and raised while hidden tests ran could tell their inputs), `evidence`
    (which is made of their inputs), the seed, the hashes of the suite (with the submission's it gives the seed) and of
    the secret, remarks for a person, seconds of single tests (code could spend them on telling what it saw), and how
    well submissions are kept apart here. What is not named here is not shown.
    """
    return {
        "schema": STUDENT_SCHEMA,
        "submission": report.submission,
        "graded_at": report.graded_at,
        "hashes": {name: report.hashes[name] for name in ("submission", "thresholds", "grader")},
        "environment": report.environment,
        "score": report.score,
        "max_score": report.max_score,
        "pending": report.pending,
        "questions": [_question_for_student(question) for question in report.questions],
        "left_out": report.left_out,
        "notes": report.notes,
    }


def write_json(report: Report, path: Path) -> None:
    """Write the report whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    write_whole(path, json_text(report.as_dict(), indent=1) + "\n")


def _question_as_dict(question: QuestionReport) -> dict[str, Any]:
    fields = dict(vars(question))  # `dataclasses.asdict` copies all of it and takes most of the time of a page
    tests = [dict(vars(test)) for test in fields.pop("tests")]
    for test in tests:
        if not test["evidence"]:
            del test["evidence"]
    optional = {name: fields.pop(name) for name in ("written", "accuracy")}
    given = {name: dict(vars(value)) for name, value in optional.items() if value is not None}
    notes = fields.pop("notes")
    return {**fields, **({"notes": notes} if notes else {}), **given, "tests": tests}


def _question_for_student(question: QuestionReport) -> dict[str, Any]:
    fields = _question_as_dict(question)
    shown = ("id", "title", "score", "max_score", "pending", "notes", "written", "accuracy")
    of_test = ("name", "category", "status", "visibility", "score", "max_score", "message", "likely")
    tests = [{name: test[name] for name in of_test} for test in fields["tests"]]
    return {**{name: fields[name] for name in shown if name in fields}, "tests": tests}
