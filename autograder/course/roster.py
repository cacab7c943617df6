"""The roster: the students of a class, their repositories and their extensions, in a CSV file kept by the course."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.course.deadline import Deadline, LateRule, moment
from autograder.course.people import comparable, shown
from autograder.course.roster_forms import KNOWN, as_own
from autograder.errors import UnusableRequest
from autograder.text import encoding
from autograder.text.inert import one_line
from autograder.text.numbers import listed

MAX_ROSTER_BYTES = 16 << 20
_SEPARATOR = re.compile(r'"?sep=([^"\n])"?[\s,;]*', re.IGNORECASE)
_COLUMNS = ("student", "name", "email", "repository", "extension", "dropped", "handed_in")


@dataclass(frozen=True)
class Student:
    """One line of the roster.

    Attributes:
        student: the course's unique key for the student: an account or a number.
        name, email: for display and for grade books; may be "".
        repository: "owner/name" on GitHub, or an address for `git clone`; may be "".
        extension: this student's own due date.
        more: values of other columns, by heading, for grade books.
        dropped: ids of questions that do not count for this student in a class's grade book.
        handed_in: when the student handed in, if the course knows.
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
        """The student's deadline for an assignment with this due date."""
        return Deadline(self.extension or due, late)


@dataclass(frozen=True)
class Roster:
    """The students in the file's order, and a sentence for each line that could not be used as it is."""

    students: tuple[Student, ...]
    problems: tuple[str, ...]


def read_roster(path: Path) -> Roster:
    """Read a roster: the course's own, in which only the column `student` is required, or a system's export.

    Cells are separated by commas, semicolons, tabs, or what a first line `sep=` names; the encoding is UTF-8 or UTF-16.
    The exports of Canvas, Moodle, GitHub Classroom, Classroom 50 and Gradescope are understood unchanged
    (`roster_forms`). A line that cannot be used, or only in part, is reported and does not affect the others; but if a
    student has two lines, a person must decide which one counts.

    Raises:
        UnusableRequest: there is no such file, it is not a roster, or it has a student twice.
    """
    try:
        contents = path.read_bytes()[: MAX_ROSTER_BYTES + 1]
        text = encoding.decoded(contents)
    except OSError as error:
        raise UnusableRequest(f"The roster {path} cannot be read: {error.strerror}.") from None
    if len(contents) > MAX_ROSTER_BYTES:
        raise UnusableRequest(f"The roster {path} is larger than {MAX_ROSTER_BYTES:,} bytes.")
    headings, rows, lines = _table(path, text)
    names = [comparable(heading) for heading in headings]
    own = as_own(names, rows)
    if own is None:
        found = ", ".join(f"`{one_line(heading, 60)}`" for heading in headings if heading.strip()) or "nothing"
        raise UnusableRequest(
            f"The roster {path} has no column `student`: its first line has {found}. Call the column of accounts or "
            f"student numbers `student`, or give an export as it comes: {KNOWN}."
        )
    students = [(line, row) for line, row in zip(lines, own[0], strict=True) if row is not None and any(row.values())]
    _refuse_twice(path, students)
    read = [_student(line, row) for line, row in students]
    problems = [*own[1], *_shared(students)]
    return Roster(
        tuple(student for student, _ in read if student is not None),
        (*problems, *(problem for _, found in read for problem in found)),
    )


def _table(path: Path, text: str) -> tuple[list[str], list[dict[str, str]], list[int]]:
    """The headings; the rows, by lower-case heading; and each row's line number.

    Raises:
        UnusableRequest: it is not CSV.
    """
    first, _, rest = text.partition("\n")
    named = _SEPARATOR.fullmatch(first)
    if named:  # Excel's way to name the delimiter
        first, text = rest.partition("\n")[0], rest
    delimiter = named[1] if named else max(",;\t", key=lambda each: len(_cells(first, each)))
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows, lines = [], []
    try:
        headings = next(reader, [])
        names = [comparable(heading) for heading in headings]
        for cells in reader:
            row: dict[str, str] = {}
            for name, cell in zip(names, cells, strict=False):
                if name and not row.get(name):  # of two columns with the same name, the first with a value
                    row[name] = _cell(cell)
            rows.append({name: row.get(name, "") for name in names if name})
            lines.append(reader.line_num + bool(named))
    except csv.Error as error:
        if "end of data" in str(error):
            begins = (lines or [1 + bool(named)])[-1] + 1
            raise UnusableRequest(
                f"The roster {path}, line {begins}: a cell begins with a quotation mark and nothing closes it."
            ) from None
        raise UnusableRequest(f"The roster {path}, line {reader.line_num + bool(named)}: {error}.") from None
    return headings, rows, lines


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell that is too long, for instance, which reading the whole file will report
        return []


def _cell(text: str) -> str:
    """A cell's value; `="00123"` is how to keep a spreadsheet from dropping the zeros."""
    kept = re.fullmatch(r'\s*="([^"]*)"\s*', text)
    return shown(kept[1] if kept else text)


def _refuse_twice(path: Path, students: list[tuple[int, dict[str, str]]]) -> None:
    """Check that no student has two lines, since either might hold an extension.

    Raises:
        UnusableRequest: a student has two lines, which are named.
    """
    seen: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line, row in students:
        if row["student"]:
            seen[comparable(row["student"])].append((line, row["student"]))
    twice = [
        " and ".join(f"{name} in line {line}" for line, name in alike) for alike in seen.values() if len(alike) > 1
    ]
    if twice:
        raise UnusableRequest(
            f"The roster {path} has a student more than once: {listed(twice, separator='; ')}. Which line counts is "
            "for you to say: leave one of them there."
        )


def _shared(students: list[tuple[int, dict[str, str]]]) -> list[str]:
    """Sentences about values shared by two students that should be unique: they identify nobody."""
    problems = []
    for column, what in (("email", "e-mail address"), ("github_username", "GitHub account")):
        seen: dict[str, int] = {}
        for line, row in students:
            text = comparable(row.get(column, ""))
            if text and text in seen:
                problems.append(f"Roster, lines {seen[text]} and {line}: two students have the {what} {row[column]}.")
            seen.setdefault(text, line)
    return problems


def _student(line: int, cells: dict[str, str]) -> tuple[Student | None, list[str]]:
    """The student on a line, and sentences about what could not be used."""
    name = cells["student"]
    if not name:
        return None, [f"Roster, line {line}: names no student; it is left out."]
    problems = []
    moments: dict[str, datetime] = {}
    for column, what in (("extension", "extension"), ("handed_in", "time of handing in")):
        if cells.get(column):
            try:
                moments[column] = moment(cells[column])
            except ValueError as error:
                problems.append(f"Roster, line {line}: {name}'s {what} does not count: {error}.")
    student = Student(
        name,
        cells.get("name", ""),
        cells.get("email", ""),
        cells.get("repository", ""),
        moments.get("extension"),
        {key: value for key, value in cells.items() if key and key not in _COLUMNS},
        tuple(re.findall(r"[^\s;,]+", cells.get("dropped", ""))),
        moments.get("handed_in"),
    )
    return student, problems
