"""Find the submissions in a folder: who handed in what, one entry a student. Nothing is opened that need not be."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from autograder.batch.results import key_of
from autograder.course import Assignment
from autograder.downloads import canvas_user, moodle_name, moodle_participant
from autograder.errors import UnusableRequest
from autograder.inert import one_line
from autograder.intake import LEAVINGS
from autograder.intake.names import printable
from autograder.roster import Roster, Student

_TIMESTAMP = "timestamp.txt"  # nbgrader's, beside what was submitted

_ID_COLUMNS = ("id", "canvas id", "sis user id", "moodle id", "identifier", "id number", "idnumber")


@dataclass(frozen=True)
class Found:
    """What one student handed in.

    Attributes:
        path: the folder or zip file.
        source: its name, printable.
        student: what the course knows the student by; without a roster, or if it has no such student, from the name.
        key: names the files that concern the student.
        handed_in: when, in ISO's form, if that is known; a student can have written it.
        undecided: why a person has to say first what counts, a sentence; nothing is graded then.
    """

    path: Path
    source: str
    student: str
    key: str
    handed_in: str | None = None
    undecided: str = ""


@dataclass(frozen=True)
class _Entry:
    """An entry of the class's folder: where the submission is, the entry's name, and that name without `.zip`."""

    path: Path
    name: str
    label: str

    @property
    def source(self) -> str:
        return printable(self.name)


@dataclass(frozen=True)
class Discovered:
    """A class's submissions by name, roster students who handed in nothing, and sentences about everything else."""

    found: tuple[Found, ...]
    missing: tuple[Student, ...] = ()
    problems: tuple[str, ...] = ()


