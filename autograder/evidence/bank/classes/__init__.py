"""Classes to try the grader on: as many submissions as wanted, of all kinds there are, the same for the same seed.

    python -m autograder.evidence.bank.classes FOLDER --students 200

Every hundred students hold the same mix (`SHARES`), so that the last hundred of a thousand may be compared with the
first. What is handed in is the bank's, the corpus of attacks', or broken in a way that courses have seen; it lies in
folders, zip files and git checkouts, under names that people and systems come up with. Nothing in it does harm where
it is graded in the sandbox, nor where it is only copied.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import course
from autograder.errors import UnusableRequest
from autograder.evidence.bank.classes.contents import Contents
from autograder.evidence.bank.classes.names import folder_names
from autograder.evidence.bank.classes.packing import pack

ORDINARY = {
    "the solutions": 6,
    "right answers": 16,
    "one fault": 22,
    "several faults": 12,
    "partly filled in": 8,
    "stubs": 3,
    "not all modules": 3,
    "notebooks": 6,
}
"""Of a hundred students, how many hand in what; these are students of any course."""

SHARES = ORDINARY | {
    "an attack": 8,
    "a slow attack": 1,
    "a syntax error": 2,
    "another encoding": 1,
    "an empty module": 1,
    "a binary module": 1,
    "too large a module": 1,
    "a link": 1,
    "an encrypted zip file": 1,
    "an unreadable zip file": 2,
    "a zip file in a zip file": 1,
    "no zip file": 1,
    "an empty folder": 1,
    "two answers": 1,
    "an empty zip file": 1,
}
"""The same for a whole class. A slow attack is one that grading ends only at a limit, after seconds or a minute."""

REFUSED = {
    "an unreadable zip file", "no zip file", "an empty folder", "two answers",
    "an empty zip file",
}  # fmt: skip
"""Of these nothing can be graded: taking them in says why."""


@dataclass(frozen=True)
class Entry:
    """One student's submission in the folder of a class.

    Attributes:
        student: what the roster calls the student.
        path: the folder or file.
        kind: a key of `SHARES`.
    """

    student: str
    path: Path
    kind: str

    @property
    def refused(self) -> bool:
        """Whether nothing of it can be graded."""
        return self.kind in REFUSED


def write_class(
    folder: Path, students: int, seed: int = 0, questions: Sequence[str] = (), *, ordinary: bool = False
) -> tuple[Entry, ...]:
    """Write a class's submissions into a folder, which is made.

    The same arguments give the same bytes; a larger class of the same seed begins with the smaller one.

    Args:
        folder: for one folder or file a student. It must be empty, or not there.
        students: how many.
        seed: another one gives another class.
        questions: ids of those that are handed in; all if there are none.
        ordinary: only students of any course (`ORDINARY`): no attacks, nothing that cannot be read.

    Raises:
        UnusableRequest: the folder holds something, or there is no such question.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UnusableRequest(f"{folder} is not empty: a class is written into a folder of its own.")
    contents = Contents(course.load().choose(questions))
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    names = folder_names(seed)
    for number, kind in zip(range(students), _kinds(seed, ORDINARY if ordinary else SHARES), strict=False):
        draw = random.Random(f"{seed} {number}")  # noqa: S311  (who hands in what is no secret)
        student = next(names)
        files = contents.files(kind, draw)
        entries.append(Entry(student, pack(folder, student, kind, files, draw), kind))
    return tuple(entries)


def _kinds(seed: int, shares: dict[str, int]) -> Iterator[str]:
    """The kinds of one student after another, in every round of all shares in another order."""
    whole = [kind for kind, share in shares.items() for _ in range(share)]
    round_ = 0
    while True:
        yield from random.Random(f"kinds {seed} {round_}").sample(whole, len(whole))  # noqa: S311
        round_ += 1
