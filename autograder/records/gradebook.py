"""Put a class's grades together: results, reviews, the roster and the course's rules of today.

Nothing is baked in: the raw score is what grading and readers gave; what is dropped and what lateness costs is worked
out here, again each time, and shown beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.course import Assignment, Question
from autograder.course.deadline import Lateness
from autograder.course.lms_names import canvas_late
from autograder.course.people import comparable
from autograder.course.roster import Roster, Student
from autograder.records.results import CLASS_FILE, GRADED_IN_ACTIONS, Result, key_of, read_class, read_results
from autograder.records.reviews import Review, read_reviews, what_is_read
from autograder.text.numbers import choose_one, counted, number

MOST_CLAIMED = 3  # remarks of one kind; where more than half of a class has it, one is enough
_FILE = "only what timestamp.txt in the submission says: nbgrader writes it, and its student could, too."
_COMMIT = "only the commit's own date: GitHub did not say when it was pushed, and its student can write that date."


@dataclass(frozen=True)
class Mark:
    """One question of one student.

    Attributes:
        score, max_score: what a program gave, of how much; None where the question was not graded.
        written, max_written: what a person gave for the written answer, of how much; None while it waits for one.
        comment: the reader's, for the student.
        dropped: its points do not count.
    """

    question: str
    score: int | None
    max_score: int
    written: float | None = None
    max_written: int = 0
    comment: str = ""
    dropped: bool = False

    @property
    def points(self) -> float:
        """What there is so far."""
        return (self.score or 0) + (self.written or 0)


@dataclass(frozen=True)
class Line:
    """One student.

    Attributes:
        student: from the roster; of a submission without a student there, one with its name.
        in_roster: whether the roster has the student; True if there is no roster.
        result: None if nothing was handed in.
        marks: one for each question that was graded in this class.
        lateness: None if it is not known when the submission was handed in, or nothing is due.
        notes: sentences for staff.
        choices: where none of several submissions counts yet, each of them as if it did.
    """

    student: Student
    in_roster: bool
    result: Result | None
    marks: tuple[Mark, ...]
    lateness: Lateness | None = None
    notes: tuple[str, ...] = ()
    choices: tuple[Line, ...] = ()

    @property
    def key(self) -> str:
        return key_of(self.student.student) if self.result is None else self.result.key

    @property
    def handed_in(self) -> datetime | None:
        """When it was handed in: by the roster if it says so, else by the submission."""
        return _handed_in(self.student, self.result)

    @property
    def claimed(self) -> bool:
        """Whether that is known only from what a file in the submission says, which its student can have written."""
        return self.student.handed_in is None and self.result is not None and self.result.claimed

    @property
    def graded(self) -> bool:
        """Whether there are points to be given, be they 0: something was handed in, and the grader did not fail."""
        return self.result is not None and not self.result.ours

    @property
    def score(self) -> float:
        """All points, as they are."""
        return sum(mark.points for mark in self.marks)

    @property
    def max_score(self) -> int:
        return sum(mark.max_score + mark.max_written for mark in self.marks)

    @property
    def pending(self) -> int:
        """Points that await a reader."""
        return sum(mark.max_written for mark in self.marks if mark.max_written and mark.written is None)

    @property
    def counted(self) -> float:
        """The points of the questions that are not dropped."""
        return sum(mark.points for mark in self.marks if not mark.dropped)

    @property
    def max_counted(self) -> int:
        return sum(mark.max_score + mark.max_written for mark in self.marks if not mark.dropped)

    @property
    def percent(self) -> float:
        """What lateness takes off, in per cent."""
        return self.lateness.percent if self.lateness is not None else 0

    @property
    def final(self) -> float:
        """The points that count, less what lateness takes off."""
        return round(self.counted * (1 - self.percent / 100), 2)


@dataclass(frozen=True)
class GradeBook:
    """A class: its lines in the roster's order, then the others by name; and sentences about what is not in order."""

    assignment: Assignment
    lines: tuple[Line, ...]
    problems: tuple[str, ...] = ()


def read_grade_book(out: Path, assignment: Assignment, roster: Roster | None = None) -> GradeBook:
    """Put together what is known today.

    Args:
        out: the class's folder.
        assignment: from `course`.
        roster: who is in the class; without one, everyone who handed in.

    Raises:
        UnusableRequest: the folder holds no class.
    """
    # By their students' names: their keys have the spelling that the roster had when they were graded.
    results: dict[str, list[Result]] = defaultdict(list)
    several: dict[str, list[Result]] = defaultdict(list)  # of a student, none of which counts yet
    for result in read_results(out):
        if result.one_of:
            several[comparable(result.one_of)].append(result)
        else:
            results[comparable(result.student)].append(result)
    for name, alike in several.items():
        if name not in results:
            results[name].append(_to_choose(alike))
    maxima = _max_scores(assignment, (result for alike in [*results.values(), *several.values()] for result in alike))
    problems = list(roster.problems if roster else ())
    known = {question.id for question in assignment.questions}
    lines = []
    for student in roster.students if roster else ():
        lines.append(_line(out, assignment, maxima, student, _of(student, results), in_roster=True))
        problems += [
            f"Roster: {student.student}: there is no question {name} to drop."
            for name in student.dropped
            if name not in known
        ]
    lines += [
        _line(out, assignment, maxima, Student(result.student), result, in_roster=roster is None)
        for _, alike in sorted(results.items())
        for result in alike
    ]
    for place, line in enumerate(lines):
        alike = several.get(comparable(line.student.student), [])
        if line.result is not None and line.result.choose and alike:
            choices = [
                _line(out, assignment, maxima, Student(each.student), each, in_roster=line.in_roster) for each in alike
            ]
            lines[place] = _with_choices(line, choices)
    by_commit = (out / CLASS_FILE).exists() and read_class(out).get("folder") == GRADED_IN_ACTIONS
    return GradeBook(assignment, *_about_claims(lines, problems, _COMMIT if by_commit else _FILE))


