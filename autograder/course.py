"""The assignment as a course set it up: `assignment.toml`, read and checked."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.deadline import LateRule
from autograder.errors import GraderFault, UnusableRequest
from autograder.sandbox.limits import Limits

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "autograder" / "assignment.toml"
SOLUTIONS = ROOT / "solutions"
STUBS = ROOT / "assignment"
PUBLIC_TESTS = ROOT / "tests"
HIDDEN_TESTS = ROOT / "autograder" / "hidden"
EXPLANATIONS = "explanations.md"

# In autograder/: checks of the grader itself, and tools of those who build it and send it out.
NOT_FOR_GRADING = {
    *("tests", "attacks", "bank", "benchmarks", "fuzz", "export", "release", "guides", "README.md", "EVIDENCE.md"),
    *("batch", "gradebook", "pages", "review", "folder_update.py", "calibrate.py", "controls.py", "verify.py"),
}


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        id: "q1".
        title: for people.
        module: name of the student's module, without ".py".
        points: all points of the question.
        written: of them, the points a person gives for the written answer.
        from_scratch: functions that must not use the library's own kernels.
        trains: name of the network, in assignment/training.py, that a short run trains; "" if there is none.
        limits: what a submission may use.
        dropped: it is graded and shown, but a class's grade book counts its points for nobody.
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
        """Points that a program gives."""
        return self.points - self.written


@dataclass(frozen=True)
class Assignment:
    """The whole assignment.

    Attributes:
        title: for people.
        questions: in order.
        due: when it is due, with its time zone; None if there is no due date.
        late: what a course makes of late work.
    """

    title: str
    questions: tuple[Question, ...]
    due: datetime | None = None
    late: LateRule = field(default_factory=LateRule)

    def choose(self, ids: Sequence[str]) -> tuple[Question, ...]:
        """The questions of these ids, in the assignment's order; all if there are none.

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


def load(path: Path = SETTINGS) -> Assignment:
    """Read `assignment.toml`.

    Raises:
        GraderFault: it cannot be read, or lacks or misspells something.
    """
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
        _known("setting", settings, [*({*_fields(Assignment)} - {"questions"}), "question", "limits"])
        common = settings.get("limits", {})
        questions = tuple(_question(entry, common) for entry in settings["question"])
        late = settings.get("late", {})
        _known("setting of [late]", late, _fields(LateRule))
        return Assignment(settings["title"], questions, _due(settings.get("due")), LateRule(**late))
    except KeyError as error:
        raise GraderFault(f"{path} lacks {error}.") from None
    except (OSError, ValueError, TypeError) as error:
        raise GraderFault(f"{path} cannot be used: {error}") from None


def _due(given: object) -> datetime | None:
    if given is None or (isinstance(given, datetime) and given.tzinfo is not None):
        return given
    raise ValueError(f"due = {given} is no date and time with a zone, like 2026-12-18T23:59:00+01:00")


def _question(entry: dict[str, Any], common: dict[str, Any]) -> Question:
    _known("setting of a question", entry, _fields(Question))
    limits = {**common, **entry.get("limits", {})}
    _known("limit", limits, _fields(Limits))
    return Question(
        id=entry["id"],
        title=entry["title"],
        module=entry["module"],
        points=entry["points"],
        written=entry.get("written", 0),
        from_scratch=tuple(entry.get("from_scratch", ())),
        trains=entry.get("trains", ""),
        limits=Limits(**limits),
        dropped=entry.get("dropped", False),
    )


def _known(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a misspelt name."""
    known = list(known)
    for name in given:
        if name not in known:
            likely = difflib.get_close_matches(name, known, 1)
            raise ValueError(f"there is no {what} called {name}" + (f"; did you mean {likely[0]}?" if likely else ""))


def _fields(record: type[DataclassInstance]) -> list[str]:
    return [field.name for field in dataclasses.fields(record)]
