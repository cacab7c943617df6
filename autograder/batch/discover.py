"""Find the submissions in a folder: who handed in what, one entry per student. As little as possible is opened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.batch.entries import Entry, list_entries
from autograder.course import Assignment
from autograder.course.lms_names import blackboard_user, canvas_name, canvas_user, moodle_name, moodle_participant
from autograder.course.people import comparable, shown, squeezed, without_zeros
from autograder.course.roster import Roster, Student
from autograder.errors import UnusableRequest
from autograder.intake.names import printable
from autograder.records.results import key_of
from autograder.text.numbers import listed

# One system's number says nothing about a person to whom another system gave the same. Nor may Moodle's ID number be
# compared with its participants' numbers: Moodle assigns those, while students may write the ID number themselves.
_CANVAS_COLUMNS = ("id", "canvas id", "sis user id")
_MOODLE_COLUMNS = ("id", "moodle id", "identifier")
_ID_NUMBER = ("id number", "idnumber")
# Prefixes of keys that are not names; a comparable name never has a tab in it.
_CANVAS, _MOODLE, _SQUEEZED = "\t#canvas ", "\t#moodle ", "\t~"


@dataclass(frozen=True)
class Found:
    """What one student handed in.

    Attributes:
        path: the folder or zip file.
        source: its name, printable.
        student: the course's identifier of the student; taken from the name if the roster lacks the student or there is
            no roster.
        key: the student's key in file names.
        handed_in: the time of submission in ISO 8601, if known.
        claimed: whether that time comes from a file in the submission, which the student could have written.
        undecided: a sentence that says why a person has to choose first; nothing is graded then. "" otherwise.
        choose: the number of submissions of this student from which one must be chosen; 0 if there is only one.
        one_of: the student whose several submissions this is one of, none of which counts yet; "" otherwise.
        files: paths of loose files, by the names the student gave them; None for a folder or zip file.
    """

    path: Path
    source: str
    student: str
    key: str
    handed_in: str | None = None
    claimed: bool = False
    undecided: str = ""
    choose: int = 0
    one_of: str = ""
    files: Mapping[str, Path] | None = None


@dataclass(frozen=True)
class Discovered:
    """A class's submissions in order, students of the roster who handed in nothing, and sentences about problems."""

    found: tuple[Found, ...]
    missing: tuple[Student, ...] = ()
    problems: tuple[str, ...] = ()


def discover(
    folder: Path, assignment: Assignment, roster: Roster | None = None, *, out: Path | None = None
) -> Discovered:
    """Look into a class's folder: a folder, a zip file or a checked-out repository for each student, or loose files.

    A name belongs to the roster's student with that account, e-mail address, repository or name, or with the GitHub
    account at the end of the name; the names of Canvas's, Moodle's and Gradescope's downloads are understood. The
    student is never guessed: a submission that could be two students' is graded under its own name, and so are two
    submissions of one student.

    Args:
        folder: the class's.
        assignment: from `course`.
        roster: who is in the class.
        out: the results' folder, skipped if it is inside `folder`.

    Raises:
        UnusableRequest: the folder does not exist, or holds no submissions.
    """
    there = list_entries(folder, assignment, out)
    if not there.entries:
        nothing = "holds no submissions: no folder, no .zip file, no file as Canvas names them."
        raise UnusableRequest(" ".join([f"{printable(str(folder), None)} {nothing}", *there.problems]))
    return _named(there.entries, roster, there.problems)


