"""A class's results: a folder with a file for each student, each written whole or not at all.

    class.json            which assignment this is, what networks are trained on
    roster.csv            who is in the class, a copy of what the last run was given
    results/<key>.json    what came of one student's submission
    reviews/<key>.json    what a person gave for written answers, see `review.store`

What else lies there (grade books, pages) is made from these and may be deleted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from autograder.course.people import comparable
from autograder.course.roster import Roster, read_roster
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.grading.report import Report
from autograder.records.reports import report_from
from autograder.records.typed import Damaged, read_json, record_of, typed
from autograder.text.inert import json_text

CLASS_FILE = "class.json"
ROSTER_FILE = "roster.csv"
RESULTS = "results"
GRADED_IN_ACTIONS = "graded in GitHub Actions"  # in class.json, where `class` has the folder with the submissions
RESULT_SCHEMA = "cnn-autograder/result/v1"
CLASS_SCHEMA = "cnn-autograder/class/v1"


@dataclass(frozen=True)
class TestChange:
    """A test that ended differently from the last time; a status is None where there was no such test."""

    __test__ = False

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Change:
    """A question that has changed since the last time; scores are None where it was not graded."""

    question: str
    before: int | None
    after: int | None
    tests: tuple[TestChange, ...] = ()


@dataclass(frozen=True)
class Result:
    """What came of one student's submission.

    Attributes:
        key: names the files that concern the student; from `key_of`.
        student: what the course knows the student by; without a roster, the name of the folder or zip file.
        source: the name of the folder or zip file, printable: to show, not to open.
        digest: SHA-256 of all that counts in the submission; "" if it cannot be used.
        report: what grading found out; None if nothing could be graded.
        problem: why nothing could be graded, a sentence; "" if something was.
        ours: the problem is not the submission's fault: there are no points yet, not even 0. A report is then an
            earlier one.
        handed_in: when, in ISO's form with the zone, where that is known.
        claimed: whether that is what a file in the submission or a commit says, which its student can have written.
        choose: of how many submissions of the student one is to be chosen, before any is graded; else 0.
        one_of: whose submission it is, where it is one of several of which none counts yet.
        answers: the written answers, by question id, as they were handed in; "" where there is none.
        stamps: by question id, a digest of all that decided its points; the same as long as nothing changed.
        changes: what differs from the time before; empty the first time.
        graded_at: when, in ISO's form, UTC.
    """

    key: str
    student: str
    source: str
    digest: str = ""
    report: Report | None = None
    problem: str = ""
    ours: bool = False
    handed_in: str | None = None
    answers: dict[str, str] = field(default_factory=dict)
    stamps: dict[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    graded_at: str = ""
    claimed: bool = False
    choose: int = 0
    one_of: str = ""


class Run(TypedDict):
    """A run that grades a class.

    Attributes:
        began: when, in ISO's form, UTC.
        finished: whether it was not cut off.
        again: the questions and the students that it was to grade again; None if it had only to grade what is new.
    """

    began: str
    finished: bool
    again: list[list[str]] | None


class ClassRecord(TypedDict):
    """What `class.json` has.

    Attributes:
        title, modules: of the assignment.
        folder: where the submissions are, or `GRADED_IN_ACTIONS`; "" as long as that is not known.
        data: images that networks were trained on; None: none was.
        run: the last one; None if there was none.
    """

    schema: str
    title: str
    modules: list[str]
    folder: NotRequired[str]
    data: NotRequired[str | None]
    run: NotRequired[Run | None]


def key_of(student: str) -> str:
    """A name for files: the student's own where any system can have a file of that name, else one made from it.

    The same for a student however the name is spelt (`people.comparable`) and no matter who else is in the class;
    two students never share one.
    """
    name = comparable(student)
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", name):
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:40]
    return f"{readable}.{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}".lstrip(".")


def write_result(out: Path, result: Result) -> None:
    """Keep a result, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    write_result_file(out / RESULTS / f"{result.key}.json", result)


def write_result_file(path: Path, result: Result) -> None:
    """Write a result to a file that is not, or not yet, in a class's folder.

    Raises:
        OSError: it cannot be written.
    """
    fields = {name: value for name, value in vars(result).items() if name not in ("report", "changes")}
    report = None if result.report is None else result.report.as_dict()
    changes = [asdict(change) for change in result.changes]
    record = {"schema": RESULT_SCHEMA, **fields, "changes": changes, "report": report}
    write_whole(path, json_text(record, indent=1) + "\n")


def read_result(out: Path, key: str) -> Result | None:
    """The result of this key; None if there is none, or none that can be read: it will be graded again."""
    return read_result_file(out / RESULTS / f"{key}.json")


def read_result_file(path: Path) -> Result | None:
    """The result in a file; None if there is none, or none that can be read."""
    try:
        return _result(read_json(path))
    except (OSError, Damaged):
        return None


def read_results(out: Path) -> Iterator[Result]:
    """All results, by key; those that cannot be read are left out.

    Raises:
        UnusableRequest: the folder holds no class.
    """
    read_class(out)
    for path in sorted((out / RESULTS).glob("*.json")):
        result = read_result(out, path.stem)
        if result is not None:
            yield result


def read_class(out: Path) -> dict[str, Any]:
    """What `class.json` says.

    What a later release adds is kept: the record is written again, with what changed.

    Raises:
        UnusableRequest: the folder holds no class, or what it says of it is damaged.
    """
    try:
        record = record_of(read_json(out / CLASS_FILE), CLASS_SCHEMA, "title", "modules")
    except (OSError, Damaged):
        raise UnusableRequest(
            f"{out} holds no class: `python -m autograder class FOLDER --out {out}` makes one."
        ) from None
    try:
        typed(record, ClassRecord)
    except Damaged as error:
        raise UnusableRequest(f"{out / CLASS_FILE} is damaged ({error}): mend it, or name another folder.") from None
    return record


def read_class_roster(out: Path, given: Path | None = None) -> Roster | None:
    """The roster that is given, else the one that the class was graded with; None if there was none.

    Raises:
        UnusableRequest: it cannot be read.
    """
    path = given or out / ROSTER_FILE
    return read_roster(path) if given is not None or path.exists() else None


def _result(value: object) -> Result:
    record = record_of(value, RESULT_SCHEMA, "changes", "report")
    result = typed({name: each for name, each in record.items() if name not in ("schema", "report")}, Result)
    report = record["report"]
    return result if report is None else replace(result, report=report_from(report, at="report"))
