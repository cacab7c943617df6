"""Two submissions of one student: counted once, and what staff read of them is true. And times that students write."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder import course
from autograder.gradebook import canvas, moodle
from autograder.gradebook.grades_csv import write_grades
from autograder.gradebook.numbers import Rule
from autograder.pages import write_pages
from autograder.records.gradebook import GradeBook, read_grade_book
from autograder.records.results import Result, key_of, read_class_roster
from autograder.review.answers import read_answers
from autograder.tests.support.classes import ANSWER, make_class, result_of

ASSIGNMENT = course.load()
DATED = replace(ASSIGNMENT, due=datetime(2026, 12, 18, 23, 59, tzinfo=UTC))
ROSTER = "student,name,email\nada,Ada Lovelace,ada@uni.example\nben,Ben Ng,ben@uni.example\n"


def one_of(student: str, called: str, share: float, of: int = 2) -> Result:
    result = result_of(f"{called} (one of {of})", ASSIGNMENT, share, source=called, answer=ANSWER)
    return replace(result, one_of=student)


def several(out: Path, roster: str, sources: tuple[str, ...] = ("ada", "ada.zip")) -> GradeBook:
    """The class of ada, who handed in more than once, and ben."""
    results = [
        result_of("ben", ASSIGNMENT, 0.5),
        *(one_of("ada", name, 1 if name == "ada" else 0.25, len(sources)) for name in sources),
    ]
    if roster:
        problem = f"{', '.join(sources)}: {len(sources)} submissions of ada."
        results.append(Result("ada", "ada", "ada", problem=problem, ours=True, choose=len(sources)))
    make_class(out, ASSIGNMENT, results, roster)
    return read_grade_book(out, ASSIGNMENT, read_class_roster(out))


@pytest.mark.parametrize("roster", ["", ROSTER])
def test_two_submissions_are_one_student_in_page_grade_book_and_moodles_line(tmp_path: Path, roster: str) -> None:
    book = several(tmp_path, roster)
    assert [line.student.student for line in book.lines] == ["ada", "ben"]
    write_grades(tmp_path, book)
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text("utf-8-sig").splitlines()))
    assert [(row["student"], row["raw score"]) for row in rows] == [("ada", ""), ("ben", rows[1]["raw score"])]
    most = book.lines[0].max_score
    quarter = f"{book.lines[0].choices[1].score:g} of {most} points"
    assert rows[0]["notes"].startswith(
        "Two submissions: choose one, and leave only that one there "
        f"(ada: {book.lines[0].choices[0].score:g} of {most} points; ada.zip: {quarter})."
    )
    assert "failed" not in rows[0]["notes"]
    write_pages(tmp_path, book)
    page = (tmp_path / "index.html").read_text("utf-8")
    # Where a person looks, in the choice of states, and in the row.
    assert page.count("two submissions: choose one") == 3
    assert "<dt>Students</dt><dd>2</dd>" in page
    assert "<dt>Graded</dt><dd>1</dd>" in page
    assert "rader failed" not in page
    assert quarter in page
    for name in ("ada (one of 2)", "ada.zip (one of 2)"):
        assert f'href="students/{key_of(name)}.html"' in page
        assert (tmp_path / "students" / f"{key_of(name)}.html").exists()
    own = (tmp_path / "students" / "ada.html").read_text("utf-8")
    assert "You have handed in more than once" in own
    assert "grader itself failed" not in own
    if roster:
        remarks = moodle.write_import(tmp_path, book, Rule(), "email") + canvas.write_from_roster(
            tmp_path, book, Rule()
        )
        assert "moodle.csv: no number, since two submissions: choose one, 1: ada." in remarks
        assert "canvas.csv: no number, since two submissions: choose one, 1: ada." in remarks


def test_three_submissions_are_not_called_two(tmp_path: Path) -> None:
    book = several(tmp_path, ROSTER, ("ada", "ada.zip", "Ada Lovelace"))
    assert book.lines[0].notes[0].startswith("Three submissions: choose one")
    write_pages(tmp_path, book)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "three submissions: choose one" in page
    assert "several submissions: choose one" in page
    assert "two submissions" not in page


def test_answers_of_which_none_counts_yet_are_not_read(tmp_path: Path) -> None:
    several(tmp_path, ROSTER)
    assert {answer.key for answer in read_answers(tmp_path, ASSIGNMENT.questions).all} == {"ben"}


CLAIMED = "only what timestamp.txt in the submission says: nbgrader writes it, and its student could, too."


@pytest.mark.parametrize("count", [1, 4, 5])
def test_lateness_that_rests_on_a_students_own_file_is_remarked(tmp_path: Path, count: int) -> None:
    """Of each, or once where more than half of the class has it; never of one whose time the course knows."""
    late = "2026-12-20T12:00:00+00:00"
    names = [f"s{number}" for number in range(9)]
    results = [
        replace(result_of(name, DATED, handed_in=late), claimed=number < count) for number, name in enumerate(names)
    ]
    roster = "student,handed_in\n" + "".join(f"{name},{'' if name != 's0' else late}\n" for name in names)
    make_class(tmp_path / "known", DATED, results, roster)
    noted = read_grade_book(tmp_path / "known", DATED, read_class_roster(tmp_path / "known"))
    assert [line.student.student for line in noted.lines if CLAIMED in " ".join(line.notes)] == names[1:count]
    make_class(tmp_path / "unknown", DATED, results)
    book = read_grade_book(tmp_path / "unknown", DATED)
    of_each = [line.student.student for line in book.lines if CLAIMED in " ".join(line.notes)]
    assert of_each == ([] if count == 5 else names[:count])
    assert book.problems == ((f"For 5 submissions, when they were handed in is {CLAIMED}",) if count == 5 else ())
    assert all(line.lateness is not None and line.lateness.days == 2 for line in book.lines)
    undated = read_grade_book(tmp_path / "unknown", ASSIGNMENT)
    assert not [line for line in undated.lines if line.notes]
