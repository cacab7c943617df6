"""Generated classes to try the grader on: any number of submissions of all kinds, the same for the same seed.

    python -m autograder.evidence.bank.classes FOLDER --students 200

Every hundred students have the same mix (`SHARES`), so that the last hundred of a thousand can be compared with the
first. Submissions come from the bank, from the corpus of attacks, or are broken in ways that courses have seen; they
are folders, zip files and git checkouts, with names that people and systems make up. None of them does harm if it is
graded in the sandbox or only copied.
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
"""How many of a hundred students hand in which kind; these occur in any course."""

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
"""The same for a whole class. A slow attack runs until a limit ends it, after seconds or a minute."""

REFUSED = {
    "an unreadable zip file", "no zip file", "an empty folder", "two answers",
    "an empty zip file",
}  # fmt: skip
"""Kinds that cannot be graded at all: reading them gives the reason."""


@dataclass(frozen=True)
class SampleSubmission:
    """One student's submission in the folder of a class.

    Attributes:
        student: the student's name in the roster.
        path: the folder or file.
        kind: a key of `SHARES`.
    """

    student: str
    path: Path
    kind: str

    @property
    def refused(self) -> bool:
        """Whether none of it can be graded."""
        return self.kind in REFUSED


def write_class(
    folder: Path, students: int, seed: int = 0, questions: Sequence[str] = (), *, ordinary: bool = False
) -> tuple[SampleSubmission, ...]:
    """Write a class's submissions to a folder, which is created.

    The same arguments give the same bytes; a larger class with the same seed begins with the smaller one.

    Args:
        folder: gets a folder or file for each student. It must be empty or not exist.
        students: how many.
        seed: another one gives another class.
        questions: ids of the questions that are handed in; all if empty.
        ordinary: only kinds that occur in any course (`ORDINARY`): no attacks and nothing unreadable.

    Raises:
        UnusableRequest: the folder is not empty, or there is no such question.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UnusableRequest(f"{folder} is not empty: a class is written into a folder of its own.")
    contents = Contents(course.load().choose(questions))
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    names = folder_names(seed)
    for number, kind in zip(range(students), _kinds(seed, ORDINARY if ordinary else SHARES), strict=False):
        draw = random.Random(f"{seed} {number}")  # noqa: S311  (who hands in what is public)
        student = next(names)
        files = contents.files(kind, draw)
        entries.append(SampleSubmission(student, pack(folder, student, kind, files, draw), kind))
    return tuple(entries)


def _kinds(seed: int, shares: dict[str, int]) -> Iterator[str]:
    """The kinds of one student after another; each round of all shares is shuffled again."""
    whole = [kind for kind, share in shares.items() for _ in range(share)]
    round_ = 0
    while True:
        yield from random.Random(f"kinds {seed} {round_}").sample(whole, len(whole))  # noqa: S311
        round_ += 1
