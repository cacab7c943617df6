"""Canvas and Moodle as far as they read files: written from their formats, with nothing of what writes the files."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import datetime

# Headings that Canvas never takes for an assignment's.
_TOTALS = ("Current Score", "Current Points", "Current Grade", "Final Score", "Final Points", "Final Grade", "Override")


def records(text: str, delimiter: str = ",", *, escape: str = "") -> list[list[str]]:
    """CSV, character by character; with an escape, as PHP reads it: what follows one loses its meaning."""
    rows: list[list[str]] = []
    row: list[str] = []
    cell, state, at = "", "before", 0
    text = text.removeprefix("\ufeff")
    while at < len(text):
        character = text[at]
        if state == "quoted":
            if escape and character == escape and at + 1 < len(text):
                cell += text[at : at + 2]
                at += 1
            elif character != '"':
                cell += character
            elif text[at + 1 : at + 2] == '"':
                cell += '"'
                at += 1
            else:
                state = "closed"
        elif character == '"' and state == "before":
            state = "quoted"
        elif character == delimiter:
            row.append(cell)
            cell, state = "", "before"
        elif character in "\r\n":
            rows.append([*row, cell])
            row, cell, state = [], "", "before"
            at += text[at : at + 2] == "\r\n"
        else:
            assert state != "closed", "text after a closing quotation mark"
            cell, state = cell + character, "plain"
        at += 1
    assert state != "quoted", "a quotation mark is never closed"
    if row or cell:
        rows.append([*row, cell])
    return [row for row in rows if any(row)]


@dataclass(frozen=True)
class CanvasUser:
    """A student as Canvas knows them."""

    number: int
    name: str
    login: str
    sis: str = ""


@dataclass
class CanvasImport:
    """What an import would do.

    Attributes:
        title: of the assignment, and its number if it is there already.
        possible: what its points would be.
        scores: by the user's number; "" deletes what is there.
        strangers: names of students that Canvas would ask about.
    """

    title: str
    number: int | None
    possible: float
    scores: dict[int, str] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)


def canvas_import(text: str, users: list[CanvasUser], delimiter: str = ",") -> CanvasImport:
    """Read a file as Canvas's importer does."""
    header, *rows = records(text, delimiter)
    assert len(header) > 3
    assert "Student" in header[0]
    assert "ID" in header[1]
    identity = 3
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        identity = 4
    elif re.search(r"SIS\s+User\s+ID", header[2]):
        assert re.search(r"SIS\s+Login\s+ID", header[3])
        identity = 5 + bool(re.search(r"Integration\s+ID", header[4]))
        identity += bool(re.search(r"Root\s+Account", header[identity - 1]))
    assert "Section" in header[identity - 1], "an invalid header row"
    columns = [heading for heading in header[identity:] if not any(total in heading for total in _TOTALS)]
    assert len(columns) == 1
    (column,) = columns
    at = header.index(column)
    known = re.fullmatch(r"(.*)\s\((\d+)\)", column)
    found = CanvasImport(known[1] if known else column, int(known[2]) if known else None, 0)
    for row in rows:
        assert len(row) == len(header)
        if "Points Possible" in row[0]:
            found.possible = float(_normal(row[at]))
            continue
        values = dict(zip(header[:identity], row, strict=False))
        user = _canvas_user(values, users)
        if user is None:
            found.strangers.append(row[0])
        else:
            assert user.number not in found.scores, "two rows for one student"
            found.scores[user.number] = _normal(row[at].strip())
    return found


def _canvas_user(values: dict[str, str], users: list[CanvasUser]) -> CanvasUser | None:
    """By Canvas's own number, then SIS user, then login, then, dangerously, the first of that name."""
    for user in users:
        if values["ID"] == str(user.number):
            return user
    for heading, attribute in (("SIS User ID", "sis"), ("SIS Login ID", "login")):
        for user in users:
            if values.get(heading) and values[heading] == getattr(user, attribute):
                return user
    return next((user for user in users if values["Student"] in (user.name, _sortable(user.name))), None)


def _sortable(name: str) -> str:
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}"


