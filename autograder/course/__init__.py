"""The assignment as a course set it up: `assignment.toml`, read and checked."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sys
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.course import tables
from autograder.course.deadline import LateRule
from autograder.course.limits import TOGETHER, Limits
from autograder.course.tables import Key, Misfit, checked, nearest, shown, shown_name
from autograder.errors import GraderFault, UnusableRequest
from tests.rule import OPERATIONS

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "autograder" / "assignment.toml"
SOLUTIONS = ROOT / "solutions"
STUBS = ROOT / "assignment"
PUBLIC_TESTS = ROOT / "tests"
HIDDEN_TESTS = ROOT / "autograder" / "hidden"
EXPLANATIONS = "explanations.md"
GIVEN = STUBS / "given"
OLDEST_PYTHON = (3, 11)  # on which the grader runs
PYTHON_PLACE = "COURSE_PYTHON"  # placeholder in templates for the course's version of Python

TRAINED = {"lenet": "q6_lenet", "efficientnet": "q7_efficientnet"}
"""The networks that a question can train, and the module of each. (`given/training.py` has them too, but needs
torch.)"""

# What students find where their answers go.
CODE_STUB = '# TODO: your code here.\nraise NotImplementedError("TODO")'
TEXT_STUB = "*Your answer here.*"

# In autograder/: checks of the grader itself, and tools to build and release it.
NOT_FOR_GRADING = {
    *("tests", "evidence", "appeal", "release", "guides", "README.md", "EVIDENCE.md"),
    *("batch", "gradebook", "pages", "records", "review", "similar"),
}


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        id: "q1".
        title: for people.
        module: name of the student's module, without ".py".
        points: the question's total points.
        written: the part of them that a person gives for the written answer.
        from_scratch: functions that must not use the library's own kernels.
        trains: name of the network, in assignment/given/training.py, that a short run trains; "" for none.
        limits: what a submission may use.
        dropped: whether its points count for nobody in a class's grade book; it is graded and shown all the same.
    """

    id: str
    title: str
    module: str
    points: int
    written: int
    from_scratch: tuple[str, ...]
    trains: str
    limits: Limits
    dropped: bool = False

    @property
    def automatic(self) -> int:
        """Points given by the program."""
        return self.points - self.written


@dataclass(frozen=True)
class Assignment:
    """The whole assignment.

    Attributes:
        title: for people.
        questions: in order.
        python: major and minor version of the Python with which the course grades, "3.12".
        due: when it is due, with its time zone; None if there is no due date.
        late: the course's rule for late work.
        timezone: the course's time zone, "Europe/Berlin", which gives CET and CEST a meaning; "" if unknown.
    """

    title: str
    questions: tuple[Question, ...]
    python: str
    due: datetime | None = None
    late: LateRule = field(default_factory=LateRule)
    timezone: str = ""

    def choose(self, ids: Sequence[str]) -> tuple[Question, ...]:
        """The questions with these ids, in the assignment's order; all if no ids are given.

        Raises:
            UnusableRequest: there is no such question.
        """
        known = [question.id for question in self.questions]
        for name in ids:
            if name not in known:
                raise UnusableRequest(f"There is no question {name}; there are {', '.join(known)}.")
        return tuple(question for question in self.questions if not ids or question.id in ids)

    def limited(self, limits: Limits) -> Assignment:
        """The same assignment with these limits for every question."""
        questions = (dataclasses.replace(question, limits=limits) for question in self.questions)
        return dataclasses.replace(self, questions=tuple(questions))


def given_files() -> dict[str, bytes]:
    """The files of the package `assignment` other than students' answers: contents by path in the package."""
    paths = [STUBS / "__init__.py", *sorted(GIVEN.glob("*.py"))]
    return {path.relative_to(STUBS).as_posix(): path.read_bytes() for path in paths}


def load(path: Path = SETTINGS) -> Assignment:
    """Read `assignment.toml`.

    Raises:
        GraderFault: it cannot be read, or a key in it is unknown, is missing or has an invalid value. It is a
            GraderFault since no submission and no request is to blame: the course's staff have to mend the file.
    """
    try:
        settings = checked(tables.read_toml(path), _ASSIGNMENT)
        common = _limits(settings["limits"], "[limits]")
        questions = [_question(entry, common, at) for at, entry in enumerate(settings["question"], 1)]
        tables.unlike([question.id for question in questions], "id =")
        tables.unlike([question.module for question in questions], "module =")
        late = LateRule(**checked(settings["late"], _LATE, "[late]"))
        return Assignment(
            settings["title"], tuple(questions), settings["python"], settings["due"], late, settings["timezone"]
        )
    except ValueError as misfit:  # a Misfit, or one from LateRule
        raise GraderFault(f"{path}: {misfit}.") from None


