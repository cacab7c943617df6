"""The class: who is in it, where each one's repository is, who has more time. A CSV file that the course keeps."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.deadline import Deadline, LateRule, moment
from autograder.errors import UnusableRequest
from autograder.inert import one_line
from autograder.intake import encoding

MAX_ROSTER_BYTES = 16 << 20
_COLUMNS = ("student", "name", "email", "repository", "extension", "dropped", "handed_in")


@dataclass(frozen=True)
class Student:
    """One line of the roster.

    Attributes:
        student: what the course knows the student by: an account, a number. No two are the same.
        name, email: for people and grade books; may be "".
        repository: "owner/name" on GitHub, or what `git clone` takes; may be "".
        extension: this student's own due date.
        more: what other columns hold, by their headings; grade books may want it.
        dropped: ids of questions that a class's grade book does not count for this student.
        handed_in: when the student handed in, where the course knows.
    """

    student: str
    name: str = ""
    email: str = ""
    repository: str = ""
    extension: datetime | None = None
    more: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    handed_in: datetime | None = None

    def deadline(self, due: datetime | None, late: LateRule) -> Deadline:
        """The student's deadline in an assignment that is due then."""
        return Deadline(self.extension or due, late)


@dataclass(frozen=True)
class Roster:
    """The students in the file's order, and a sentence for each line that could not be used as it stands."""

    students: tuple[Student, ...]
    problems: tuple[str, ...]


def read_roster(path: Path) -> Roster:
    """Read a roster: a CSV file with a heading line; `student` is its only column that must be there.

    A line that cannot be used, or only in part, is a problem and stops no other.

    Raises:
        UnusableRequest: there is no such file, or it is no roster.
    """
    try:
        contents = path.read_bytes()[: MAX_ROSTER_BYTES + 1]
        text = encoding.decoded(contents)
    except OSError as error:
        raise UnusableRequest(f"The roster {path} cannot be read: {error.strerror}.") from None
    if len(contents) > MAX_ROSTER_BYTES:
        raise UnusableRequest(f"The roster {path} is larger than {MAX_ROSTER_BYTES:,} bytes.")
    # Spreadsheets of half the world write semicolons.
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        headings = [heading.strip().lower() for heading in reader.fieldnames or ()]
        if "student" not in headings:
            raise UnusableRequest(f"The roster {path} has no column `student` in its first line.")
        reader.fieldnames = headings
        return _students(reader)
    except csv.Error as error:
        raise UnusableRequest(f"The roster {path}, line {reader.line_num}: {error}.") from None


def _students(reader: csv.DictReader[str]) -> Roster:
    students: dict[str, Student] = {}
    lines: dict[str, int] = {}
    problems = []
    for row in reader:
        cells = {key: one_line(value or "") for key, value in row.items() if isinstance(key, str) and key}
        name, line = cells["student"], reader.line_num
        if not any(cells.values()):
            continue
        if not name:
            problems.append(f"Roster, line {line}: names no student; it is left out.")
            continue
        if name.casefold() in lines:
            at = lines[name.casefold()]
            problems.append(f"Roster, line {line}: {name} stands in line {at} already, and that one counts.")
            continue
        moments: dict[str, datetime] = {}
        for column, what in (("extension", "extension"), ("handed_in", "time of handing in")):
            if cells.get(column):
                try:
                    moments[column] = moment(cells[column])
                except ValueError as error:
                    problems.append(f"Roster, line {line}: {name}'s {what} does not count: {error}.")
        more = {key: value for key, value in cells.items() if key not in _COLUMNS}
        lines[name.casefold()] = line
        students[name] = Student(
            name,
            cells.get("name", ""),
            cells.get("email", ""),
            cells.get("repository", ""),
            moments.get("extension"),
            more,
            tuple(re.findall(r"[^\s;,]+", cells.get("dropped", ""))),
            moments.get("handed_in"),
        )
    return Roster(tuple(students.values()), tuple(problems))
