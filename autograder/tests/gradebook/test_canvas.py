"""Canvas's import, re-read as Canvas does: everybody's points, and nobody else's."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.gradebook import canvas
from autograder.gradebook.numbers import Rule
from autograder.tests.support.gradebook_class import FORMULA, HEBREW, NAMES, UNREAD, finals, in_class
from autograder.tests.support.lms_readers import CanvasUser, canvas_import

TITLE = course.load().title
HEAD = "Student,ID,SIS User ID,SIS Login ID,Section"
USERS = [
    CanvasUser(1001, "Anna Müller", "anna"),
    CanvasUser(1002, "Benjamin O'Brien", "ben@uni.example"),
    CanvasUser(1003, HEBREW, "x3", "dana"),
    CanvasUser(1004, FORMULA, "eve"),
    CanvasUser(1005, "Kim Lee", "kim1"),
    CanvasUser(1006, "Kim Lee", "unknown6"),
    CanvasUser(1007, "Never There", "nobody"),
    CanvasUser(1008, "Wai Ting", "x8"),
    CanvasUser(1009, "Stranger", "x9"),
    CanvasUser(1010, "Odd One", "=odd"),
]


def export(column: str = "", possible: str = "", delimiter: str = ",", mark: str = "") -> str:
    """What Canvas exports: with what is written by hand above the points, totals, and a student of its own."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    extra = [column] if column else []
    writer.writerow([*HEAD.split(","), "Notes", *extra, "Old lab (7)", "Current Points", "Final Score"])
    writer.writerow([*[""] * 6, *[""] * len(extra), "Manual Posting", "", ""])
    writer.writerow(
        ["    Points Possible", *[""] * 5, *([possible] if column else []), "10", "(read only)", "(read only)"]
    )
    for user in USERS:
        row = [user.name, user.number, user.sis, user.login, "Mon"]
        writer.writerow([*row, "note", *["3" for _ in extra], "9", "9", "90"])
    writer.writerow(["Student, Test", 1, "", "93f2", "Mon", "", *["" for _ in extra], "", "", ""])
    return mark + text.getvalue()


@pytest.mark.parametrize(("delimiter", "mark"), [(",", ""), (";", "\ufeff")])
def test_canvas_takes_the_final_points_of_those_it_knows(tmp_path: Path, delimiter: str, mark: str) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "export.csv"
    given.write_text(export(delimiter=delimiter, mark=mark), "utf-8", newline="")
    sentences = canvas.write_from_export(out, book, Rule(), given)
    read = canvas_import((out / "canvas.csv").read_text("utf-8"), USERS, delimiter)
    assert (read.title, read.number, read.possible) == (book.assignment.title, None, book.lines[0].max_counted)
    of = finals(book)
    expected = {1001: "anna", 1002: "ben", 1003: "dana", 1004: "eve", 1005: "kim1", 1010: "=odd"}
    assert {number: float(points) for number, points in read.scores.items()} == {
        number: of[student] for number, student in expected.items()
    }
    assert read.strangers == []
    remarks = "\n".join(sentences)
    assert "not certain who it is in the grade book, 1: Kim Lee." in remarks
    assert "in Canvas, but not in the grade book, 1: Stranger." in remarks
    assert "nothing was handed in, 1: nobody." in remarks
    assert "await a reader (`--pending count` takes them for 0), 1: wait." in remarks
    assert "not found in Canvas, 1: kim2." in remarks
    assert "Test" not in remarks


