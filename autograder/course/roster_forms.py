"""Rosters as other systems export them: which of their columns correspond to those of the course's own roster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course.people import comparable

Row = dict[str, str]
"""A row's cells, by lower-case heading."""


@dataclass(frozen=True)
class Form:
    """The form of a system's roster.

    Attributes:
        title: the system's name, for people.
        needs: a file has this form if it has a column from each of these groups.
        student: columns for the course's key of the student; the first with a value counts.
        names: groups of columns that make up the name; the first group that exists counts.
        email: the column with e-mail addresses.
        roles: the column that distinguishes students from staff; "" if there is none.
        renamed: the names of other columns in the course's own roster; "" for one that is not kept.
    """

    title: str
    needs: tuple[frozenset[str], ...]
    student: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    email: str = "email"
    roles: str = ""
    renamed: Mapping[str, str] | None = None

    def fits(self, headings: Sequence[str]) -> bool:
        """Whether a file with these headings has this form."""
        return all(group.intersection(headings) for group in self.needs)

    def own(self, row: Row) -> Row:
        """A row with the headings of the course's own roster."""
        parts = next((columns for columns in self.names if row.keys() >= {*columns}), ())
        renamed = self.renamed or {}
        kept = {renamed.get(heading, heading): text for heading, text in row.items() if heading not in parts}
        return kept | {
            "student": next((row[column] for column in self.student if row.get(column)), ""),
            "name": " ".join(row[column] for column in parts if row[column]),
            "email": row.get(self.email, ""),
        }


_FIRST_AND_LAST = (
    *(("first name", "last name"), ("first name", "surname"), ("first_name", "last_name")),
    *(("first name / last name",), ("first name / surname",)),
)
_CANVAS = Form(
    "Canvas",
    (frozenset({"student", "lastname"}), frozenset({"id"}), frozenset({"section"})),
    ("sis login id", "sis user id", "id"),
    (("firstname", "lastname"), ("student",)),
    renamed={"id": "canvas id"},
)
_OTHERS = (
    Form(
        "GitHub Classroom",
        (frozenset({"identifier"}), frozenset({"github_username"})),
        ("identifier", "github_username"),
        (("name",),),
        renamed={"identifier": ""},
    ),
    Form(
        "Classroom 50",
        (frozenset({"username"}), frozenset({"first_name"}), frozenset({"last_name"})),
        ("username",),
        _FIRST_AND_LAST,
        renamed={"username": "github_username"},
    ),
    Form(
        "Gradescope",
        (frozenset({"sid"}), frozenset({"email"})),
        ("sid", "email"),
        (*_FIRST_AND_LAST, ("name",)),
        roles="role",
    ),
    Form(
        "Moodle",
        (
            frozenset({"email address", "id number", "username"}),
            frozenset({"full name", *(column for columns in _FIRST_AND_LAST for column in columns)}),
        ),
        ("username", "id number", "email address"),
        (*_FIRST_AND_LAST, ("full name",)),
        email="email address",
        roles="roles",
        renamed={"email address": ""},
    ),
)
KNOWN = "Canvas's gradebook, Moodle's participants, the roster of GitHub Classroom, Classroom 50 or Gradescope"


def as_own(headings: Sequence[str], rows: Sequence[Row]) -> tuple[list[Row | None], list[str]] | None:
    """A roster's rows with the headings of the course's own, and sentences about those that are not students.

    Args:
        headings: the file's headings in lower case, in order.
        rows: its rows.

    Returns:
        Each row in the course's form, or None if it is not a student's, and the sentences; None if no form fits the
        file.
    """
    if _is_canvas(headings, rows):
        identity = headings[: headings.index("section") + 1]
        return [_of_canvas({heading: row.get(heading, "") for heading in identity}) for row in rows], []
    if "student" in headings:
        return list(rows), []
    form = next((form for form in _OTHERS if form.fits(headings)), None)
    if form is None:
        return None
    students = [row for row in rows if "student" in re.split(r"\W+", comparable(row.get(form.roles, "")))]
    staff = [row for row in rows if students and row.get(form.roles) and row not in students]
    notes = []
    if staff:
        roles = ", ".join(sorted({row[form.roles] for row in staff}))
        notes = [f"Roster: {len(staff)} of its rows are not students' but of another role ({roles}): left out."]
    return [None if row in staff else form.own(row) for row in rows], notes


def _is_canvas(headings: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether Canvas exported this: its first heading is that of the course's own rosters, too."""
    begins = (*headings[:2],) == ("student", "id") or (*headings[:3],) == ("lastname", "firstname", "id")
    if not begins or not _CANVAS.fits(headings) or "name" in headings:
        return False
    return bool({"sis login id", "sis user id"}.intersection(headings)) or any(map(_possible, rows))


def _of_canvas(row: Row) -> Row | None:
    name = row.get("student", "")
    if _possible(row) or not any(row[heading] for heading in _CANVAS.student if heading in row):
        return None  # the rows with the points possible and the manual posting of grades
    if name == "Student, Test":  # Canvas's own, for a teacher's student view
        return None
    last, comma, first = name.partition(",")
    login = row.get("sis login id", "")
    own = _CANVAS.own(row)
    return own | {
        "name": f"{first.strip()} {last.strip()}" if comma else own["name"],
        "email": login if "@" in login else "",
    }


def _possible(row: Row) -> bool:
    return comparable(next(iter(row.values()), "")) == "points possible"
