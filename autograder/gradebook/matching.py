"""Find another system's students in the grade book: by exact matches of shared identifiers, never by guessing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.course.people import comparable, without_zeros
from autograder.records.gradebook import Line

FOUND_WITHOUT_ZEROS = "found by a number that differs in leading zeros only, which spreadsheets remove"

Names = Callable[[Line], Iterable[str]]
"""The identifiers that a line of the grade book may be known by."""


@dataclass(frozen=True)
class Way:
    """One way to find a student.

    Attributes:
        column: the column of the system's file to look at.
        names: a line's identifiers that may appear in that column.
        spelt: the spellings to try for a cell's text.
    """

    column: str
    names: Names
    spelt: Callable[[str], Iterable[str]] = lambda text: (text,)


@dataclass(frozen=True)
class Matches:
    """Which line each of a file's rows belongs to, by the row's index.

    Attributes:
        lines: the matching line of each row that has one.
        unknown: rows that match no line.
        ambiguous: rows that match more than one line.
        without_zeros: those of `lines` that were found by a number apart from its leading zeros.
    """

    lines: dict[int, Line]
    unknown: tuple[int, ...]
    ambiguous: tuple[int, ...]
    without_zeros: tuple[int, ...] = ()


def match(rows: Sequence[Mapping[str, str]], lines: Sequence[Line], ways: Sequence[Way]) -> Matches:
    """Find the line of each row.

    Where a way finds two students, or two rows find the same one, nobody is matched. A match by a surer way is final:
    a namesake does not put it in doubt. Numbers that differ only in leading zeros, which spreadsheets remove, are tried
    last.

    Args:
        rows: each row's cells, by the file's headings.
        lines: the grade book's.
        ways: the surest first.
    """
    found: dict[int, int] = {}
    ambiguous: set[int] = set()
    taken: set[int] = set()
    exact = len(ways)
    without: list[int] = []
    for turn, way in enumerate((*ways, *ways)):
        key = comparable if turn < exact else without_zeros
        index = _index(lines, way, key)
        claims: dict[int, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            if place in found or place in ambiguous:
                continue
            keys = {key(text) for text in way.spelt(row.get(way.column, ""))} - {""}
            students = {student for key in keys for student in index.get(key, ())}
            if len(students) > 1:
                ambiguous.add(place)
            for student in students - taken if len(students) == 1 else ():
                claims[student].append(place)
        for student, places in claims.items():
            if len(places) == 1:
                found[places[0]] = student
                without += [places[0]] if turn >= exact else []
            else:
                ambiguous.update(places)
        taken |= claims.keys()
    unknown = tuple(place for place in range(len(rows)) if place not in found and place not in ambiguous)
    by_place = {place: lines[student] for place, student in found.items()}
    return Matches(by_place, unknown, tuple(sorted(ambiguous)), tuple(sorted(without)))


def known_by(*columns: str) -> Names:
    """The course's identifier of a student, and what the roster has in any of these columns."""
    return lambda line: (line.student.student, *(line.student.more.get(column, "") for column in columns))


def email(line: Line) -> Iterable[str]:
    """The address in the roster, and the course's identifier, which may be the address."""
    return (line.student.email, line.student.student)


def name(line: Line) -> Iterable[str]:
    """The name in the roster; without one, the course's identifier, which may be the name."""
    return (line.student.name or line.student.student,)


def in_source(number: Callable[[str], str | None]) -> Names:
    """The number that a system puts into the names of the folders and zip files that teachers download."""

    def numbers(line: Line) -> Iterable[str]:
        found = number(line.result.source) if line.result is not None else None
        return (found,) if found else ()

    return numbers


def turned(text: str) -> Iterable[str]:
    """A name as it is, and "Curie, Marie" also as "Marie Curie"."""
    last, comma, first = text.partition(",")
    return (text, f"{first} {last}") if comma else (text,)


def _index(lines: Sequence[Line], way: Way, key: Callable[[str], str]) -> dict[str, set[int]]:
    index: dict[str, set[int]] = defaultdict(set)
    for place, line in enumerate(lines):
        for text in way.names(line):
            index[key(text)].add(place)
    return index