def test_students_left_out_of_the_import_keep_what_canvas_has(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "export.csv"
    there = export(f"{book.assignment.title} (55)", "50.00")
    excused = re.sub(r"(?m)^(.*,x3,Mon,note),3,", r"\1,EX,", there)
    assert excused != there
    given.write_text(excused, "utf-8")
    remarks = canvas.write_from_export(out, book, Rule(), given)
    read = canvas_import((out / "canvas.csv").read_text("utf-8"), USERS)
    assert (read.number, read.possible) == (55, 50)
    assert float(read.scores[1001]) == round(finals(book)["anna"] * 50 / book.lines[0].max_counted, 2)
    assert f"brought from {book.lines[0].max_counted} to the 50" in remarks[0]
    assert not {1003, 1007}.intersection(read.scores)
    assert f"canvas.csv: left out, since Canvas has EX there, 1: {HEBREW}." in remarks
    assert "" not in read.scores.values(), "an empty cell deletes what is there"


def test_a_namesake_whom_the_class_does_not_know_takes_nothing_from_anybody(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    book = replace(book, lines=tuple(line for line in book.lines if line.student.student != "kim2"))
    given = tmp_path / "export.csv"
    given.write_text(export(), "utf-8")
    remarks = canvas.write_from_export(out, book, Rule(), given)
    read = canvas_import((out / "canvas.csv").read_text("utf-8"), USERS)
    assert float(read.scores[1005]) == finals(book)["kim1"]
    assert 1006 not in read.scores
    assert "canvas.csv: in Canvas, but not in the grade book, 2: Kim Lee, Stranger." in remarks


def test_two_rows_that_could_be_the_same_student_get_nothing(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "export.csv"
    given.write_text(export().replace("anna,Mon", "a1,Mon").replace("Stranger", "anna  MÜLLER"), "utf-8")
    remarks = canvas.write_from_export(out, book, Rule(), given)
    read = canvas_import((out / "canvas.csv").read_text("utf-8"), USERS)
    assert not {1001, 1009}.intersection(read.scores)
    assert [line for line in remarks if "not certain" in line and "Anna Müller" in line and "anna  MÜLLER" in line]


def test_which_number_canvas_gets(tmp_path: Path) -> None:
    out, book = in_class(tmp_path, dropped=UNREAD)
    given = tmp_path / "export.csv"
    given.write_text(export().replace("unknown6", "kim2"), "utf-8")
    lines = {line.student.student: line for line in book.lines}
    most = book.lines[0].max_score

    canvas.write_from_export(out, book, Rule(raw=True, count_pending=True), given, "Old lab (7)")
    read = canvas_import((out / "canvas.csv").read_text("utf-8"), USERS)
    assert read.possible == 10
    assert float(read.scores[1006]) == round(10 * lines["kim2"].score / most, 2)
    assert float(read.scores[1008]) == round(10 * lines["wait"].score / most, 2)

    remarks = canvas.write_from_export(out, book, Rule(), given, "A new one")
    read = canvas_import((out / "canvas.csv").read_text("utf-8"), USERS)
    assert (read.title, read.number) == ("A new one", None)
    # A question fewer counts for one student, who can still reach what everybody can.
    ben = lines["ben"]
    assert float(read.scores[1002]) == round(ben.final / ben.max_counted * read.possible, 2) > ben.final
    lost = next(question.points for question in book.assignment.questions if question.id == UNREAD)
    assert [line for line in remarks if f"points brought to {ben.max_counted + lost}, 1: ben." in line]


@pytest.mark.parametrize(
    ("column", "text", "complaint"),
    [
        ("Old lab (8)", export(), "did you mean Old lab (7)"),
        ("Final Score of all", export(), "would not take"),
        ("Current Points", export(), "would not take"),
        ("", export(f"{TITLE} (5)", "0"), "does not say how many points"),
        ("", export(f"{TITLE} (5)").replace("Old lab", TITLE), "more than one"),
        ("", "Name,Points\nAnna,3\n", "not an export of Canvas"),
        ("", f"{HEAD},Lab (7)\nAnna,1001\n", "line 2: 2 cells, where the first line has 6"),
        ("", f'{HEAD}\n"Anna"x,1,,anna,Mon\n', "closing quotation mark"),
        ("", "", "is empty"),
    ],
)
def test_an_export_or_a_column_that_cannot_be_used_is_refused(
    tmp_path: Path, column: str, text: str, complaint: str
) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "export.csv"
    given.write_text(text, "utf-8")
    with pytest.raises(UnusableRequest, match=re.escape(complaint)):
        canvas.write_from_export(out, book, Rule(), given, column)
    assert not (out / "canvas.csv").exists()


def test_canvas_from_the_roster_alone(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    remarks = canvas.write_from_roster(out, book, Rule())
    most = Rule().maximum(book)
    assert (
        f"canvas.csv: if Canvas has an assignment called {TITLE} already, the import sets its points to {most}."
        in (remarks[1])
    )
    users = [CanvasUser(1000 + place, name, login) for place, (login, (name, _)) in enumerate(NAMES.items())]
    text = (out / "canvas.csv").read_text("utf-8")
    read = canvas_import(text, users)
    of = finals(book)
    graded = {user.number: of[user.login] for user in users if user.login not in ("nobody", "wait", "=odd")}
    assert {number: float(points) for number, points in read.scores.items()} == graded
    assert [line for line in remarks if "for a formula, 1: =odd." in line]
    # A login that Canvas does not know must not fall to another student of that name.
    without = [user for user in users if user.login != "kim2"]
    assert canvas_import(text, without).strangers == ["Kim Lee (kim2)"]