def discover(
    folder: Path, assignment: Assignment, roster: Roster | None = None, *, out: Path | None = None
) -> Discovered:
    """Look into a class's folder: a folder, a zip file or a checked-out repository for each student.

    A name belongs to the roster's student with that account, e-mail address, repository or name; Canvas's and Moodle's
    names of downloads are understood. Who is meant is never guessed: what could be two students' is graded under its
    own name, and so are two submissions of one student.

    Args:
        folder: the class's.
        assignment: from `course`.
        roster: who is in the class.
        out: where results go; left out if it lies in the folder.

    Raises:
        UnusableRequest: there is no such folder, or nothing in it.
    """
    shown = printable(str(folder), None)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise UnusableRequest(f"{shown} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UnusableRequest(f"{shown} does not exist.") from None
    _refuse_one_submission(shown, [entry.name for entry in entries if entry.is_file()], assignment)
    problems: list[str] = []
    submissions: list[_Entry] = []
    for entry in entries:
        name = printable(entry.name)
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name in LEAVINGS or entry.name.startswith("._") or (is_folder and _same(Path(entry.path), out)):
            continue
        if entry.is_symlink():
            problems.append(f"{name} is a link: left out. Put the folder itself there.")
        elif is_folder and _is_bare(Path(entry.path)):
            problems.append(f"{name} is a bare repository: left out. Clone it, so that its files are there.")
        elif is_folder:
            submissions.append(_Entry(_only_zip_in(Path(entry.path)), entry.name, entry.name))
        elif entry.name.lower().endswith(".zip"):
            submissions.append(_Entry(Path(entry.path), entry.name, entry.name[:-4]))
        else:
            problems.append(f"{name} is neither a folder nor a .zip file: left out.")
    if not submissions:
        raise UnusableRequest(" ".join([f"{shown} holds no submissions: no folder, no .zip file.", *problems]))
    return _named(submissions, roster, problems)


def _named(submissions: list[_Entry], roster: Roster | None, problems: list[str]) -> Discovered:
    """Give each submission its student."""
    students = roster.students if roster else ()
    index = _index(students)
    claims: dict[str, list[_Entry]] = defaultdict(list)
    strangers = []
    for entry in submissions:
        meant = _students(entry.label, index)
        if len(meant) > 1:
            names = ", ".join(student.student for student in meant)
            problems.append(
                f"{entry.source}: the roster has {len(meant)} students of this name ({names}). It is graded under its "
                "own name: name it by the account."
            )
        elif not meant:
            strangers.append(entry.source)
        claims[meant[0].student if len(meant) == 1 else one_line(entry.label) or "unnamed"].append(entry)
    found: list[Found] = []
    known = {student.student for student in students}
    for student, claimed in sorted(claims.items()):
        if len(claimed) == 1:
            found.append(_found(claimed[0], student))
            continue
        # Which of them counts is for a person to say: both are graded, and neither is the student's.
        told = (
            f"{', '.join(entry.source for entry in claimed)}: {len(claimed)} submissions of {student}. Each is graded "
            "under its full name and none counts: leave one of them there."
        )
        problems.append(told)
        found += [_found(entry, f"{entry.source} (one of {len(claimed)})") for entry in claimed]
        if student in known:
            found.append(replace(_found(claimed[0], student), undecided=told))
    for folded, alike in _grouped(claims, key=str.casefold).items():
        if len(alike) > 1:
            problems.append(
                f"{', '.join(sorted(alike))}: names that differ in capital letters only, as if {folded} were several."
            )
    if roster and strangers:
        more = f" and {len(strangers) - 10} more" if len(strangers) > 10 else ""
        problems.append(f"The roster has nobody for {', '.join(strangers[:10])}{more}: graded under their own names.")
    missing = tuple(student for student in students if student.student not in claims)
    return Discovered(tuple(found), missing, tuple(problems))


def _found(entry: _Entry, student: str) -> Found:
    return Found(entry.path, entry.source, student, key_of(student), _handed_in(entry.path))


def _grouped(names: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    return groups


def _index(students: Iterable[Student]) -> dict[str, list[Student]]:
    """The roster's students by all that may name them, in small letters."""
    index: dict[str, list[Student]] = defaultdict(list)
    for student in students:
        repository = student.repository.rstrip("/").rpartition("/")[2].removesuffix(".git")
        ids = [f"#{student.more[column]}" for column in _ID_COLUMNS if student.more.get(column)]
        for name in {student.student, student.email, repository, student.name, *ids} - {""}:
            index[name.casefold()].append(student)
    return index


def _students(label: str, index: dict[str, list[Student]]) -> list[Student]:
    """Whom a name may mean; the account counts before everything else."""
    names = [label]
    if participant := moodle_participant(label):
        names += [f"#{participant}", f"#participant {participant}", moodle_name(label) or ""]
    elif user := canvas_user(label):
        names.append(f"#{user}")
    for name in names:
        students = index.get(one_line(name).casefold(), [])
        exact = [student for student in students if student.student.casefold() == one_line(name).casefold()]
        if students:
            return exact or students
    return []


def _refuse_one_submission(shown: str, names: list[str], assignment: Assignment) -> None:
    own = {f"{question.module}{end}" for question in assignment.questions for end in (".py", ".ipynb")}
    if own & set(names):
        raise UnusableRequest(
            f"{shown} is one submission, not a folder of them: `python -m autograder grade {shown}` grades it."
        )


def _same(path: Path, out: Path | None) -> bool:
    return out is not None and path.resolve() == out.resolve()


def _is_bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _only_zip_in(path: Path) -> Path:
    """The zip file in a folder that holds nothing else, as systems for uploads lay them out; else the folder."""
    try:
        with os.scandir(path) as inside:
            entries = [entry for entry in inside if not entry.name.startswith(".")]
    except OSError:
        return path
    zips = [entry for entry in entries if entry.name.lower().endswith(".zip") and entry.is_file(follow_symlinks=False)]
    return Path(zips[0].path) if len(zips) == len(entries) == 1 else path


def _handed_in(path: Path) -> str | None:
    """What nbgrader's timestamp.txt says, in the folder or in the assignment's folder inside it."""
    if not path.is_dir():
        return None
    for file in (path / _TIMESTAMP, *sorted(path.glob(f"*/{_TIMESTAMP}"))[:2]):
        try:
            kind = file.lstat()  # a pipe would keep us waiting
            if not stat.S_ISREG(kind.st_mode) or kind.st_size > 200:
                continue
            return _moment(file.read_text("utf-8").strip())
        except (OSError, ValueError):
            continue
    return None


def _moment(text: str) -> str:
    """Nbgrader's form, "2026-12-18 23:59:00.123456 UTC", in ISO's.

    Raises:
        ValueError: it is no date, or has no zone that is known here.
    """
    date, _, zone = text.rpartition(" ")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        try:
            when = datetime.fromisoformat(date).replace(tzinfo=ZoneInfo(zone))
        except (KeyError, OSError) as error:
            raise ValueError(str(error)) from None
    if when.tzinfo is None:
        raise ValueError("no zone")
    return when.astimezone(UTC).isoformat(timespec="seconds")