def _question(given: dict[str, Any], common: dict[str, Any], at: int) -> Question:
    where = f"[[question]] {given['id']}" if _is_id(given.get("id")) else f"the {_ordinal(at)} [[question]]"
    entry = checked(given, _QUESTION, where)
    name, module, points, written = (entry[key] for key in ("id", "module", "points", "written"))
    if not module.startswith(f"{name}_"):  # a test's file name shows which question it belongs to
        raise Misfit(f"{where}: module = {shown(module)} must begin with the question's id, {name}_")
    if written > points:
        raise Misfit(f"{where}: written = {written} must not be more than points = {points}, of which it is a part")
    source = _source_of(module, where)
    for function in entry["from_scratch"]:
        if function not in OPERATIONS:
            raise Misfit(
                f"{where}: from_scratch = {shown(entry['from_scratch'])}: no function called {shown(function)} can be "
                f"watched{nearest(function, OPERATIONS)}"
            )
        if not re.search(rf"(?m)^(?:def|class) {function}\b", source):
            raise Misfit(f"{where}: from_scratch names {function}, which {module}.py does not define")
    trains = entry["trains"]
    if trains and trains not in TRAINED:
        raise Misfit(f"{where}: there is no network called {shown(trains)} to be trained{nearest(trains, TRAINED)}")
    if trains and TRAINED[trains] != module:
        raise Misfit(f"{where}: trains = {shown(trains)} is the network of {TRAINED[trains]}.py, not of {module}.py")
    own = {**common, **_limits(entry["limits"], f"{where}, [question.limits]", common)}
    return Question(**{**entry, "from_scratch": tuple(entry["from_scratch"]), "limits": Limits(**own)})


def _limits(given: dict[str, Any], where: str, common: dict[str, Any] | None = None) -> dict[str, Any]:
    """A table of limits, checked one by one."""
    for name in given:
        if name not in _LIMITS:
            raise Misfit(f"{where}: there is no limit called {shown_name(name)}{nearest(name, _LIMITS)}")
        if common is not None and name.startswith(TOGETHER):
            raise Misfit(f"{where}: the limit {name} is for all questions together: it belongs under [limits]")
    try:
        Limits(**{**(common or {}), **given})
    except ValueError as error:
        raise Misfit(f"{where}: {error}") from None
    return given


def _source_of(module: str, where: str) -> str:
    """The text of a question's module as students get it, or of the solution from which that is made."""
    for folder in (STUBS, SOLUTIONS):
        with contextlib.suppress(OSError):
            return (folder / f"{module}.py").read_text("utf-8", "replace")
    raise Misfit(f"{where}: module = {shown(module)}, but neither assignment/ nor solutions/ holds {module}.py")


def _is_id(value: object) -> bool:
    return type(value) is str and re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", value) is not None


def _is_timezone(name: str) -> bool:
    try:
        return bool(zoneinfo.ZoneInfo(name).key)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


_LIMITS = [field.name for field in dataclasses.fields(Limits)]
_MOST_POINTS = 10_000
_OLDEST = ".".join(map(str, OLDEST_PYTHON))

# The keys of each table and their values. A new setting is a line here and an attribute of the same name above.
_ASSIGNMENT = {
    "title": tables.text(),
    "due": Key(
        "a date and time of this millennium with a zone, without quotation marks, like 2026-12-18T23:59:00+01:00",
        lambda value: isinstance(value, datetime) and value.tzinfo is not None and 2000 <= value.year < 3000,
        None,
    ),
    "late": tables.table("late"),
    "timezone": Key(
        'the name of a time zone in quotation marks, like "Europe/Berlin", or ""',
        lambda value: type(value) is str and (not value or _is_timezone(value)),
        "",
    ),
    "limits": tables.table("limits"),
    "question": tables.many("question"),
    "python": Key(
        f"the version that the course grades with, in quotation marks, {_OLDEST} or later, "
        f'like "{sys.version_info.major}.{sys.version_info.minor}"',
        lambda value: (
            type(value) is str
            and re.fullmatch(r"3\.[1-9]\d?", value) is not None
            and int(value[2:]) >= OLDEST_PYTHON[1]
        ),
    ),
}
_LATE = {
    "grace_minutes": tables.number(0, 100_000, 0),
    "percent_per_day": tables.number(0, 100, 0),
    "days": tables.whole(0, 1000, 0),
}
_QUESTION = {
    "id": Key('letters and digits that begin with a letter, like "q1"', _is_id),
    "title": tables.text(),
    "module": Key(
        'the name of a Python module without ".py", like "q1_conv2d"',
        lambda value: type(value) is str and value.isascii() and value.isidentifier(),
    ),
    "points": tables.whole(1, _MOST_POINTS),
    "written": tables.whole(0, _MOST_POINTS, 0),
    "from_scratch": Key(
        f"a list of names in brackets, of {', '.join(OPERATIONS)}",
        lambda value: type(value) is list and all(type(name) is str for name in value),
        [],
    ),
    "trains": tables.text("", empty=True),
    "limits": tables.table("question.limits"),
    "dropped": tables.boolean(default=False),
}