def _to_choose(results: list[Result]) -> Result:
    """The result of a student who has several submissions and is not in a roster."""
    first = results[0]
    return Result(key_of(first.one_of), first.one_of, first.source, ours=True, choose=len(results))


def _with_choices(line: Line, choices: list[Line]) -> Line:
    listed = [
        f"{each.result.source}: {number(each.score)} of {each.max_score} points"
        if each.result is not None and each.graded and each.result.report is not None
        else f"{each.result.source if each.result is not None else ''}: cannot be used"
        for each in choices
    ]
    note = f"{choose_one(len(choices))}, and leave only that one there ({'; '.join(listed)})."
    return replace(line, notes=(*line.notes, note[:1].upper() + note[1:]), choices=tuple(choices))


def _about_claims(lines: list[Line], problems: list[str], source: str) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """Remark where lateness rests on what a student can have written; of a class in which it always does, once."""
    claimed = [line for line in lines if line.lateness is not None and line.claimed]
    handed_in = sum(line.result is not None for line in lines)
    if len(claimed) > MOST_CLAIMED and 2 * len(claimed) > handed_in:
        of_all = f"For {counted(len(claimed), 'submission')}, when they were handed in is {source}"
        return tuple(lines), (*problems, of_all)
    noted = [
        replace(line, notes=(*line.notes, f"When it was handed in is {source}")) if line in claimed else line
        for line in lines
    ]
    return tuple(noted), tuple(problems)


def _of(student: Student, results: dict[str, list[Result]]) -> Result | None:
    """Take out the student's result; of several, which an older release could leave, the one with today's key."""
    alike = results.get(comparable(student.student), [])
    chosen = next((result for result in alike if result.key == key_of(student.student)), alike[0] if alike else None)
    if chosen is not None:
        alike.remove(chosen)
    return chosen


def _max_scores(assignment: Assignment, results: Iterable[Result]) -> dict[str, int]:
    """The most points that a program could give, by question id: fewer without training, only of graded questions."""
    reports = [result.report for result in results if result.report is not None]
    if not reports:
        return {question.id: question.automatic for question in assignment.questions}
    known = {question.id for question in assignment.questions}
    graded = [question for report in reports for question in report.questions if question.id in known]
    return {question.id: question.max_score for question in graded}


def _line(
    out: Path,
    assignment: Assignment,
    maxima: Mapping[str, int],
    student: Student,
    result: Result | None,
    *,
    in_roster: bool,
) -> Line:
    notes = []
    try:
        reviews = read_reviews(out, result.key) if result is not None else {}
    except ValueError as error:  # what a person gave is not taken for nothing: the answers await a reader
        reviews = {}
        notes.append(f"{error}.")
    marks = tuple(
        _mark(question, student, result, reviews, maxima[question.id])
        for question in assignment.questions
        if question.id in maxima
    )
    if not in_roster:
        notes.append("The roster has no such student.")
    if result is None:
        notes.append("Nothing was handed in.")
    elif result.problem and not result.choose:
        notes.append(f"No points yet: {result.problem}" if result.ours else result.problem)
    if result is not None and result.report is not None and not result.ours:
        flagged = {flag for question in result.report.questions for flag in question.flags}
        notes += [note for note in result.report.notes if note not in flagged]
    if result is not None and canvas_late(result.source) and _handed_in(student, result) is None:
        notes.append("Canvas calls it late; by how much is not known, and nothing is taken off.")
    lateness = None
    if result is not None and assignment.due is not None and not result.choose:
        handed_in = _handed_in(student, result)
        if handed_in is not None:
            lateness = student.deadline(assignment.due, assignment.late).lateness(handed_in)
        else:
            notes.append("When it was handed in is not known.")
    return Line(student, in_roster, result, marks, lateness, tuple(notes))


def _handed_in(student: Student, result: Result | None) -> datetime | None:
    recorded = result.handed_in if result is not None else None
    return student.handed_in or (datetime.fromisoformat(recorded) if recorded else None)


def _mark(
    question: Question, student: Student, result: Result | None, reviews: Mapping[str, Review], max_score: int
) -> Mark:
    dropped = question.dropped or question.id in student.dropped
    report = result.report if result is not None else None
    graded = next((each for each in report.questions if each.id == question.id), None) if report else None
    if result is None or graded is None:
        nothing = 0 if question.written else None  # there is no answer that could await a reader
        return Mark(question.id, None, max_score, nothing, question.written, dropped=dropped)
    if graded.written is None:
        return Mark(question.id, graded.score, max_score, dropped=dropped)
    review = reviews.get(question.id)
    if review is not None and review.answer == what_is_read(result, question.id):
        points: float | None = min(review.points, question.written)
        comment = review.comment
    else:
        points, comment = graded.written.score, graded.written.comment
    return Mark(question.id, graded.score, max_score, points, question.written, comment, dropped)
