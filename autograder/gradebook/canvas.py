"""`canvas.csv`, for import into Canvas's gradebook: one column of numbers, next to Canvas's identifiers for students.

Only students who get a number are in it, since Canvas deletes the existing grade where a cell is empty.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.lms_names import canvas_user
from autograder.course.people import comparable
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.gradebook.matching import FOUND_WITHOUT_ZEROS, Way, email, in_source, known_by, match, name, turned
from autograder.gradebook.numbers import Remarks, Rule, decimal
from autograder.gradebook.table import Table, read_table
from autograder.records.gradebook import GradeBook, Line
from autograder.text.inert import for_csv

FILE = "canvas.csv"
POINTS_POSSIBLE = "    Points Possible"
# Canvas does not take a column with one of these in its heading for an assignment's, and skips it silently.
_TOTALS = re.compile("(Current|Final|Override) (Score|Points|Grade|Status)")
_WITH_ID = re.compile(r"(.*)\s\((\d+)\)")
_SET_THERE = ("EX", "N/A")  # excused, which a number would undo; not assigned, where Canvas accepts no number
_NAMES = ("Student", "LastName")
_IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_WAYS = (
    Way("SIS Login ID", known_by("sis login id", "login id", "login", "username")),
    Way("SIS User ID", known_by("sis user id")),
    Way("ID", known_by("canvas id")),
    Way("ID", in_source(canvas_user)),
    Way("SIS Login ID", email),
    Way("Student", name, turned),
)


@dataclass(frozen=True)
class _Column:
    """The assignment's column.

    Attributes:
        heading: the column's heading.
        maximum: the points possible in Canvas.
        usual: the points possible in the grade book.
        exists: whether Canvas already has the column.
    """

    heading: str
    maximum: float
    usual: int
    exists: bool


def write_from_export(out: Path, book: GradeBook, rule: Rule, export: Path, column: str = "") -> list[str]:
    """Write OUT/canvas.csv for the students in Canvas's own export; return messages on who was left out, and why.

    Args:
        out: the class's folder.
        book: the grade book.
        rule: which of a student's numbers to write.
        export: the course's gradebook as Canvas exports it.
        column: the heading of the assignment's column; "" for the one with the assignment's title, or a new one.

    Raises:
        UnusableRequest: the export or the column cannot be used.
        OSError: the file cannot be written.
    """
    table = read_table(export)
    identity = _identity(table, export)
    possible = next((row for row in table.rows if "Points Possible" in row[0].text), None)
    chosen = _column(table, [cell.text for cell in possible] if possible else [], book, rule, column)
    students = [row for row in table.rows if row is not possible and not _says_how_posted([cell.text for cell in row])]
    cells = [dict(zip(table.header, (cell.text for cell in row), strict=True)) for row in students]
    for named in cells:
        if "LastName" in named:
            named["Student"] = f"{named['LastName']}, {named.get('FirstName', '')}"
    matches = match(cells, book.lines, _WAYS)
    remarks = Remarks(FILE)
    rows = []
    for place, row in enumerate(students):
        shown = [cell.text for cell in row[:identity]]
        if place in matches.ambiguous:
            remarks.add("left out, since it is not certain who it is in the grade book", cells[place]["Student"])
        elif cells[place].get(chosen.heading, "").strip() in _SET_THERE:
            remarks.add(
                f"left out, since Canvas has {cells[place][chosen.heading].strip()} there", cells[place]["Student"]
            )
        elif place in matches.lines:
            if place in matches.without_zeros:
                remarks.add(FOUND_WITHOUT_ZEROS, matches.lines[place].student.student)
            rows += _row(matches.lines[place], shown, table.header[:identity], chosen, rule, remarks)
        elif cells[place]["Student"] != "Student, Test":  # Canvas's own test student
            remarks.add("in Canvas, but not in the grade book", cells[place]["Student"])
    found = {line.key for line in matches.lines.values()}
    for line in book.lines:
        if line.key not in found and line.graded:
            remarks.add("in the grade book, but not found in Canvas", line.student.student)
    _write(out, table.header[:identity], rows, chosen, table.delimiter)
    return [_summary(len(rows), chosen, book, rule), *remarks.sentences]


def write_from_roster(out: Path, book: GradeBook, rule: Rule, column: str = "") -> list[str]:
    """Write OUT/canvas.csv for the students of the roster, with the roster's columns in place of Canvas's.

    `SIS User ID`, `SIS Login ID` and `Section` come from the roster's columns of the same names, and `ID`, Canvas's own
    number, from `Canvas ID`. Without a login, the identifier by which the course knows the student is used.

    Raises:
        UnusableRequest, OSError: see `write_from_export`.
    """
    chosen = _column(None, [], book, rule, column)
    remarks = Remarks(FILE)
    names = Counter(comparable(line.student.name) for line in book.lines)
    rows = []
    for line in book.lines:
        student = line.student
        if not line.in_roster:
            remarks.add("left out, since the roster has no such student", student.student)
            continue
        login = student.more.get("sis login id") or student.student
        # Canvas falls back on the name: one that two students share must not match.
        alone = student.name and names[comparable(student.name)] == 1
        shown = student.name if alone else f"{student.name} ({login})".strip()
        more = [student.more.get(heading, "") for heading in ("canvas id", "sis user id")]
        cells = [shown, *more, login, student.more.get("section", "")]
        rows += _row(line, cells, _IDENTITY, chosen, rule, remarks)
    _write(out, _IDENTITY, rows, chosen, ",")
    return [_summary(len(rows), chosen, book, rule), _maximum_there(chosen), *remarks.sentences]


def _maximum_there(column: _Column) -> str:
    """A warning about the row Points Possible, for when Canvas's own points are unknown."""
    return (
        f"{FILE}: if Canvas has an assignment called {column.heading} already, the import sets its points to "
        f"{decimal(column.maximum)}. To keep Canvas's points and scale the numbers to them, give --canvas EXPORT.csv."
    )


