"""The names in a generated class: people, their folders, and a roster with most of them."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.course import Assignment

if TYPE_CHECKING:
    from autograder.evidence.bank.classes import SampleSubmission

_GIVEN = (
    "Ada", "Ana", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Grace", "Hồng", "Ines", "Jürgen", "Kofi", "Léa",
    "Mateo", "Nia", "Oluwaseun", "Priya", "Quinn", "Rania", "Søren", "Tomáš", "Uma", "Vera", "Wei", "Ximena", "Yuki",
    "Zoë",
)  # fmt: skip
_FAMILY = (
    "Abe", "Brown", "Çelik", "Da-Silva", "Eriksson", "Fischer", "García", "Hansen", "Ito", "Jones", "Kowalski",
    "Lefèvre", "Müller", "Nguyễn", "O'Neill", "Park", "Quispe", "Rossi", "Singh", "Török", "Usman", "Vogel", "Wang",
    "Xu", "Yılmaz", "Zhang",
)  # fmt: skip

# Names that cause trouble for shells, spreadsheets, web pages, Windows, or code that counts bytes or letters.
_AWKWARD = (
    "CON", "-rf", "--help", "李小龍", "محمد علي", "Ελένη Παπαδοπούλου", "Zoe\u0308 (decomposed)", "party 🎉 person",
    "family 👩‍👩‍👧", 'the "quoted"', "back\\slash", "=1+1", "@mention", "+49 170", "<b>bold", "a & b; c | d",
    "$(touch owned)", "`whoami`", "100%", "#hash", "nul.txt", "semi;colon, comma", "two  spaces", "q1_conv2d.py",
    "long " + "name " * 40 + "end", "Δ" * 100, "null", "results", "{{ 7 * 7 }}", "'; DROP TABLE students; --",
)  # fmt: skip
_EVERY = 8  # one in this many students has such a name


def folder_names(seed: int) -> Iterator[str]:
    """The names of one student after another, all different even if case is ignored."""
    for number in range(_EVERY * len(_AWKWARD)):
        yield _AWKWARD[number // _EVERY] if number % _EVERY == _EVERY - 1 else _name(seed, number)
    number = _EVERY * len(_AWKWARD)
    while True:
        yield f"{_AWKWARD[number % len(_AWKWARD)]} {number}" if number % _EVERY == 0 else _name(seed, number)
        number += 1


def _name(seed: int, number: int) -> str:
    """A person's name as learning-management systems put it into a folder's name, with their number."""
    draw = random.Random(f"name {seed} {number}")  # noqa: S311
    given, family = draw.choice(_GIVEN), draw.choice(_FAMILY)
    form = draw.choice(("{given} {family} {id}", "{family}_{given}_{id}", "{id}", "s{id}", "{family}, {given} {id}"))
    return form.format(given=given, family=family, id=10_000 + number)


def write_roster(path: Path, entries: Iterable[SampleSubmission], assignment: Assignment, seed: int = 0) -> None:
    """Write the roster of a class: most of its students, and some who handed in nothing.

    Of a hundred students two are missing from the roster, two more on it handed in nothing, and one has a question
    dropped. If the assignment has a due date, most handed in before it, some late, and a few have an extension.
    """
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["student", "name", "email", "section", "extension", "dropped", "handed_in"])
    for number, entry in enumerate(entries):
        draw = random.Random(f"roster {seed} {number}")  # noqa: S311
        if number % 50 == 17:
            continue  # handed in, but not on the roster
        person = f"{draw.choice(_GIVEN)} {draw.choice(_FAMILY)}"
        email, section = f"student{number}@example.org", draw.choice("ABC")
        more, handed_in = _times(assignment.due, draw)
        dropped = assignment.questions[-1].id if number % 100 == 42 else ""
        table.writerow([entry.student, person, email, section, more, dropped, handed_in])
        if number % 50 == 33:
            table.writerow([f"absent {number}", f"Absent {person}", f"absent{number}@example.org", section, "", "", ""])
    path.write_text(file.getvalue(), "utf-8")


def _times(due: datetime | None, draw: random.Random) -> tuple[str, str]:
    """A student's extension and time of handing in; "" for none."""
    if due is None:
        return "", ""
    more = due + timedelta(days=7) if draw.random() < 0.05 else None
    handed_in = due + timedelta(hours=draw.choice((-90, -40, -20, -6, -2, -1, 1, 30)))
    return more.isoformat() if more else "", handed_in.isoformat()
