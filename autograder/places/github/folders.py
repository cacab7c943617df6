"""What the steps hand to one another, a folder a student: what was fetched, and what came of it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.files.whole import write_whole
from autograder.text.inert import json_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FETCHED = "fetched"  # students' files and which commits they are of; stays on the machine
RESULTS = "results"  # reports and outcomes; kept as an artifact
RESULT = "result.json"  # what came of a student, as a class's folder has it; see `records.results`


@dataclass(frozen=True)
class Commit:
    """A commit that may count.

    Attributes:
        sha: its name.
        handed_in: when it was pushed, in ISO's form; None if it does not matter or nobody knows.
        days, percent: how late that was, and what it costs by the course's rule.
        certain: whether the time is the server's; dates of commits are the student's to write.
    """

    sha: str
    handed_in: str | None = None
    days: int = 0
    percent: float = 0
    certain: bool = True

    @property
    def when(self) -> str:
        """The time for people, in UTC."""
        return f"{datetime.fromisoformat(self.handed_in):%Y-%m-%d %H:%M} UTC" if self.handed_in else ""


@dataclass(frozen=True)
class Fetched:
    """What was fetched of one student: the commits, or the problem. Files lie in a folder named like the commit.

    `remarks` are about commits that may count and could not be fetched, where another could. A problem that is `ours`
    is the grader's.
    """

    repository: str = ""
    commits: tuple[Commit, ...] = ()
    problem: str = ""
    remarks: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True)
class RepositoryResult:
    """What came of one student.

    Attributes:
        repository, commit, handed_in: what was graded.
        score, max_score, pending: points as they are, before any penalty; None where nothing was graded.
        days, percent, after_penalty: what lateness costs by the course's rule, shown beside.
        problem: why nothing was graded; "" if something was. If there is a commit, its student can read it.
        notes: which commit counts and why, and what a person should look at; for the student, too.
        flags: remarks for staff only.
        ours: the problem is the grader's, not the submission's.
    """

    repository: str = ""
    commit: str = ""
    handed_in: str | None = None
    score: int | None = None
    max_score: int | None = None
    pending: int = 0
    days: int = 0
    percent: float = 0
    after_penalty: float | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    ours: bool = False

    @property
    def points(self) -> str:
        """The points in words, before any penalty."""
        pending = f", {self.pending} more await a reader" if self.pending else ""
        return f"{self.score} of {self.max_score} points{pending}"


def write(record: DataclassInstance, path: Path) -> None:
    """Write a record whole or not at all."""
    write_whole(path, json_text(dataclasses.asdict(record), indent=1) + "\n")


def read_fetched(folder: Path) -> Fetched | None:
    """What was fetched, from the student's folder; None if nothing was even tried."""
    fields = _read(folder / "fetched.json")
    if fields is None:
        return None
    return Fetched(
        **{
            **fields,
            "commits": tuple(Commit(**commit) for commit in fields["commits"]),
            "remarks": tuple(fields["remarks"]),
        }
    )


def read_outcome(folder: Path) -> RepositoryResult | None:
    """What came of it, from the student's folder; None if it was not graded."""
    fields = _read(folder / "outcome.json")
    if fields is None:
        return None
    return RepositoryResult(**{**fields, "notes": tuple(fields["notes"]), "flags": tuple(fields["flags"])})


def _read(path: Path) -> dict[str, Any] | None:
    # By hand, unlike what `records.typed` reads: before and after grading there is Python and no package.
    try:
        fields: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return fields
