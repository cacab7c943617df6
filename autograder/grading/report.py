"""The report: the result of grading, as data. Every other form is rendered from it.

`max_score` counts the points that a program can give and is the same for every submission; `pending` counts those that
await a reader. The fields and their order are the schema "cnn-autograder/report/v1".
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
        score, max_score: points, all or nothing.
        message: for the student.
        staff: what the student's code printed and raised, and the whole message of a hidden test.
        seconds: wall time.
        likely: the sentence of the message that names the probable mistake; "" if unknown.
        evidence: for staff, about a failing hidden test: its place, its calls and their results; see `evidence`.
    """

    __test__ = False  # not a test itself, despite its name

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
    """The written answer: a blank one gets 0, others await a reader, and one that was read has a score."""

    state: Literal["blank", "awaiting", "read"]
    score: int | None
    max_score: int
    comment: str


@dataclass(frozen=True)
class Accuracy:
    """A network's accuracy after a short run.

    Attributes:
        mean: percentage of held-out images that it recognises.
        per_class: the same for each class; None where a report that was read back had NaN, which JSON lacks.
        threshold: the mean that is required.
        before: the mean before it was trained; chance is 10.
        curve: number and training loss of each epoch, as reported by the submission's process; None likewise.
        about: a sentence on which run this is, and where it was made.
    """

    mean: float
    per_class: dict[str, float | None]
    threshold: float
    before: float
    curve: list[tuple[int, float | None]]
    about: str = ""


@dataclass(frozen=True)
class QuestionReport:
    """One question.

    Attributes:
        flags: remarks for a person; they cost no points.
        notes: sentences for the student and for staff about a notebook's cells: what was left out of them, and which
            count as another type than they have. They cost no points.
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

    `notes` say which files were used, if that is not obvious, and `left_out` lists those that were not; both are for
    the student too.
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
        """The report in the form of the schema; `records.reports` turns it into a report again."""
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
    """The report as its student may see it, from which every page, comment and export for students is made.

    Left out are `staff` (what the code printed and raised in hidden tests could reveal their inputs), `evidence` (which
    contains their inputs), the seed, the hashes of the suite (with the submission's it gives the seed) and of the
    secret, remarks for staff, the seconds of single tests (code could encode in them what it saw), and how well
    submissions are isolated on this machine. Only fields named here are shown.
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
    """Write the report atomically.

    Raises:
        OSError: the file cannot be written.
    """
    write_whole(path, json_text(report.as_dict(), indent=1) + "\n")


def _question_as_dict(question: QuestionReport) -> dict[str, Any]:
    fields = dict(vars(question))  # `dataclasses.asdict` makes deep copies, which would take most of the time of a page
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
