"""A class's points in nbgrader's own database, as the real nbgrader exports them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder import course as settings
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.gradebook.grades_csv import write_grades
from autograder.grading.suite import public_points
from autograder.intake.notebook import WRITTEN
from autograder.places.nbgrader.database import DATABASE, write_to_database
from autograder.records.gradebook import GradeBook, read_grade_book
from autograder.records.results import Result, key_of, read_class_roster
from autograder.records.reviews import Review, answer_digest, write_review
from autograder.tests.support.classes import ANSWER, make_class, result_of
from autograder.tests.support.gradebook_class import LATE, dated
from autograder.tests.support.lms_readers import records
from autograder.tests.support.nbgrader_course import Course

KNOWN = ("anna", "late", "read", "wait", "bad", "given", "nobody")


@pytest.fixture(autouse=True)
def _activated(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an environment that was activated: to make a database nbgrader starts alembic by its bare name."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]))


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course whose assignment is generated, with its students but no submissions."""
    aside = tmp_path / "aside"
    aside.mkdir()
    course = Course.make(tmp_path / "course", aside)
    course.nbgrader("generate_assignment", "cnn")
    with course.gradebook() as gradebook:
        for student in KNOWN:
            gradebook.add_student(student)
    return course


@pytest.fixture
def out(tmp_path: Path) -> Path:
    assignment = dated()
    public = public_points(assignment.questions)
    shares = {"anna": 1, "late": 0.5, "read": 0.5, "wait": 1, "given": 0.25, "stranger": 1}
    results = [
        result_of(
            student,
            assignment,
            share,
            answer=ANSWER if student in ("read", "wait") else "",
            handed_in=LATE.isoformat() if student in ("late", "read") else None,
            public=public,
        )
        for student, share in shares.items()
    ]
    results.append(Result("bad", "bad", "bad.zip", problem="bad.zip is not an archive."))
    roster = "\n".join(["student", *KNOWN, "stranger"]).replace("given", "GIVEN") + "\n"  # as nobody spells it here
    out = make_class(tmp_path / "out", assignment, results, roster)
    for question in assignment.questions:
        if question.written:
            write_review(out, key_of("read"), question.id, Review(1.5, "Say why.", answer_digest(ANSWER)))
    return out


def book_of(out: Path, assignment: Assignment | None = None) -> GradeBook:
    return read_grade_book(out, assignment or dated(), read_class_roster(out))


@pytest.mark.slow  # every command of nbgrader's takes seconds
@pytest.mark.timeout(300)
def test_what_nbgrader_exports_is_what_grades_csv_says(course: Course, out: Path) -> None:
    book = book_of(out)
    write_grades(out, book)
    sentences = write_to_database(course.folder, book)
    exported = course.csv()
    header, *rows = records((out / "grades.csv").read_text("utf-8"))
    ours = {row[0].lower(): dict(zip(header, row, strict=True)) for row in rows}
    assert set(exported) == set(KNOWN)
    for student in KNOWN:
        theirs, mine = exported[student], ours[student]
        assert float(theirs["raw_score"]) == float(mine["raw score"] or 0), student
        assert float(theirs["score"]) == pytest.approx(float(mine["final"] or 0), abs=0.005), student
        assert float(theirs["max_score"]) == float(mine["max"]), student
    assert float(exported["late"]["late_submission_penalty"]) == pytest.approx(float(exported["late"]["raw_score"]) / 5)
    assert float(exported["late"]["raw_score"]) > 0
    messages = "\n".join(sentences)
    assert "5 of 8 students" not in messages
    assert "6 of 8 students" in messages
    assert "no such student (`nbgrader db student add`), 1: stranger." in messages
    assert "nothing was handed in, 1: nobody." in messages

    with course.gradebook() as gradebook:
        for question in (each for each in settings.load().questions if each.written):
            cell = f"{question.id}{WRITTEN}"
            grades = {
                student: gradebook.find_grade(cell, question.module, "cnn", student)
                for student in ("anna", "read", "wait", "bad")
            }
            assert {student: grade.needs_manual_grade for student, grade in grades.items()} == {
                "anna": False, "read": False, "wait": True, "bad": False,
            }  # fmt: skip
            assert grades["read"].manual_score == 1.5
            assert gradebook.find_comment(cell, question.module, "cnn", "read").comment == "Say why."


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Gradebook]:
    """The database of a course, made without the commands."""
    with Gradebook(f"sqlite:///{tmp_path / DATABASE}") as gradebook:
        gradebook.add_assignment("cnn")
        public = public_points(settings.load().questions)
        for question in settings.load().questions:
            gradebook.add_notebook(question.module, "cnn")
            points = {"public": public[question.id], "hidden": question.automatic - public[question.id]}
            for visibility, most in points.items():
                cell = f"{question.id}-{visibility}"
                gradebook.add_grade_cell(cell, question.module, "cnn", max_score=most, cell_type="code")
            if question.written:
                cell = f"{question.id}{WRITTEN}"
                gradebook.add_grade_cell(cell, question.module, "cnn", max_score=question.written, cell_type="markdown")
                gradebook.add_solution_cell(cell, question.module, "cnn")
        for student in KNOWN:
            gradebook.add_student(student)
        yield gradebook