def _named(submissions: list[Entry], roster: Roster | None, problems: list[str]) -> Discovered:
    """Assign each submission to its student."""
    students = roster.students if roster else ()
    meant = _meant(submissions, students, problems)
    claims: dict[str, list[tuple[Entry, str]]] = defaultdict(list)
    for entry, found_there in zip(submissions, meant, strict=True):
        own_name = shown(entry.stranger or entry.label) or "unnamed"
        student = found_there[0].student if len(found_there) == 1 else own_name
        claims[comparable(student)].append((entry, student))
    found: list[Found] = []
    known = {comparable(student.student) for student in students}
    for each, claimed in sorted(claims.items(), key=lambda item: item[1][0][1]):
        entries, student = [entry for entry, _ in claimed], claimed[0][1]
        if len(entries) == 1:
            found.append(_found(entries[0], student))
            continue
        # A person has to decide which of them counts: all are graded, and none is the student's yet.
        reason = (
            f"{', '.join(entry.source for entry in entries)}: {len(entries)} submissions of {student}. Each is graded "
            "under its full name and none counts: leave one of them there."
        )
        problems.append(reason)
        found += [replace(_found(entry, _one_of(at, entries)), one_of=student) for at, entry in enumerate(entries)]
        if each in known:
            none = replace(_found(entries[0], student), handed_in=None, claimed=False)
            found.append(replace(none, undecided=reason, choose=len(entries)))
    nobodys = [entry.source for entry, likely in zip(submissions, meant, strict=True) if not likely]
    if roster and nobodys:
        problems.append(f"The roster has nobody for {listed(nobodys)}: graded under their own names.")
    missing = tuple(student for student in students if comparable(student.student) not in claims)
    return Discovered(tuple(found), missing, tuple(problems))


_SYSTEMS = (canvas_user, moodle_participant, blackboard_user)


def _one_of(at: int, entries: list[Entry]) -> str:
    """The name of one of a student's several submissions."""
    alike = Counter(comparable(entry.source) for entry in entries)
    which = f"{at + 1}" if max(alike.values()) > 1 else "one"
    return f"{entries[at].source} ({which} of {len(entries)})"


def _found(entry: Entry, student: str) -> Found:
    return Found(
        entry.path, entry.source, student, key_of(student), entry.handed_in, claimed=entry.claimed, files=entry.files
    )


def _meant(submissions: list[Entry], students: Iterable[Student], problems: list[str]) -> list[list[Student]]:
    """The students whose submission each may be. Adds a sentence to `problems` where that is more than one."""
    index = _index(students)
    meant = [_students(entry, index) for entry in submissions]
    _find_by_end_of_name(submissions, students, meant)
    _find_without_zeros(submissions, students, meant, problems)
    for entry, found in zip(submissions, meant, strict=True):
        if len(found) > 1:
            names = ", ".join(student.student for student in found)
            problems.append(
                f"{entry.source}: the roster has {len(found)} students of this name ({names}). It is graded under its "
                "own name: rename it to the account."
            )
    return meant


def _index(students: Iterable[Student]) -> dict[str, list[Student]]:
    """The roster's students by everything that may identify them, in comparable form."""
    index: dict[str, list[Student]] = defaultdict(list)
    for student in students:
        repository = student.repository.rstrip("/").rpartition("/")[2].removesuffix(".git")
        github = student.more.get("github_username", "")
        names = {comparable(name) for name in (student.student, student.email, repository, student.name, github)} - {""}
        for system, columns in ((_CANVAS, _CANVAS_COLUMNS), (_MOODLE, _MOODLE_COLUMNS)):
            names |= {system + comparable(number) for number in _numbers(student, columns)}
        names |= {_SQUEEZED + name for text in (student.student, student.name) for name in squeezed(text)}
        for name in names:
            index[name].append(student)
    return index


def _numbers(student: Student, columns: Iterable[str] = (*_CANVAS_COLUMNS, *_MOODLE_COLUMNS, *_ID_NUMBER)) -> list[str]:
    """The numbers that systems gave the student."""
    return [student.more[column] for column in columns if student.more.get(column)]


def _students(entry: Entry, index: Mapping[str, list[Student]]) -> list[Student]:
    """The students that a submission's names may mean; a match of the account takes precedence."""
    names = [comparable(name) for name in entry.names or (entry.label,)]
    user, full_name = None, ""
    if participant := moodle_participant(entry.label):
        numbers = [_MOODLE + participant, f"{_MOODLE}participant {participant}"]
        full_name = comparable(moodle_name(entry.label) or "")
        names += [*numbers, full_name]
    elif user := canvas_user(entry.label):
        names += [_CANVAS + user, _SQUEEZED + comparable(canvas_name(entry.label) or "")]
    elif account := blackboard_user(entry.label):
        names.append(comparable(account))
    for name in names:
        students = index.get(name, [])
        if name.startswith(_SQUEEZED):  # a student with another number in Canvas is a namesake
            students = [student for student in students if student.more.get("canvas id") in (None, "", user)]
        if students:
            return _of_those(students, name, is_full_name=name == full_name)
    return []


