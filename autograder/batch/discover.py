"""Find the submissions in a folder: who handed in what, one entry a student. Nothing is opened that need not be."""

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

# A number that one system wrote says nothing about the people to whom another gave it. Nor does Moodle's ID number
# about participants, whose numbers are of Moodle's own making: students may write the former into their profiles.
_CANVAS_COLUMNS = ("id", "canvas id", "sis user id")
_MOODLE_COLUMNS = ("id", "moodle id", "identifier")
_ID_NUMBER = ("id number", "idnumber")
# Before what is not a name by itself; no name has a tab when it is compared.
_CANVAS, _MOODLE, _SQUEEZED = "\t#canvas ", "\t#moodle ", "\t~"


@dataclass(frozen=True)
class Found:
    """What one student handed in.

    Attributes:
        path: the folder or zip file.
        source: its name, printable.
        student: what the course knows the student by; without a roster, or if it has no such student, from the name.
        key: names the files that concern the student.
        handed_in: when, in ISO's form, if that is known.
        claimed: whether that is what a file in the submission says, which its student can have written.
        undecided: why a person has to say first what counts, a sentence; nothing is graded then.
        choose: of how many submissions of the student one is to be chosen; 0 if there is only this.
        one_of: whose submission it is, where it is one of several of which none counts yet.
        files: where loose files lie, by what the student called them; None if there is a folder or zip file.
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
    """A class's submissions by name, roster students who handed in nothing, and sentences about everything else."""

    found: tuple[Found, ...]
    missing: tuple[Student, ...] = ()
    problems: tuple[str, ...] = ()


def discover(
    folder: Path, assignment: Assignment, roster: Roster | None = None, *, out: Path | None = None
) -> Discovered:
    """Look into a class's folder: a folder, a zip file or a checked-out repository for each student, or their files.

    A name belongs to the roster's student with that account, e-mail address, repository or name, or with that GitHub
    account at its end; Canvas's, Moodle's and Gradescope's names of downloads are understood. Who is meant is never
    guessed: what could be two students' is graded under its own name, and so are two submissions of one student.

    Args:
        folder: the class's.
        assignment: from `course`.
        roster: who is in the class.
        out: where results go; left out if it lies in the folder.

    Raises:
        UnusableRequest: there is no such folder, or nothing in it.
    """
    there = list_entries(folder, assignment, out)
    if not there.entries:
        nothing = "holds no submissions: no folder, no .zip file, no file as Canvas names them."
        raise UnusableRequest(" ".join([f"{printable(str(folder), None)} {nothing}", *there.problems]))
    return _named(there.entries, roster, there.problems)


def _named(submissions: list[Entry], roster: Roster | None, problems: list[str]) -> Discovered:
    """Give each submission its student."""
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
        # Which of them counts is for a person to say: both are graded, and neither is the student's.
        told = (
            f"{', '.join(entry.source for entry in entries)}: {len(entries)} submissions of {student}. Each is graded "
            "under its full name and none counts: leave one of them there."
        )
        problems.append(told)
        found += [replace(_found(entry, _one_of(at, entries)), one_of=student) for at, entry in enumerate(entries)]
        if each in known:
            none = replace(_found(entries[0], student), handed_in=None, claimed=False)
            found.append(replace(none, undecided=told, choose=len(entries)))
    nobodys = [entry.source for entry, likely in zip(submissions, meant, strict=True) if not likely]
    if roster and nobodys:
        problems.append(f"The roster has nobody for {listed(nobodys)}: graded under their own names.")
    missing = tuple(student for student in students if comparable(student.student) not in claims)
    return Discovered(tuple(found), missing, tuple(problems))


_SYSTEMS = (canvas_user, moodle_participant, blackboard_user)


def _one_of(at: int, entries: list[Entry]) -> str:
    """What one of several submissions of a student is called."""
    alike = Counter(comparable(entry.source) for entry in entries)
    which = f"{at + 1}" if max(alike.values()) > 1 else "one"
    return f"{entries[at].source} ({which} of {len(entries)})"


