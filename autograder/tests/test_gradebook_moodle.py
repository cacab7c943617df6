"""Both ways into Moodle, re-read as Moodle does; a worksheet comes back byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.batch.results import read_class_roster, write_result
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.gradebook import moodle
from autograder.gradebook.book import read_grade_book
from autograder.gradebook.feedback import feedback
from autograder.gradebook.numbers import Rule
from autograder.tests.classes import make_class, result_of
from autograder.tests.gradebook_class import NAMES, finals, in_class
from autograder.tests.lms_readers import (
    ImportAborted,
    moodle_import,
    worksheet_import,
)


def test_moodles_import_names_only_whom_it_can_find(tmp_path: Path) -> None:
    out, book = in_class(tmp_path, more="twin,Twin,ANNA@uni.example,\r\nblank,Blank,,\r\n")
    for student in ("twin", "blank", "outside"):
        write_result(out, result_of(student, book.assignment))
    book = read_grade_book(out, book.assignment, read_class_roster(out))
    said = "\n".join(moodle.write_import(out, book, Rule(), "email"))
    text = (out / "moodle.csv").read_text("utf-8")
    users = {f"{student}@uni.example" for student in NAMES}
    read = moodle_import(text, users)
    of = finals(book)
    expected = {"ben", "dana", "eve", "kim1", "kim2"}
    assert {user: grade for user, (grade, _) in read.items()} == {
        f"{student}@uni.example": of[student] for student in expected
    }
    assert "another student has the same email, 2: anna, twin." in said
    assert "the roster has no email, 1: blank." in said
    assert "the roster has no such student, 1: outside." in said
    assert "would misread the email, 1: =odd." in said
    with pytest.raises(ImportAborted):  # the reader does what Moodle does
        moodle_import(text, users - {"eve@uni.example"})


def test_moodles_import_by_username_and_number(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    for identifier in ("username", "idnumber"):
        moodle.write_import(out, book, Rule(count_pending=True), identifier)
        read = moodle_import((out / "moodle.csv").read_text("utf-8"), set(NAMES))
        assert set(read) == set(NAMES) - {"nobody", "=odd"}


WORKSHEET = (
    'Identifier,{quoted},"Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\r\n'
    '"Participant 12","Anna ""A"" Müller",anna@uni.example,"Submitted for grading - ",{anna[0]},{max},Yes,'
    '"Friday, 1 January 2027, 8:00 AM",-,{anna[1]}\r\n'
    '"Participant 13","Kim Lee",KIM2@uni.example,"Submitted\nlate",{kim2[0]},"{max}",Yes,-,-,{kim2[1]}\n'
    'Participant 14,Locked,kim1@uni.example,,"3.00",{max},No,-,-,\r\n'
    '"Participant 15",Commented,ben@uni.example,,{ben[0]},{max},Yes,-,-,"<p>See me, ""now"".</p>"\r\n'
    "\r\n"
    '"Participant 16",Scale,eve@uni.example,,,"Good, bad",Yes,-,-,\r\n'
    '"Participant 17",Nobody,x@uni.example,,,{max},Yes,-,-,'
)  # fmt: skip


def of_50(points: float, most: int) -> str:
    return f"{points * 50 / most:.2f}".rstrip("0").rstrip(".")


def quoted(text: str) -> str:
    return f'"{text}"' if "," in text else text


def sheet(maximum: str, **filled: tuple[str, str]) -> str:
    empty = dict.fromkeys(("anna", "kim2", "ben"), ("", ""))
    return WORKSHEET.format(quoted='"Full name"', max=maximum, **{**empty, **filled})


def test_a_worksheet_is_filled_in_and_all_else_stays_byte_for_byte(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    given.write_bytes(b"\xef\xbb\xbf" + sheet("50.00").encode())
    said = moodle.write_worksheet(out, book, Rule(), given)
    lines = {line.student.student: line for line in book.lines}
    most = book.lines[0].max_counted
    expected = {
        student: (of_50(lines[student].final, most), quoted(feedback(lines[student], book.assignment, Rule())))
        for student in ("anna", "kim2")
    }
    assert '"' in expected["kim2"][1]
    expected["ben"] = (of_50(lines["ben"].final, most), "")
    written = (out / "moodle-worksheet.csv").read_bytes()
    assert written == b"\xef\xbb\xbf" + sheet("50.00", **expected).encode()

    read = worksheet_import(written.decode())
    assert [read[number][0] for number in (12, 13)] == [float(expected[student][0]) for student in ("anna", "kim2")]
    assert read[14] == (3, "")
    assert read[15] == (float(expected["ben"][0]), '<p>See me, "now".</p>')
    told = "\n".join(said)
    assert f"brought from {most} to the 50" in told
    assert "does not let the grade be changed, 1: kim1." in told
    assert "since a person wrote it, 1: ben." in told
    assert "Maximum Grade is no number, 1: eve." in told
    assert "in the worksheet, but not in the grade book, 1: Nobody." in told

    # Its own feedback of an earlier time is replaced.
    again = tmp_path / "again.csv"
    again.write_bytes(written)
    write_result(out, result_of("anna", book.assignment, 0.5))
    newer = read_grade_book(out, book.assignment, read_class_roster(out))
    moodle.write_worksheet(out, newer, Rule(), again)
    assert worksheet_import((out / "moodle-worksheet.csv").read_text("utf-8"))[12][0] == float(
        of_50(newer.lines[0].final, most)
    )


def test_a_worksheet_with_decimal_commas(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    given.write_text(
        "Identifier;Full name;Grade;Maximum Grade;Feedback comments\nParticipant 7;Anna Müller;;50,00;\n", "utf-8"
    )
    moodle.write_worksheet(out, book, Rule(), given)
    text = (out / "moodle-worksheet.csv").read_text("utf-8")
    grade = of_50(book.lines[0].final, book.lines[0].max_counted)
    assert "." in grade
    assert f";{grade.replace('.', ',')};50,00;" in text
    assert worksheet_import(text, ";", ",")[7][0] == float(grade)


def test_a_blind_worksheet_is_matched_by_the_names_of_moodles_folders(tmp_path: Path, assignment: Assignment) -> None:
    results = [
        result_of("Participant_7", assignment, source="Participant_7_7_assignsubmission_file"),
        result_of("Anna Müller", assignment, 0.5, source="Anna Müller_71_assignsubmission_file.zip"),
    ]
    out = make_class(tmp_path / "out", assignment, results)
    given = tmp_path / "worksheet.csv"
    head = "Identifier,Status,Grade,Maximum Grade,Feedback comments\n"
    given.write_text(f"{head}Participant 71,,,100.00,\nParticipant 7,,,100.00,\nParticipant 1,,,100.00,\n", "utf-8")
    book = read_grade_book(out, assignment)
    moodle.write_worksheet(out, book, Rule(), given)
    read = worksheet_import((out / "moodle-worksheet.csv").read_text("utf-8"))
    assert {number: grade for number, (grade, _) in read.items()} == {
        71: finals(book)["Anna Müller"],
        7: finals(book)["Participant_7"],
        1: None,
    }


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (b"Name,Grade\nAnna,1\n", "no column Identifier, Maximum Grade"),
        (b"Identifier,Grade,Maximum Grade\nParticipant 1,\xff,1\n", "not UTF-8"),
        (b'Identifier,Grade,Maximum Grade\nParticipant 1,"1,1\n', "no CSV file"),
    ],
)
def test_what_is_no_worksheet_is_refused(tmp_path: Path, contents: bytes, complaint: str) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    given.write_bytes(contents)
    with pytest.raises(UnusableRequest, match=complaint):
        moodle.write_worksheet(out, book, Rule(), given)
