"""The same class of twelve as Canvas, Moodle, Gradescope and GitHub Classroom hand it out, with each one's roster.

Three are late, one handed in again, of one two submissions lie there; one has an accent, which the disk takes apart and
the roster does not; one handed in loose files, one a notebook, one a file that was renamed on the way, one nothing but
stubs beside a file of another name, and one nothing at all.
"""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import course

Files = dict[str, str]

WRONG = "def relu(input, inplace=False):\n    return input\n"
RIGHT, LINEAR = ((course.SOLUTIONS / name).read_text("utf-8") for name in ("q2_relu.py", "q5_linear.py"))
STUB = (course.STUBS / "q2_relu.py").read_text("utf-8")
ALL: Files = {"q2_relu.py": RIGHT, "q5_linear.py": LINEAR}
SOME: Files = {"q2_relu.py": WRONG, "q5_linear.py": LINEAR}
RENAMED = "q2_relu (1).py"
NEAR = "q2_relu_final.py"


def _notebook(source: str) -> str:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})


@dataclass(frozen=True)
class Person:
    """A student: what the course and each system know them by, and what they handed in, an earlier try before it."""

    number: int
    first: str
    last: str
    files: Files
    before: Files | None = None
    late: bool = False
    loose: bool = False
    both: bool = False  # the earlier try lies there, too, and nothing says which counts

    @property
    def login(self) -> str:
        return f"s{self.number:02}"

    @property
    def email(self) -> str:
        return f"{self.login}@uni.example"

    @property
    def github(self) -> str:
        return f"octo-{self.login}"


CLASS = (
    Person(1, "Ada", "Lovelace", ALL),
    Person(2, "Chloé", "Müller", ALL),
    Person(3, "Ben", "Ng", SOME, late=True),
    Person(4, "Dan", "Okafor", ALL, before=SOME),
    Person(5, "Eve", "Park", ALL, before=SOME, both=True),
    Person(6, "Fay", "Quist", SOME, loose=True),
    Person(7, "Gus", "Ray", {RENAMED: RIGHT, "q5_linear.py": LINEAR}),
    Person(8, "Hal", "Sun", ALL, late=True),
    Person(9, "Ida", "Tan", {"q5_linear.py": LINEAR}, late=True),
    Person(10, "Jo", "Um", {}),
    Person(11, "Kai", "Voss", {"q2_relu.ipynb": _notebook(RIGHT), "q5_linear.py": LINEAR}),
    Person(12, "Lea", "Wu", {"q2_relu.py": STUB, NEAR: RIGHT}),
)


def canvas(folder: Path) -> tuple[Path, str]:
    """All submissions of an assignment, and the gradebook."""
    files: dict[str, bytes] = {}
    for person in CLASS:
        squeezed = f"{person.last}{person.first}".casefold()
        start = f"{squeezed}{'_LATE' if person.late else ''}_{4000 + person.number}"
        if person.loose or person.before:  # the second file of a name is called -1
            tries = [person.files] if person.both else [each for each in (person.before, person.files) if each]
            for attempt, each in enumerate(tries):
                again = f"-{attempt}" if attempt else ""
                for name, text in each.items():
                    stem, _, end = name.rpartition(".")
                    files |= {f"{start}_{9000 + 20 * person.number + attempt}_{stem}{again}.{end}": text.encode()}
        elif person.files:
            files |= {f"{start}_{9000 + person.number}_my lab.zip": _zipped(person.files)}
        if person.both and person.before:
            files |= {f"{start}_{9500 + person.number}_lab.zip": _zipped(person.before)}
    rows = ["Student,ID,SIS User ID,SIS Login ID,Section,Lab (7),Final Score", "    Points Possible,,,,,15,(read only)"]
    rows += [f'"{each.last}, {each.first}",{4000 + each.number},u{each.number},{each.login},A,,' for each in CLASS]
    return _handed_out(folder / "submissions.zip", files), "\n".join([*rows, '"Student, Test",1,,93f2,A,,'])


def moodle(folder: Path) -> tuple[Path, str]:
    """All submissions of an assignment, in folders, and the participants."""
    files: dict[str, bytes] = {}
    for person in CLASS:
        own = f"{person.first} {person.last}_{500 + person.number}_assignsubmission_file"
        between = "_" if person.loose else "/"
        files |= {f"{own}{between}{name}": text.encode() for name, text in person.files.items()}
        if person.both and person.before:
            files |= {f"{own}.zip": _zipped(person.before)}
    rows = ["First name,Last name,Username,ID number,Email address,Roles,Groups"]
    rows += [f"{each.first},{each.last},{each.login},{each.number},{each.email},Student," for each in CLASS]
    return _handed_out(folder / "CS1-Lab-12.zip", files), "\n".join([*rows, "Tea,Cher,tea,0,tea@uni.example,Teacher,"])


def gradescope(folder: Path) -> tuple[Path, str]:
    """The export of submissions, and the roster."""
    files: dict[str, bytes] = {}
    about = "---\n"
    for person in CLASS:
        tries = [person.files, *([person.before] if person.both and person.before else [])]
        for attempt, each in enumerate(tries):
            own = f"submission_{100 + person.number + 100 * attempt}"
            files |= {f"assignment_5_export/{own}/{name}": text.encode() for name, text in each.items()}
            if each:
                about += f"{own}:\n  :submitters:\n  - :name: {person.first} {person.last}\n    :sid: {person.login}\n"
                day = 19 if person.late else 18
                about += f"    :email: {person.email}\n  :created_at: 2026-12-{day} 12:00:00 +0100\n"
    files |= {"assignment_5_export/submission_metadata.yml": about.encode()}
    rows = ["Name,SID,Email,Role,Sections"]
    rows += [f"{each.first} {each.last},{each.login},{each.email},Student,A" for each in CLASS]
    rows += ["Tea Cher,,tea@uni.example,Instructor,A"]
    return _handed_out(folder / "submissions.zip", files), "\n".join(rows)


def github_classroom(folder: Path) -> tuple[Path, str]:
    """Clones, and the roster."""
    for person in CLASS:
        tries = {"cnn-lab": person.files, **({"old-cnn-lab": person.before} if person.both and person.before else {})}
        for assignment, each in tries.items():
            clone = folder / "clones" / f"{assignment}-{person.github}"
            for name, text in each.items():
                path = clone / ("" if person.loose else "assignment") / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
                (clone / ".git").mkdir(exist_ok=True)
                (clone / "README.md").write_text(f"# {person.first}\n", "utf-8")
    rows = ["identifier,github_username,github_id,name"]
    rows += [f'"{each.login}","{each.github}","{each.number}","{each.first} {each.last}"' for each in CLASS]
    return folder / "clones", "\n".join(rows)


DOWNLOADS: Mapping[str, Callable[[Path], tuple[Path, str]]] = {
    "Canvas": canvas,
    "Moodle": moodle,
    "Gradescope": gradescope,
    "GitHub Classroom": github_classroom,
}
"""By the system's name: writes the class as it hands it out into a folder; what is given to `class`, and the roster."""


def _zipped(files: Files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"my lab/assignment/{name}", text)
    return packed.getvalue()


def _handed_out(path: Path, files: Mapping[str, bytes]) -> Path:
    """The zip file that a system makes; its names have their accents taken apart, as macOS has them."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in files.items():
            archive.writestr(unicodedata.normalize("NFD", name), contents)
    return path