def _of_those(students: list[Student], name: str, *, is_full_name: bool) -> list[Student]:
    """Of the students whom a name may mean, those with that account, if there are any.

    Some systems let students write what becomes the account here (Moodle's ID number, Gradescope's student ID). So an
    account that equals another student's address does not count, and one that equals another's full name does not win
    where the name is a full name.
    """
    exact = [student for student in students if comparable(student.student) == name]
    owners = [student for student in students if comparable(student.email) == name]
    if owners and not any(student in owners for student in exact):
        return owners
    if exact and is_full_name:
        exact += [student for student in students if comparable(student.name) == name and student not in exact]
    return exact or students


def _find_by_end_of_name(submissions: list[Entry], students: Iterable[Student], meant: list[list[Student]]) -> None:
    """Match clones by the GitHub account at the end of their name, ASSIGNMENT-username.

    Both parts may have hyphens, and students choose their account names. So if several accounts fit, the one that
    leaves the most common prefix is meant; and among clones called lab-ada and lab-ben, lab-x-bob is not bob's.
    """
    accounts: dict[str, list[Student]] = defaultdict(list)
    for student in students:
        if account := comparable(student.more.get("github_username", "")):
            accounts[account].append(student)
    fits: list[dict[str, list[Student]]] = []
    for entry in submissions:
        name = comparable(entry.label)
        chosen = next(
            filter(None, (of(entry.label) for of in _SYSTEMS)), None
        )  # a download's name, whose end the student chose
        cuts = [cut for cut, letter in enumerate(name) if letter == "-"] if accounts and not chosen else []
        fits.append({name[:cut]: accounts[name[cut + 1 :]] for cut in cuts if name[cut + 1 :] in accounts})
    begins = Counter(begin for each in fits for begin in each)
    for at, each in enumerate(fits):
        most = max((begins[begin] for begin in each), default=0)
        likely = [found for begin, found in each.items() if begins[begin] == most and not _goes_on(begin, begins)]
        meant[at] = meant[at] or [student for found in likely for student in found]


def _goes_on(begin: str, begins: Mapping[str, int]) -> bool:
    """Whether a shorter prefix of this one is more common, so that the rest belongs to somebody's account."""
    cuts = (cut for cut, letter in enumerate(begin) if letter == "-")
    return any(begins.get(begin[:cut], 0) > begins[begin] for cut in cuts)


def _find_without_zeros(
    submissions: list[Entry], students: Iterable[Student], meant: list[list[Student]], problems: list[str]
) -> None:
    """Match numbers that lost their leading zeros, in the roster or the names, if only one student can be meant."""
    index: dict[str, list[Student]] = defaultdict(list)
    for student in students:
        for number in {without_zeros(text) for text in (student.student, *_numbers(student))} - {""}:
            index[number].append(student)
    taken = {found[0].student for found in meant if len(found) == 1}
    claims: dict[str, list[int]] = defaultdict(list)
    for at, entry in enumerate(submissions):
        numbers = {without_zeros(name) for name in entry.names or (entry.label,)} - {""}
        for number in numbers if not meant[at] else ():
            claims[number].append(at)
    for number, places in claims.items():
        likely = [student for student in index[number] if student.student not in taken]
        if len(places) == len(likely) == len(index[number]) == 1:
            meant[places[0]] = likely
            problems.append(
                f"{submissions[places[0]].source} is taken for {likely[0].student} of the roster: the numbers differ "
                "in leading zeros only, which spreadsheets remove."
            )
        elif index[number]:
            problems.append(
                f"{', '.join(submissions[at].source for at in places)}: the same number as "
                f"{', '.join(student.student for student in index[number])} of the roster but for leading zeros; "
                "since that is not one student and one submission, nothing is taken for granted."
            )
