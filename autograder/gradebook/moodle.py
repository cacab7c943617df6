"""Both ways into Moodle: a file for the gradebook's import, and an assignment's own grading worksheet, filled in.

Moodle's behaviour was read from the source of 4.1.10, 4.2.3, 4.4dev (November 2023), 4.5.6, 5.0dev (October 2024) and
5.2.2; where they differ, the comment says which release it is about.

Both are in one module because they share what is known of how Moodle reads a grade.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.lms_names import moodle_participant
from autograder.course.people import comparable
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.gradebook.feedback import feedback
from autograder.gradebook.matching import FOUND_WITHOUT_ZEROS, Names, Way, email, in_source, known_by, match, name
from autograder.gradebook.numbers import Remarks, Rule, decimal
from autograder.gradebook.php_csv import moodle_rows
from autograder.gradebook.table import Cell, Table, read_table
from autograder.gradebook.worksheet_comments import is_ours
from autograder.gradebook.worksheet_filled import Filled, number
from autograder.records.gradebook import GradeBook, Line
from autograder.text.inert import for_csv, one_line

IMPORT = "moodle.csv"
WORKSHEET = "moodle-worksheet.csv"

# The fields by which Moodle can find a user, and where the roster has them.
IDENTIFIERS: dict[str, Names] = {
    "email": lambda line: (line.student.email,),
    "username": lambda line: (line.student.more.get("username") or line.student.student,),
    "idnumber": lambda line: (_id_number(line) or line.student.student,),
}
_GRADED = "Last modified (grade)"
_NEEDED = ("Identifier", "Grade", _GRADED)  # without one of them Moodle refuses the file
_MAXIMUM = "Maximum grade"
_SPELT = {"Maximum Grade": _MAXIMUM}  # the spelling until 5.0's source of October 2024; 4.5.6 and 5.1 have the new one
_SEPARATORS = {";": "Semicolon", "\t": "Tab"}
_WAYS = (
    Way("Identifier", in_source(moodle_participant), lambda text: re.findall(r"\d+$", text.strip())),
    Way("Identifier", known_by("identifier", "participant")),
    Way("Email address", email),
    Way("Username", known_by("username")),
    Way("ID number", known_by("idnumber", "id number")),
    Way("Full name", name),
)


def write_import(out: Path, book: GradeBook, rule: Rule, identifier: str, maximum: float | None = None) -> list[str]:
    """Write OUT/moodle.csv for the gradebook's import; return messages on who was left out, and why.

    Moodle gives up at the first user it does not know, so the file has only students of the roster, with the roster's
    identifiers. Moodle takes the numbers as they are, and rejects the whole file if one exceeds the grade item's
    maximum (4.1.10, 4.5.6, 5.2; 4.2.3 and 4.4dev compared with the site's maximum, usually 100, and cut the number down
    to the item's).

    Args:
        out: the class's folder.
        book: the grade book.
        rule: which of a student's numbers to write.
        identifier: the field by which Moodle finds users, one of `IDENTIFIERS`.
        maximum: the grade item's maximum in Moodle; None if it is the grade book's.

    Raises:
        UnusableRequest: Moodle would misread the file.
        OSError: the file cannot be written.
    """
    usual = rule.maximum(book)
    maximum = usual if maximum is None else maximum
    remarks = Remarks(IMPORT)
    known = [next(iter(IDENTIFIERS[identifier](line))) for line in book.lines]
    times = Counter(comparable(each) for each in known)
    rows = []
    for line, value in zip(book.lines, known, strict=True):
        why_not = ""
        if not line.in_roster:
            why_not = "left out, since the roster has no such student"
        elif rule.withheld(line):
            why_not = f"no number, since {rule.withheld(line)}"
        elif not value:
            why_not = f"left out, since the roster has no {identifier}"
        elif times[comparable(value)] > 1:
            why_not = f"left out, since another student has the same {identifier}"
        elif for_csv(value) != value or not _survives([value]):
            why_not = f"left out, since a spreadsheet or Moodle would misread the {identifier}"
        if why_not:
            remarks.add(why_not, line.student.student)
            continue
        if rule.of(line)[1] != usual:
            remarks.add(rule.scaled(maximum), line.student.student)
        rows.append([value, decimal(rule.points(line, maximum)), feedback(line, book.assignment, rule)])
    header = [identifier, book.assignment.title, "feedback"]
    if not _survives(header, *rows):
        raise UnusableRequest(
            f"{IMPORT} is not written: Moodle would misread it. In the assignment's title, {one_line(header[1], 80)}, "
            "a backslash must not stand before a quotation mark, nor at the end."
        )
    write_whole(out / IMPORT, _csv(header, *rows))
    as_they_are = (
        f"{IMPORT}: Moodle takes the numbers as they are: the grade item's maximum must be {decimal(maximum)} "
        "(--moodle-maximum brings them to another); if one is above it, Moodle refuses the whole file, or, in some "
        "releases of 2023, cuts that one down without a word."
    )
    what = f"{IMPORT}: {len(rows)} of {len(book.lines)} students. {rule.what(maximum, usual)}"
    return [what, as_they_are, *remarks.sentences]


def _csv(*rows: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _survives(*rows: Sequence[str]) -> bool:
    """Whether Moodle reads these rows back unchanged."""
    return moodle_rows(_csv(*([*row, "-"] for row in rows)), ",") == [[*map(_as_read, row), "-"] for row in rows]


def write_worksheet(out: Path, book: GradeBook, rule: Rule, worksheet: Path) -> list[str]:
    """Write OUT/moodle-worksheet.csv: the worksheet with grades and feedback, everything else kept byte for byte.

    Comments that a person wrote stay. Two other things change: decimal commas in grades become points, and cells that
    Moodle would misread and does not need are emptied.

    Args:
        out: the class's folder.
        book: the grade book.
        rule: which of a student's numbers to write.
        worksheet: the file as downloaded from the assignment's page.

    Raises:
        UnusableRequest: it is not a worksheet that can be filled in, or Moodle would misread it.
        OSError: the file cannot be written.
    """
    sheet = _read(worksheet)
    texts = [{heading: cell.text for heading, cell in row.items()} for row in sheet.rows]
    matches = match(texts, book.lines, _WAYS)
    remarks = Remarks(WORKSHEET)
    filled = Filled(dict(sheet.points), remarks)
    maxima = set()
    count = 0
    usual = rule.maximum(book)
    for place, row in enumerate(sheet.rows):
        student = _student(row, None)
        if place in matches.ambiguous:
            remarks.add("left as it is, since it is not certain who it is in the grade book", student)
        if place in matches.unknown:
            remarks.add("in the worksheet, but not in the grade book", student)
        if place not in matches.lines:
            continue
        line, maximum = matches.lines[place], number(row[_MAXIMUM].text)
        if place in matches.without_zeros:
            remarks.add(FOUND_WITHOUT_ZEROS, line.student.student)
        why_not = _why_not(row, line, rule, maximum)
        if why_not or not maximum:
            remarks.add(why_not, line.student.student)
            continue
        if rule.of(line)[1] != usual:
            remarks.add(rule.scaled(maximum), line.student.student)
        filled.grade(row["Grade"], rule.points(line, maximum), line.student.student)
        comments = row.get("Feedback comments")
        if comments is not None and is_ours(comments.text, book.assignment):
            filled.comment(comments, feedback(line, book.assignment, rule))
        elif comments is not None:
            remarks.add("feedback left as it is, since a person wrote it", line.student.student)
        maxima.add(maximum)
        count += 1
    found = {line.key for line in matches.lines.values()}
    for line in book.lines:
        if line.key not in found and line.graded:
            remarks.add("in the grade book, but not found in the worksheet", line.student.student)
    students = [_student(row, matches.lines.get(place)) for place, row in enumerate(sheet.rows)]
    filled.keep(sheet.rows, students)
    changes = filled.changes | _emptied(sheet, filled.changes, students, remarks)
    write_whole(out / WORKSHEET, sheet.table.changed(changes))
    what = " ".join(rule.what(maximum, usual) for maximum in sorted(maxima))
    messages = [f"{count} of {len(sheet.rows)} rows filled in. {what}".strip(), *filled.expected, *_about(sheet)]
    return [*(f"{WORKSHEET}: {sentence}" for sentence in messages), *remarks.sentences]


def _about(sheet: _Sheet) -> list[str]:
    messages = []
    if sheet.table.delimiter in _SEPARATORS:
        messages.append(f"Choose {_SEPARATORS[sheet.table.delimiter]} as the separator when you upload it.")
    if sheet.points:
        messages.append(
            "Grades had decimal commas, where Moodle in English would cut them off; they have decimal points now."
        )
    if any(row["Grade"].text.strip() and _is_rounded(row[_MAXIMUM].text) for row in sheet.rows):
        messages.append(
            "Its grades are rounded, since the grade item shows fewer than two decimals. Moodle imports them as they "
            "are there, even where nothing is filled in, and its counts differ: set the item's overall decimal places "
            "to 2 (Grades, Gradebook setup), and download the worksheet again."
        )
    if "Feedback comments" not in sheet.table.header:
        messages.append("It has no column Feedback comments: the assignment's settings enable them.")
    return messages


@dataclass(frozen=True)
class _Sheet:
    """A worksheet.

    Attributes:
        path: for error messages.
        table: the file.
        rows: each row's cells by heading, in the newest version's spelling.
        taken: the indices of the columns that Moodle imports.
        points: grades with a decimal comma, and the same with a point.
    """

    path: Path
    table: Table
    rows: tuple[dict[str, Cell], ...]
    taken: frozenset[int]
    points: dict[Cell, str]


def _read(path: Path) -> _Sheet:
    table = read_table(path)
    header = [_SPELT.get(heading, heading) for heading in table.header]
    missing = [heading for heading in _NEEDED if heading not in header]
    if missing == [_GRADED]:
        raise UnusableRequest(
            f"{path} has no column {_GRADED}, without which Moodle refuses a worksheet: download it again, and hand it "
            "over as it is."
        )
    if missing:
        raise UnusableRequest(
            f"{path} is not a grading worksheet: it has no column {', '.join(missing)}. Download it from the "
            "assignment's page (Submissions, Download grading worksheet), with Moodle set to English."
        )
    if _MAXIMUM not in header:
        graded = "by a scale" if "Scale" in header else "without points"
        raise UnusableRequest(
            f"{path}: the assignment is graded {graded}. In its settings in Moodle set the grade's type to Point, with "
            "a maximum, and download the worksheet again."
        )
    rows = tuple(dict(zip(header, row, strict=True)) for row in table.rows)
    # Moodle in English reads 37,50 as 37. A decimal point works in every language.
    commas = [row["Grade"] for row in rows if re.fullmatch(r"\s*\d+,\d+\s*", row["Grade"].text)]
    points = {cell: cell.text.replace(",", ".") for cell in commas}
    return _Sheet(path, table, rows, _taken(header), points)


def _taken(header: Sequence[str]) -> frozenset[int]:
    """The columns that Moodle imports: grades and marks, and feedback, which comes after the date.

    Moodle finds feedback by the names of its many plugins, so every column after the date may be feedback.
    """
    date = header.index(_GRADED)
    return frozenset(
        place
        for place, heading in enumerate(header)
        if place >= date or heading in _NEEDED or heading.startswith("Marker ")
    )


def _student(row: Mapping[str, Cell], line: Line | None) -> str:
    return line.student.student if line is not None else row.get("Full name", row["Identifier"]).text


def _emptied(sheet: _Sheet, changes: Mapping[Cell, str], students: Sequence[str], remarks: Remarks) -> dict[Cell, str]:
    """The cells that must be emptied for Moodle to read the worksheet as intended.

    Names and submissions are other people's text, which Moodle writes by one set of quoting rules and reads by another.
    It does not import them, but it does import comments.

    Raises:
        UnusableRequest: Moodle would misread the file even so.
    """
    table = sheet.table
    if _is_read(sheet, table.changed(changes), table.rows, changes):
        return {}
    headings = table.raw(table.cells)
    if not _is_read(sheet, headings, (), {}):
        raise UnusableRequest(f"{sheet.path}: Moodle would misread its headings, since a backslash is in one of them.")
    emptied: dict[Cell, str] = {}
    misread = []
    for place, row in enumerate(table.rows):
        if _is_read(sheet, f"{headings}\n{table.raw(row, changes)}", [row], changes):
            continue
        mine = {
            cell: "" for column, cell in enumerate(row) if column not in sheet.taken and not _stands_alone(table, cell)
        }
        filled = {**changes, **mine}
        if _is_read(sheet, f"{headings}\n{table.raw(row, filled)}", [row], filled):
            emptied |= mine
            remarks.add(
                "names or answers that Moodle would misread, and does not need, are left empty", students[place]
            )
        else:
            misread.append(one_line(students[place], 80))
    if misread:
        raise UnusableRequest(
            f"{sheet.path}: Moodle would misread the comments of {', '.join(misread)}: a backslash stands before a "
            "quotation mark there. Change that in Moodle, and download the worksheet again."
        )
    filled = {**changes, **emptied}
    if not _is_read(sheet, table.changed(filled), table.rows, filled):
        raise UnusableRequest(f"{sheet.path}: Moodle would misread it: download it again, and hand it over as it is.")
    return emptied


def _is_read(sheet: _Sheet, text: str, rows: Sequence[Sequence[Cell]], changes: Mapping[Cell, str]) -> bool:
    """Whether Moodle reads the imported columns of the headings and these rows in a text as intended."""
    table = sheet.table
    expected = [list(table.header), *([changes.get(cell, cell.text) for cell in row] for row in rows)]
    read = moodle_rows(text, table.delimiter)
    if read is None or len(read) != len(expected) or any(len(row) != len(table.header) for row in read):
        return False
    return all(
        _as_read(row[column]) == _as_read(intended[column])
        for row, intended in zip(read, expected, strict=True)
        for column in sheet.taken
    )


def _stands_alone(table: Table, cell: Cell) -> bool:
    """Whether Moodle reads a cell unchanged, with other cells on both sides."""
    raw = table.delimiter.join(("-", table.raw([cell]), "-"))
    read = moodle_rows(raw, table.delimiter)
    return read is not None and [list(map(_as_read, row)) for row in read] == [["-", _as_read(cell.text), "-"]]


def _as_read(text: str) -> str:
    """A cell with Unix line ends and stripped, since Moodle converts the former and may strip at the file's end."""
    return re.sub("\r\n?", "\n", text).strip()


def _why_not(row: dict[str, Cell], line: Line, rule: Rule, maximum: float | None) -> str:
    """Why a row stays as it is; "" if it is filled in."""
    if "Grade can be changed" in row and row["Grade can be changed"].text.strip() == "No":
        return "left as it is, since Moodle does not let the grade be changed"
    if not maximum:
        return f"left as it is, since its {_MAXIMUM} is not a number"
    withheld = rule.withheld(line)
    return f"no number, since {withheld}" if withheld else ""


def _is_rounded(maximum: str) -> bool:
    """Whether a worksheet's grades have fewer decimals than ours: all of its numbers have the grade item's decimals."""
    return re.fullmatch(r"\s*\d+([.,]\d?)?\s*", maximum, re.ASCII) is not None


def _id_number(line: Line) -> str:
    more = line.student.more
    return more.get("idnumber") or more.get("id number") or ""