def _normal(text: str) -> str:
    """Canvas takes the last comma or point for the decimal one."""
    if not re.fullmatch(r"-?[0-9.,]+%?", text):
        return text
    *whole, last = re.split("[,.]", text)
    return f"{''.join(whole)}.{last}" if whole else last


class ImportAborted(Exception):
    """Moodle gives up, and imports nothing."""


def moodle_import(text: str, users: set[str], maximum: float = 100) -> dict[str, tuple[float | None, str]]:
    """Grade and feedback by user, as Moodle's gradebook imports them; the first column says who it is.

    Raises:
        ImportAborted: at the first user that Moodle does not know, or grade that is not a number or above the maximum.
    """
    header, *rows = records(text, escape="\\")
    assert len(header) == 3
    grades: dict[str, tuple[float | None, str]] = {}
    for row in rows:
        if len(row) != 3 or row[0] not in users or row[0] in grades:
            raise ImportAborted(row[0])
        if row[1] in ("", "-"):
            grades[row[0]] = (None, row[2])
            continue
        if not re.fullmatch(r"\d+([.,]\d+)?", row[1]) or float(row[1]) > maximum:
            raise ImportAborted(row[1])
        grades[row[0]] = (float(row[1]), row[2])
    return grades


@dataclass
class Graded:
    """What an assignment has of a student already."""

    grade: float | None
    comment: str = ""
    modified: datetime = datetime(1970, 1, 1)  # noqa: DTZ001  (Moodle has no time zone there)


def worksheet_upload(
    text: str, known: dict[int, Graded], *, since_5_2: bool, overwrite: bool = False
) -> tuple[int, int]:
    """Upload a worksheet; how many grades and how many comments Moodle says that it updated.

    Args:
        text: of the worksheet, in English.
        known: what there is by participant; changed like Moodle's own.
        since_5_2: by the rules of Moodle 5.2, in which a grade must be true, and 0 is not.
        overwrite: the box for it is ticked.
    """
    header, *rows = records(text, escape="\\")
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(header), "refused"
    graded = commented = 0
    for row in rows:
        values = dict(zip(header, row, strict=True))
        participant = int(values["Identifier"].removeprefix("Participant "))
        shown = values["Last modified (grade)"]
        modified = Graded(None).modified if shown == "-" else datetime.strptime(shown, "%A, %d %B %Y, %I:%M %p")  # noqa: DTZ007
        there = known.get(participant)
        if there is not None and not overwrite and (there.modified - modified).total_seconds() > 60:
            continue
        found = re.match(r"\d+(\.\d+)?", values["Grade"])  # a comma ends it
        given = float(found[0]) if found else None
        there = known.setdefault(participant, Graded(None))
        if given is not None and given != there.grade and (given or not since_5_2):
            there.grade = given
            graded += 1
        comment = values.get("Feedback comments", "")
        if comment != there.comment:
            there.comment = comment
            commented += 1
    return graded, commented


def downloaded(comment: str) -> str:
    """A comment as Moodle writes it into a worksheet: without tags, and all references decoded but an apostrophe's."""
    text = re.sub("<[a-z/][^<>]*>", "", re.sub("</p>|[\\n\\r]", "   ", comment))
    return re.sub("&(?!#39;)#?[a-z0-9]+;", lambda found: html.unescape(found[0]), text)


def worksheet_import(text: str, delimiter: str = ",", mark: str = ".") -> dict[int, tuple[float | None, str]]:
    """Grade and feedback by participant, as an assignment imports its worksheet; None where no grade is set."""
    header, *rows = records(text, delimiter, escape="\\")
    grades: dict[int, tuple[float | None, str]] = {}
    (most,) = {"Maximum grade", "Maximum Grade"}.intersection(header)
    for row in rows:
        assert len(row) == len(header)
        values = dict(zip(header, row, strict=True))
        participant = int(values["Identifier"].removeprefix("Participant "))
        grade, maximum = (values[name].replace(mark, ".") for name in ("Grade", most))
        given = float(grade) if re.fullmatch(r"\d+(\.\d+)?", grade) else None
        if given is not None and given > float(maximum):
            given = None  # out of range: passed over without a word
        grades[participant] = (given, values.get("Feedback comments", ""))
    return grades
