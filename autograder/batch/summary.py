"""The end of a run: write the grade book, the changes and the pages, and print a summary."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from autograder.batch.discover import Discovered
from autograder.batch.show import Show
from autograder.course import Assignment
from autograder.course.people import comparable
from autograder.course.roster import Roster, Student
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.gradebook.grades_csv import FILE, write_grades
from autograder.pages.writing import LIST, STUDENTS, write_pages
from autograder.records.gradebook import GradeBook, Line, read_grade_book
from autograder.records.results import Change
from autograder.text.inert import for_actions_log, for_csv
from autograder.text.numbers import counted, listed

CHANGES = "changes.csv"
MOST_LISTED = 10  # students whose points changed, who could not be graded, or who need a decision
MOST_MISSING = 20  # students who handed in nothing


def finish(
    out: Path,
    assignment: Assignment,
    roster: Roster | None,
    discovered: Discovered,
    show: Show,
    *,
    since: str,
    again: Mapping[str, int],
) -> None:
    """Write the files that are made from the results, and print a summary of a few lines.

    Args:
        out: the class's folder.
        assignment: from `course`.
        roster: who is in the class.
        discovered: the submissions found.
        show: the run's counts.
        since: when the run began, in ISO 8601, UTC.
        again: how many submissions were graded again, by reason.
    """
    book = read_grade_book(out, assignment, roster)
    changed = [line for line in book.lines if line.result and line.result.changes and line.result.graded_at >= since]
    files = _write_all(out, book, changed)
    repeated = [f"{counted(count, 'submission')} graded again: {why}." for why, count in again.items() if why]
    for line in [
        *_summary_lines(out, book, discovered, show),
        *repeated,
        *_change_lines(changed),
        *book.problems,
        *files,
    ]:
        print(for_actions_log(line))


def _write_all(out: Path, book: GradeBook, changed: list[Line]) -> list[str]:
    """Write the files that are made from the results; return sentences about them.

    Raises:
        UnusableRequest: one of them cannot be written; the results themselves are safe.
    """
    try:
        messages = write_grades(out, book)
        write_whole(out / CHANGES, _changes_csv(changed))
    except OSError as error:
        raise UnusableRequest(
            f"All are graded, but {out} cannot be written to: {error.strerror}. Once it can, run the same command."
        ) from None
    pages = write_pages(out, book)
    next_command = f"python -m autograder gradebook {quote(str(out))}"
    return [
        *messages,
        f"The class: {pages.index}",
        f"Each student: {pages.index.parent / STUDENTS}; by name, {pages.index.parent / LIST}",
        f"Grade book: {out / FILE} (`{next_command}` writes it for Canvas, Moodle, nbgrader)",
        *([f"Changes: {out / CHANGES}"] if changed else []),
    ]


def _summary_lines(out: Path, book: GradeBook, discovered: Discovered, show: Show) -> list[str]:
    graded = [line for line in book.lines if line.graded and line.result and line.result.report is not None]
    unusable = [line for line in book.lines if line.graded and line.result and line.result.report is None]
    failed = [line for line in book.lines if line.result is not None and line.result.ours and not line.result.choose]
    several = [line for line in book.lines if line.choices]
    lines = [f"{show.graded:,} graded, {show.kept:,} up to date before."]
    if graded:
        scores = [line.score for line in graded]
        lines[0] += (
            f" Of {graded[0].max_score} points: median {statistics.median(scores):g}, lowest {min(scores):g}, highest "
            f"{max(scores):g}."
        )
    for what, some in (("cannot be used, so far 0 points", unusable), ("not graded", failed)):
        lines += [
            f"{what}: {line.student.student}: {line.result.problem}" for line in some[:MOST_LISTED] if line.result
        ]
        lines += [f"{what}: {len(some) - MOST_LISTED} more"] if len(some) > MOST_LISTED else []
    lines += [f"{line.student.student}: {' '.join(line.notes)}" for line in several[:MOST_LISTED]]
    lines += [f"{len(several) - MOST_LISTED} more have several submissions"] if len(several) > MOST_LISTED else []
    if discovered.missing:
        names = listed([_with_name(student) for student in discovered.missing], MOST_MISSING)
        lines.append(f"{len(discovered.missing)} of the roster handed in nothing: {names}.")
    pending = sum(line.pending > 0 for line in graded)
    if pending:
        unread = f"{counted(pending, 'submission')} with answers to read"
        lines.append(f"{unread}: `python -m autograder review {quote(str(out))}` walks through them.")
    return lines


def _with_name(student: Student) -> str:
    alike = comparable(student.name) in ("", comparable(student.student))
    return student.student if alike else f"{student.name} ({student.student})"


def _change_lines(changed: list[Line]) -> list[str]:
    if not changed:
        return []
    lines = [f"Changed since the last time, {len(changed)}:"]
    for line in changed[:MOST_LISTED]:
        assert line.result is not None
        lines.append(f"  {line.student.student}: {'; '.join(_change(change) for change in line.result.changes)}")
    if len(changed) > MOST_LISTED:
        lines.append(f"  and {len(changed) - MOST_LISTED} more, in {CHANGES}")
    return lines


def _change(change: Change) -> str:
    before, after = ("not graded" if score is None else f"{score}" for score in (change.before, change.after))
    tests = f" ({counted(len(change.tests), 'test')})" if change.tests else ""
    return f"{change.question} {before} → {after}{tests}"


def _changes_csv(changed: list[Line]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["student", "question", "points before", "points now", "tests"])
    for line in changed:
        assert line.result is not None
        for change in line.result.changes:
            tests = "; ".join(f"{test.name}: {test.before or 'none'} → {test.after or 'none'}" for test in change.tests)
            cells = [line.student.student, change.question, change.before, change.after, tests]
            writer.writerow([for_csv(cell) for cell in cells])
    return buffer.getvalue()
