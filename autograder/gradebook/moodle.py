"""Both ways into Moodle: a file for the gradebook's import, and an assignment's own grading worksheet, filled in."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from autograder.batch.results import write_whole
from autograder.downloads import moodle_participant
from autograder.errors import UnusableRequest
from autograder.gradebook.book import GradeBook, Line
from autograder.gradebook.feedback import beginning, feedback
from autograder.gradebook.matching import FOUND_WITHOUT_ZEROS, Names, Way, email, in_source, known_by, match, name
from autograder.gradebook.numbers import Rule, Told, decimal
from autograder.gradebook.table import Cell, Table, read_table
from autograder.inert import for_csv
from autograder.people import comparable

IMPORT = "moodle.csv"
WORKSHEET = "moodle-worksheet.csv"
USUAL_LIMIT = 100  # Moodle refuses a whole import for a grade above it, unless its settings say otherwise

# What Moodle finds a user by, and where the roster has it.
IDENTIFIERS: dict[str, Names] = {
    "email": lambda line: (line.student.email,),
    "username": lambda line: (line.student.more.get("username") or line.student.student,),
    "idnumber": lambda line: (_id_number(line) or line.student.student,),
}
_NEEDED = ("Identifier", "Grade", "Maximum Grade")
_WAYS = (
    Way("Identifier", in_source(moodle_participant), lambda text: re.findall(r"\d+$", text.strip())),
    Way("Identifier", known_by("identifier", "participant")),
    Way("Email address", email),
    Way("Username", known_by("username")),
    Way("ID number", known_by("idnumber", "id number")),
    Way("Full name", name),
)


def write_import(out: Path, book: GradeBook, rule: Rule, identifier: str) -> list[str]:
    """Write OUT/moodle.csv for the gradebook's import; sentences about who is not in it and why.

    Moodle gives up at the first user it does not know, so only students of the roster are in it, by what it says.

    Raises:
        OSError: it cannot be written.
    """
    maximum = rule.maximum(book)
    told = Told(IMPORT)
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
        elif for_csv(value) != value or value.endswith("\\"):
            why_not = f"left out, since a spreadsheet or Moodle would misread the {identifier}"
        if why_not:
            told.add(why_not, line.student.student)
            continue
        if rule.of(line)[1] != maximum:
            told.add(rule.scaled(maximum), line.student.student)
        rows.append([value, decimal(rule.points(line, maximum)), feedback(line, book.assignment, rule)])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([identifier, book.assignment.title, "feedback"])
    writer.writerows(rows)
    write_whole(out / IMPORT, text.getvalue())
    said = [f"{IMPORT}: {len(rows)} of {len(book.lines)} students. {rule.what(maximum, maximum)}"]
    if maximum > USUAL_LIMIT:
        said.append(f"{IMPORT}: Moodle refuses grades above {USUAL_LIMIT} unless it is set to allow unlimited grades.")
    return [*said, *told.sentences]


def write_worksheet(out: Path, book: GradeBook, rule: Rule, worksheet: Path) -> list[str]:
    """Write OUT/moodle-worksheet.csv: the worksheet with grades and feedback, and all else as it is, byte for byte.

    A comment that a person wrote there stays.

    Args:
        out: the class's folder.
        book: the grade book.
        rule: which number.
        worksheet: as it was downloaded from the assignment's page.

    Raises:
        UnusableRequest: it is no worksheet.
        OSError: the file cannot be written.
    """
    sheet = _read(worksheet)
    texts = [{heading: cell.text for heading, cell in row.items()} for row in sheet.rows]
    matches = match(texts, book.lines, _WAYS)
    told = Told(WORKSHEET)
    changes: dict[Cell, str] = {}
    maxima = set()
    count = 0
    usual = rule.maximum(book)
    for place, row in enumerate(sheet.rows):
        student = row.get("Full name", row["Identifier"]).text
        if place in matches.ambiguous:
            told.add("left as it is, since it is not certain who it is in the grade book", student)
        if place in matches.unknown:
            told.add("in the worksheet, but not in the grade book", student)
        if place not in matches.lines:
            continue
        line, maximum = matches.lines[place], _number(row["Maximum Grade"].text)
        if place in matches.without_zeros:
            told.add(FOUND_WITHOUT_ZEROS, line.student.student)
        why_not = _why_not(row, line, rule, maximum)
        if why_not or maximum is None:
            told.add(why_not, line.student.student)
            continue
        if rule.of(line)[1] != usual:
            told.add(rule.scaled(maximum), line.student.student)
        grade = decimal(rule.points(line, maximum))
        changes[row["Grade"]] = grade.replace(".", sheet.decimal_mark)
        comments = row.get("Feedback comments")
        if comments is not None and _ours(comments.text, book):
            changes[comments] = feedback(line, book.assignment, rule)
        elif comments is not None:
            told.add("feedback left as it is, since a person wrote it", line.student.student)
        maxima.add(maximum)
        count += 1
    found = {line.key for line in matches.lines.values()}
    for line in book.lines:
        if line.key not in found and line.graded:
            told.add("in the grade book, but not found in the worksheet", line.student.student)
    write_whole(out / WORKSHEET, sheet.table.changed(changes))
    what = " ".join(rule.what(maximum, usual) for maximum in sorted(maxima))
    said = [f"{WORKSHEET}: {count} of {len(sheet.rows)} rows filled in. {what}".strip()]
    if "Feedback comments" not in sheet.table.header:
        said.append(f"{WORKSHEET}: it has no column Feedback comments: the assignment's settings enable them.")
    return [*said, *told.sentences]


@dataclass(frozen=True)
class _Sheet:
    table: Table
    rows: tuple[dict[str, Cell], ...]
    decimal_mark: str


def _read(path: Path) -> _Sheet:
    table = read_table(path)
    missing = [heading for heading in _NEEDED if heading not in table.header]
    if missing:
        raise UnusableRequest(
            f"{path} is no grading worksheet: it has no column {', '.join(missing)}. Download it from the "
            "assignment's page (View all submissions, Download grading worksheet), with Moodle set to English."
        )
    rows = tuple(dict(zip(table.header, row, strict=True)) for row in table.rows)
    numbers = [row[heading].text.strip() for row in rows for heading in ("Grade", "Maximum Grade")]
    commas = any(re.fullmatch(r"\d+,\d+", number) for number in numbers)
    return _Sheet(table, rows, "," if commas else ".")


def _why_not(row: dict[str, Cell], line: Line, rule: Rule, maximum: float | None) -> str:
    """Why a row stays as it is; "" if it is filled in."""
    if "Grade can be changed" in row and row["Grade can be changed"].text.strip() == "No":
        return "left as it is, since Moodle does not let the grade be changed"
    if maximum is None:
        return "left as it is, since its Maximum Grade is no number"
    withheld = rule.withheld(line)
    return f"no number, since {withheld}" if withheld else ""


def _ours(text: str, book: GradeBook) -> bool:
    """Whether a comment may be replaced: it is empty, or what was written here an earlier time."""
    return not text.strip() or text.startswith(beginning(book.assignment))


def _number(text: str) -> float | None:
    """A positive number with a point or a comma."""
    try:
        return float(text.strip().replace(",", ".")) or None
    except ValueError:
        return None


def _id_number(line: Line) -> str:
    more = line.student.more
    return more.get("idnumber") or more.get("id number") or ""