def _identity(table: Table, path: Path) -> int:
    """The number of columns, from the left, that identify a student."""
    if len(table.header) < 3 or table.header[0] not in _NAMES or "Section" not in table.header:
        raise UnusableRequest(
            f"{path} is not an export of Canvas's gradebook: its first line must begin with Student, ID and go on to "
            "Section. In Canvas: Grades, Export, Export Entire Gradebook."
        )
    return table.header.index("Section") + 1


def _column(table: Table | None, possible: Sequence[str], book: GradeBook, rule: Rule, given: str) -> _Column:
    title = book.assignment.title
    headings = table.header[table.header.index("Section") + 1 :] if table else ()
    same = [heading for heading in headings if heading == title or _title(heading) == title]
    if len(same) > 1 and not given:
        raise UnusableRequest(f"Canvas has more than one column called {title}: say which with --canvas-column.")
    heading = given or (same[0] if same else title)
    if given and table and given not in headings and _WITH_ID.fullmatch(given):
        likely = difflib.get_close_matches(given, headings, 1)
        raise UnusableRequest(
            f"--canvas-column: the export has no column {given}" + (f"; did you mean {likely[0]}?" if likely else ".")
        )
    if _TOTALS.search(heading) or (not given and heading == title and _WITH_ID.fullmatch(title)):
        raise UnusableRequest(f"Canvas would not take {heading} as an assignment's title: give --canvas-column.")
    if heading not in headings:
        return _Column(heading, rule.maximum(book), rule.maximum(book), exists=False)
    cell = possible[table.header.index(heading)] if table and possible else ""
    maximum = _number(cell)
    if not maximum:
        raise UnusableRequest(
            f"The export does not say how many points {heading} has: that cell holds {cell or 'nothing'}."
        )
    return _Column(heading, maximum, rule.maximum(book), exists=True)


def _row(
    line: Line, shown: Sequence[str], header: Sequence[str], column: _Column, rule: Rule, remarks: Remarks
) -> list[list[str]]:
    """A list with the student's row; empty if the student gets no number or Canvas would not find them."""
    why_not = rule.withheld(line)
    if why_not:
        remarks.add(f"no number, since {why_not}", line.student.student)
        return []
    cells = [str(for_csv(cell)) for cell in shown]
    # Canvas goes by its own number where there is one; otherwise the other identifiers must stay unchanged.
    number = shown[header.index("ID")].strip().isdecimal()
    changed = [heading for heading, cell, was in zip(header, cells, shown, strict=True) if cell != was]
    if not number and {"SIS User ID", "SIS Login ID"}.intersection(changed):
        remarks.add(
            "left out, since a spreadsheet would take their identifier in Canvas for a formula", line.student.student
        )
        return []
    if rule.of(line)[1] != column.usual:
        remarks.add(rule.scaled(column.maximum), line.student.student)
    return [[*cells, decimal(rule.points(line, column.maximum))]]


def _write(out: Path, identity: Sequence[str], rows: Sequence[Sequence[str]], column: _Column, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([*identity, column.heading])
    writer.writerow([POINTS_POSSIBLE, *[""] * (len(identity) - 1), decimal(column.maximum)])
    writer.writerows(rows)
    write_whole(out / FILE, text.getvalue())


def _summary(count: int, column: _Column, book: GradeBook, rule: Rule) -> str:
    where = f"the column {column.heading}" if column.exists else f"a new column {column.heading}"
    return f"{FILE}: {count} of {len(book.lines)} students. {rule.what(column.maximum, column.usual)} In {where}."


def _says_how_posted(row: Sequence[str]) -> bool:
    """Whether this is Canvas's row that says which columns are posted manually."""
    return all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.IGNORECASE) for cell in row)


def _title(heading: str) -> str:
    found = _WITH_ID.fullmatch(heading)
    return found[1] if found else heading


def _number(text: str) -> float:
    """A number with a decimal point or comma; 0 if the text is not one."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return 0
