"""One class, handed out by four systems, each with its own roster: the same grade book."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder import course
from autograder.batch.discover import Discovered, discover
from autograder.batch.unpacked import unpacked
from autograder.commands.class_run import Request, grade_class
from autograder.course import Assignment
from autograder.course.roster import read_roster
from autograder.intake import read_loose_files, read_submission
from autograder.records.gradebook import read_grade_book
from autograder.records.results import read_class_roster
from autograder.tests.support.four_downloads import CLASS, DOWNLOADS, NEAR, RENAMED

ASKED = ("q2", "q5")  # cheap ones
# These differ between systems: what a submission is called, whether there are addresses and times, and notes on that.
OWN_COLUMNS = ("email", "handed in", "time", "notes")
NOTES = {
    "s05": "Two submissions: choose one, and leave only that one there (",
    "s07": f"{RENAMED} was graded as q2_relu.py, since there is no file of that name.",
    "s10": "Nothing was handed in.",
}
LATE = [person.login for person in CLASS if person.late]


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    whole = course.load()
    return replace(whole, questions=whole.choose(ASKED), due=None)


def handed_in(there: Discovered, assignment: Assignment) -> dict[str, str]:
    """By student, what counts of their submission; of several submissions, that nothing does."""
    found = {}
    for each in there.found:
        if each.undecided:
            found[each.student] = f"{each.choose} submissions"
        elif not each.one_of:
            files = each.files
            read = read_submission(each.path, assignment) if files is None else read_loose_files("", files, assignment)
            found[each.student] = read.digest
    return found


def test_every_system_s_download_is_the_same_class(tmp_path: Path, assignment: Assignment) -> None:
    seen = {}
    for system, make in DOWNLOADS.items():
        work = tmp_path / system
        work.mkdir()
        given, roster = make(work)
        (work / "roster.csv").write_text(roster, "utf-8")
        folder = unpacked(given, work)[0] if given.is_file() else given
        there = discover(folder, assignment, read_roster(work / "roster.csv"))
        seen[system] = handed_in(there, assignment)
        assert [student.student for student in there.missing] == ["s10"]
        assert sorted(seen[system]) == [person.login for person in CLASS if person.files]
        assert seen[system]["s05"] == "2 submissions"
    assert all(each == seen["Canvas"] for each in seen.values())


@pytest.mark.slow  # forty-odd submissions
@pytest.mark.timeout(1800)
def test_every_system_s_download_has_the_same_grade_book(
    tmp_path: Path, assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    books: dict[str, list[dict[str, str]]] = {}
    for system, make in DOWNLOADS.items():
        work, out = tmp_path / system, tmp_path / system / "out"
        work.mkdir()
        given, roster = make(work)
        (work / "roster.csv").write_text(roster, "utf-8")
        status = grade_class(Request(given, out, training=False, roster=work / "roster.csv", jobs=2), assignment)
        printed = capsys.readouterr()
        assert status == 1  # somebody has to choose
        assert "10 graded, 0 up to date before." in printed.out
        assert "1 of the roster handed in nothing: Jo Um (s10)." in printed.out
        assert "2 submissions of s05" in printed.err
        rows = list(csv.DictReader((out / "grades.csv").read_text("utf-8-sig").splitlines()))
        notes = {row["student"]: row["notes"] for row in rows}
        assert all(note in notes[student] for student, note in NOTES.items())
        assert next(row for row in rows if row["student"] == "s12")["flags"] == "q2"
        page = (out / "index.html").read_text("utf-8")
        assert f"{NEAR} was not graded: what is meant must be called q2_relu.py." in page
        assert "rader failed" not in page
        books[system] = [{name: cell for name, cell in row.items() if name not in OWN_COLUMNS} for row in rows]
        lateness(system, out, assignment)
    assert all(book == books["Canvas"] for book in books.values())
    points = {row["student"]: (row["q2"], row["q5"]) for row in books["Canvas"]}
    most = tuple(str(question.automatic) for question in assignment.questions)
    all_points = [student for student, reached in points.items() if reached == most]
    assert all_points == ["s01", "s02", "s04", "s07", "s08", "s11"]
    assert {points[student] for student in ("s05", "s10")} == {("", "")}
    assert [row["name"] for row in books["Canvas"]] == [f"{person.first} {person.last}" for person in CLASS]


def lateness(system: str, out: Path, assignment: Assignment) -> None:
    """Who is late is known as far as the system says: by Gradescope when, by Canvas that."""
    dated = replace(assignment, due=datetime(2026, 12, 18, 23, 59, tzinfo=UTC))
    book = read_grade_book(out, dated, read_class_roster(out))
    late = [line.student.student for line in book.lines if line.lateness is not None and line.lateness.days]
    called = [line.student.student for line in book.lines if "Canvas calls it late" in " ".join(line.notes)]
    assert late == (LATE if system == "Gradescope" else [])
    assert called == (LATE if system == "Canvas" else [])