def _found(entry: Entry, student: str) -> Found:
    return Found(
        entry.path, entry.source, student, key_of(student), entry.handed_in, claimed=entry.claimed, files=entry.files
    )


def _meant(submissions: list[Entry], students: Iterable[Student], problems: list[str]) -> list[list[Student]]:
    """Whose each submission may be; sentences about those that could be more than one student's are added."""
    index = _index(students)
    meant = [_students(entry, index) for entry in submissions]
    _find_by_end_of_name(submissions, students, meant)
    _find_without_zeros(submissions, students, meant, problems)
    for entry, found in zip(submissions, meant, strict=True):
        if len(found) > 1:
            names = ", ".join(student.student for student in found)
            problems.append(
                f"{entry.source}: the roster has {len(found)} students of this name ({names}). It is graded under its "
                "own name: name it by the account."
            )
    return meant


def _index(students: Iterable[Student]) -> dict[str, list[Student]]:
    """The roster's students by all that may name them, as it is compared."""
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
    """What systems number the student by."""
    return [student.more[column] for column in columns if student.more.get(column)]


def _students(entry: Entry, index: Mapping[str, list[Student]]) -> list[Student]:
    """Whom a submission's names may mean; the account counts before everything else."""
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
        if name.startswith(_SQUEEZED):  # whom Canvas gives another number is somebody else of this name
            students = [student for student in students if student.more.get("canvas id") in (None, "", user)]
        if students:
            return _of_those(students, name, is_full_name=name == full_name)
    return []


def _of_those(students: list[Student], name: str, *, is_full_name: bool) -> list[Student]:
    """Of the students whom a text may mean, those with that account, if there are such.

    Some systems have students write what becomes the account here (Moodle's ID number, Gradescope's student ID). So one
    that is another's address does not count, and one that is another's full name does not where a full name is meant.
    """
    exact = [student for student in students if comparable(student.student) == name]
    owners = [student for student in students if comparable(student.email) == name]
    if owners and not any(student in owners for student in exact):
        return owners
    if exact and is_full_name:
        exact += [student for student in students if comparable(student.name) == name and student not in exact]
    return exact or students


def _find_by_end_of_name(submissions: list[Entry], students: Iterable[Student], meant: list[list[Student]]) -> None:
    """Find whose a clone is by the GitHub account at the end of its name, ASSIGNMENT-username.

    Both may have hyphens, and students choose their accounts. So of several accounts that fit, the one that leaves what
    most clones begin with is meant; and beside clones called lab-ada and lab-ben, lab-x-bob is not bob's.
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
        )  # the end of such a name is its student's
        cuts = [cut for cut, letter in enumerate(name) if letter == "-"] if accounts and not chosen else []
        fits.append({name[:cut]: accounts[name[cut + 1 :]] for cut in cuts if name[cut + 1 :] in accounts})
    begins = Counter(begin for each in fits for begin in each)
    for at, each in enumerate(fits):
        most = max((begins[begin] for begin in each), default=0)
        likely = [found for begin, found in each.items() if begins[begin] == most and not _goes_on(begin, begins)]
        meant[at] = meant[at] or [student for found in likely for student in found]


def _goes_on(begin: str, begins: Mapping[str, int]) -> bool:
    """Whether more clones begin with the first words of this alone, so that its last are of somebody's account."""
    cuts = (cut for cut, letter in enumerate(begin) if letter == "-")
    return any(begins.get(begin[:cut], 0) > begins[begin] for cut in cuts)


def _find_without_zeros(
    submissions: list[Entry], students: Iterable[Student], meant: list[list[Student]], problems: list[str]
) -> None:
    """Find numbers that lost their leading zeros, in the roster or in the names, where one student can be meant."""
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
                "in leading zeros only, which spreadsheets take away."
            )
        elif index[number]:
            problems.append(
                f"{', '.join(submissions[at].source for at in places)}: the same number as "
                f"{', '.join(student.student for student in index[number])} of the roster but for leading zeros; "
                "since that is not one student and one submission, nothing is taken for granted."
            )
