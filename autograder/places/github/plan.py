"""Who is graded, and where: the roster's students, those asked for, and the part of them that one job has."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.course.people import comparable
from autograder.course.roster import Student, read_roster
from autograder.errors import UnusableRequest
from autograder.text.inert import one_line

STUDENTS_PER_SHARD = 25  # with training some 50 minutes; setting a job up costs two
MAX_SHARDS = 20  # jobs that GitHub runs side by side without a contract
MOST_SHARDS = 256  # jobs that a matrix may have


@dataclass(frozen=True)
class PlannedStudent:
    """One student to be graded, and the name of the folder that holds what concerns them."""

    key: str
    student: Student


@dataclass(frozen=True)
class Plan:
    """Those to be graded in the roster's order, and a sentence for each line and name that could not be used."""

    entries: tuple[PlannedStudent, ...]
    problems: tuple[str, ...]

    def part(self, shard: str) -> tuple[PlannedStudent, ...]:
        """The entries of one shard, "2/8": every eighth, so that all parts are about as large.

        Raises:
            UnusableRequest: it does not look like that.
        """
        found = re.fullmatch(r"(\d{1,3})/(\d{1,3})", shard)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UnusableRequest(f"--shard: {shard} is not a part of a class, like 2/8.")
        return self.entries[int(found[1]) - 1 :: int(found[2])]


def read_plan(roster: Path, wanted: str = "") -> Plan:
    """Choose from a roster.

    Args:
        roster: the file.
        wanted: names of students with commas between them; all of them if there is none.

    Raises:
        UnusableRequest: there is no roster, or nobody is left to be graded.
    """
    read = read_roster(roster)
    problems = list(read.problems)
    entries = [PlannedStudent(_key(number, student), student) for number, student in enumerate(read.students, 1)]
    if not entries:
        raise UnusableRequest(" ".join([f"The roster {roster} names no student.", *problems]))
    names = [name for name in (one_line(name) for name in re.split(r"[,;\n]", wanted)) if name]
    if names:
        known = {comparable(entry.student.student) for entry in entries}
        asked = {comparable(name) for name in names}
        problems += [f"{name}: the roster has no such student." for name in names if comparable(name) not in known]
        entries = [entry for entry in entries if comparable(entry.student.student) in asked]
        if not entries:
            raise UnusableRequest(" ".join(problems))
    return Plan(tuple(entries), tuple(problems))


def shard_count(students: int, wanted: str = "") -> int:
    """How many jobs share the work.

    Raises:
        UnusableRequest: a matrix cannot have as many as are wanted, or they are not a number.
    """
    wanted = wanted.strip()
    if not wanted:
        return min(math.ceil(students / STUDENTS_PER_SHARD), MAX_SHARDS)
    if not re.fullmatch(r"\d{1,3}", wanted) or not 1 <= int(wanted) <= MOST_SHARDS:
        raise UnusableRequest(f"Shards: {wanted} is not a number from 1 to {MOST_SHARDS}.")
    return min(int(wanted), students)


def _key(number: int, student: Student) -> str:
    """A name for files: the line's number makes it unique, the rest is for people."""
    return f"{number:04d}-{re.sub('[^A-Za-z0-9]+', '-', student.student)[:40].strip('-')}".rstrip("-")