def test_points_by_hand_in_nbgrader_stay_and_are_reported(database: Gradebook, tmp_path: Path, out: Path) -> None:
    write_to_database(tmp_path, book_of(out))
    question = next(each for each in settings.load().questions if not each.written)
    cell = f"{question.id}-hidden"
    database.find_grade(cell, question.module, "cnn", "given").manual_score = 0.5
    asked = next(each for each in settings.load().questions if each.written)
    answer = f"{asked.id}{WRITTEN}"
    database.find_grade(answer, asked.module, "cnn", "wait").manual_score = 1.0
    database.find_grade(answer, asked.module, "cnn", "read").manual_score = 1.0
    database.db.commit()
    remarks = write_to_database(tmp_path, book_of(out))
    assert remarks[0].startswith("gradebook.db: 6 of 8 students")
    assert f"gradebook.db: {cell} has other points by hand in nbgrader, and those count there, 1: GIVEN." in remarks
    assert f"gradebook.db: {answer} has points in nbgrader that no review here gives; they stay, 1: wait." in remarks
    assert (
        f"gradebook.db: {answer} had other points by hand in nbgrader; the review's replace them, 1: read." in remarks
    )
    database.db.expire_all()
    assert database.find_grade(cell, question.module, "cnn", "given").score == 0.5
    assert database.find_grade(answer, asked.module, "cnn", "wait").score == 1
    assert database.find_grade(answer, asked.module, "cnn", "read").score == 1.5


def test_what_nbgrader_does_not_have_is_reported_and_the_rest_is_written(
    database: Gradebook, tmp_path: Path, out: Path
) -> None:
    first, second, *_, last = settings.load().questions
    database.remove_notebook(last.module, "cnn")
    database.find_grade_cell(f"{first.id}-hidden", first.module, "cnn").max_score = 99
    database.db.commit()
    remarks = write_to_database(tmp_path, book_of(out))
    assert remarks[0].startswith("gradebook.db: 6 of 8 students")
    assert [line for line in remarks if f"no notebook {last.module}, 6: anna, " in line]
    assert [line for line in remarks if f"{first.id}-hidden has 99 points in nbgrader and" in line and "anna" in line]
    database.db.expire_all()
    assert database.find_grade(f"{first.id}-hidden", first.module, "cnn", "anna").auto_score is None
    assert database.find_submission("cnn", "anna").score > second.points


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [(None, "does not exist"), (b"", "has no assignment cnn"), (b"no database", "cannot be used")],
)
def test_a_folder_without_the_assignment_is_refused(
    tmp_path: Path, out: Path, contents: bytes | None, complaint: str
) -> None:
    if contents is not None:
        (tmp_path / DATABASE).write_bytes(contents)
    with pytest.raises(UnusableRequest, match=complaint):
        write_to_database(tmp_path, book_of(out))
