"""Both ways into Moodle, re-read as Moodle does; a worksheet comes back byte for byte."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.gradebook import moodle
from autograder.gradebook.feedback import feedback
from autograder.gradebook.numbers import Rule
from autograder.gradebook.php_csv import moodle_rows, php_rows, php_text
from autograder.gradebook.worksheet_comments import is_ours
from autograder.records.gradebook import read_grade_book
from autograder.records.results import read_class_roster, write_result
from autograder.tests.support.classes import make_class, result_of
from autograder.tests.support.gradebook_class import NAMES, finals, in_class
from autograder.tests.support.lms_readers import (
    Graded,
    ImportAborted,
    downloaded,
    moodle_import,
    worksheet_import,
    worksheet_upload,
)


def test_moodles_import_names_only_whom_it_can_find(tmp_path: Path) -> None:
    out, book = in_class(tmp_path, more="twin,Twin,ANNA@uni.example,\r\nblank,Blank,,\r\n")
    for student in ("twin", "blank", "outside"):
        write_result(out, result_of(student, book.assignment))
    book = read_grade_book(out, book.assignment, read_class_roster(out))
    remarks = "\n".join(moodle.write_import(out, book, Rule(), "email"))
    text = (out / "moodle.csv").read_text("utf-8")
    users = {f"{student}@uni.example" for student in NAMES}
    read = moodle_import(text, users)
    of = finals(book)
    expected = {"ben", "dana", "eve", "kim1", "kim2"}
    assert {user: grade for user, (grade, _) in read.items()} == {
        f"{student}@uni.example": of[student] for student in expected
    }
    assert "another student has the same email, 2: anna, twin." in remarks
    assert "the roster has no email, 1: blank." in remarks
    assert "the roster has no such student, 1: outside." in remarks
    assert "would misread the email, 1: =odd." in remarks
    with pytest.raises(ImportAborted):  # the reader does what Moodle does
        moodle_import(text, users - {"eve@uni.example"})


def test_moodles_import_by_username_and_number(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    for identifier in ("username", "idnumber"):
        moodle.write_import(out, book, Rule(count_pending=True), identifier)
        read = moodle_import((out / "moodle.csv").read_text("utf-8"), set(NAMES))
        assert set(read) == set(NAMES) - {"nobody", "=odd"}


WORKSHEET = (
    'Identifier,{quoted},"Email address",Status,Grade,"{heading}","Grade can be changed",'
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


def sheet(maximum: str, heading: str, **filled: tuple[str, str]) -> str:
    empty = dict.fromkeys(("anna", "kim2", "ben"), ("", ""))
    return WORKSHEET.format(quoted='"Full name"', heading=heading, max=maximum, **{**empty, **filled})


# "Maximum grade" in Moodle 4.5.6 and since 5.1; "Maximum Grade" in 4.1, 4.2.3, 4.4 and 5.0's source of October 2024.
@pytest.mark.parametrize("heading", ["Maximum grade", "Maximum Grade"])
def test_a_worksheet_is_filled_in_and_all_else_stays_byte_for_byte(tmp_path: Path, heading: str) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    given.write_bytes(b"\xef\xbb\xbf" + sheet("50.00", heading).encode())
    sentences = moodle.write_worksheet(out, book, Rule(), given)
    lines = {line.student.student: line for line in book.lines}
    most = book.lines[0].max_counted
    expected = {
        student: (of_50(lines[student].final, most), quoted(feedback(lines[student], book.assignment, Rule())))
        for student in ("anna", "kim2")
    }
    assert '"' in expected["kim2"][1]
    expected["ben"] = (of_50(lines["ben"].final, most), "")
    written = (out / "moodle-worksheet.csv").read_bytes()
    assert written == b"\xef\xbb\xbf" + sheet("50.00", heading, **expected).encode()

    read = worksheet_import(written.decode())
    assert [read[number][0] for number in (12, 13)] == [float(expected[student][0]) for student in ("anna", "kim2")]
    assert read[14] == (3, "")
    assert read[15] == (float(expected["ben"][0]), '<p>See me, "now".</p>')
    remarks = "\n".join(sentences)
    assert f"brought from {most} to the 50" in remarks
    assert "does not let the grade be changed, 1: kim1." in remarks
    assert "since a person wrote it, 1: ben." in remarks
    assert "its Maximum grade is not a number, 1: eve." in remarks
    assert "in the worksheet, but not in the grade book, 1: Nobody." in remarks
    assert "Moodle should say that it updated 3 grades and 2 feedback instances." in remarks
    assert "newer than the worksheet" in remarks
    assert "allows overwriting" in remarks

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
        "Identifier;Full name;Grade;Maximum grade;Last modified (grade);Feedback comments\n"
        "Participant 7;Anna Müller;;50,00;-;\nParticipant 8;Stranger;37,50;50,00;-;\n",
        "utf-8",
    )
    remarks = "\n".join(moodle.write_worksheet(out, book, Rule(), given))
    text = (out / "moodle-worksheet.csv").read_text("utf-8")
    grade = of_50(book.lines[0].final, book.lines[0].max_counted)
    assert "." in grade
    assert f";{grade};50,00;" in text
    # To Moodle in English 37,50 is 37, and a grade that nobody wanted to change would be.
    assert ";37.50;50,00;" in text
    assert "they have decimal points now" in remarks
    assert "Choose Semicolon as the separator" in remarks


def test_a_blind_worksheet_is_matched_by_the_names_of_moodles_folders(tmp_path: Path, assignment: Assignment) -> None:
    results = [
        result_of("Participant_7", assignment, source="Participant_7_7_assignsubmission_file"),
        result_of("Anna Müller", assignment, 0.5, source="Anna Müller_71_assignsubmission_file.zip"),
    ]
    out = make_class(tmp_path / "out", assignment, results)
    given = tmp_path / "worksheet.csv"
    head = "Identifier,Status,Grade,Maximum grade,Last modified (grade),Feedback comments\n"
    given.write_text(
        f"{head}Participant 71,,,100.00,-,\nParticipant 7,,,100.00,-,\nParticipant 1,,,100.00,-,\n", "utf-8"
    )
    book = read_grade_book(out, assignment)
    moodle.write_worksheet(out, book, Rule(), given)
    read = worksheet_import((out / "moodle-worksheet.csv").read_text("utf-8"))
    assert {number: grade for number, (grade, _) in read.items()} == {
        71: finals(book)["Anna Müller"],
        7: finals(book)["Participant_7"],
        1: None,
    }


HEAD = "Identifier,Full name,Email address,Online text,Grade,Maximum grade,Last modified (grade),Feedback comments\n"


def test_zeros_and_what_moodle_passes_over_are_counted_as_its_versions_do(tmp_path: Path) -> None:
    """The counts of Moodle 4.4dev's and 5.2.2's own `process_import_grades`, run with PHP 8.2 on these files."""
    out, book = in_class(tmp_path)
    for student in ("anna", "ben"):
        write_result(out, result_of(student, book.assignment, 0))
    book = read_grade_book(out, book.assignment, read_class_roster(out))
    given = tmp_path / "worksheet.csv"
    date = '"Friday, 1 January 2027, 8:00 AM"'
    given.write_text(
        f"{HEAD}Participant 1,Anna Müller,,,5.00,50.00,{date},\n"
        f"Participant 2,,ben@uni.example,,0.00,50.00,{date},\nParticipant 3,,dana@uni.example,,,50.00,-,\n",
        "utf-8",
    )
    remarks = "\n".join(moodle.write_worksheet(out, book, Rule(), given))
    assert "it updated 2 grades (from Moodle 5.2 on: 1) and 3 feedback instances." in remarks
    assert "0 points, which Moodle since 5.2 does not take from a worksheet; an earlier grade stays: " in remarks
    assert "enter them on its page, 1: anna." in remarks, "ben has 0 there already"
    text = (out / "moodle-worksheet.csv").read_text("utf-8")
    same, newer = datetime(2027, 1, 1, 8, 0, 59), datetime(2027, 1, 1, 8, 2)  # noqa: DTZ001
    for since_5_2, modified, overwrite, counts in (
        (False, same, False, (2, 3)),
        (True, same, False, (1, 3)),
        (False, newer, False, (1, 1)),
        (True, newer, False, (1, 1)),
        (False, newer, True, (2, 3)),
        (True, newer, True, (1, 3)),
    ):
        known = {1: Graded(5, modified=modified), 2: Graded(0, modified=modified)}
        assert worksheet_upload(text, known, since_5_2=since_5_2, overwrite=overwrite) == counts
        assert known[1].grade == (5 if since_5_2 or (modified, overwrite) == (newer, False) else 0)
    again = tmp_path / "again.csv"
    again.write_text(text, "utf-8")
    assert "Moodle should find no changes" in "\n".join(moodle.write_worksheet(out, book, Rule(), again))


def test_after_a_regrade_feedback_is_known_again_in_a_fresh_worksheet(tmp_path: Path) -> None:
    """Moodle 4.1 to 5.0 write comments into a worksheet without tags, and take in what it has as it is.

    The counts are those of 4.2.3's and 4.5.6's own `process_import_grades`, run with PHP 8.2, after 4.5.6's download.
    """
    out, book = in_class(tmp_path)
    odd = '<class "int"> &lt; \\"x\\" C:\\\nit\'s =1+1 & 2'
    write_result(out, result_of("ben", book.assignment, 0.5, message=odd))
    people = {1: ("anna", ""), 2: ("ben", ""), 3: ("dana", "<p>See <b>me</b></p>"), 4: ("stranger", "<p>- late</p>")}
    known = {number: Graded(None, comment) for number, (_, comment) in people.items()}

    def filled_in() -> str:
        """The remarks on a fresh worksheet."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(HEAD.strip().split(","))
        for number, (student, _) in people.items():
            grade = "" if known[number].grade is None else f"{known[number].grade:.2f}"
            shown = downloaded(known[number].comment)
            writer.writerow(
                [f"Participant {number}", student, f"{student}@uni.example", "", grade, "50.00", "-", shown]
            )
        (tmp_path / "fresh.csv").write_text(text.getvalue(), "utf-8")
        fresh = read_grade_book(out, book.assignment, read_class_roster(out))
        return "\n".join(moodle.write_worksheet(out, fresh, Rule(), tmp_path / "fresh.csv"))

    def uploaded() -> tuple[int, int]:
        text = (out / "moodle-worksheet.csv").read_text("utf-8")
        return worksheet_upload(text, known, since_5_2=False, overwrite=True)

    remarks = filled_in()
    assert "updated 3 grades and 2 feedback instances." in remarks
    assert "It may count up to 2 feedback instances more: comments that are left as they are." in remarks
    assert "lose formatting, links and pictures, since worksheets have their text alone, 2: dana, stranger." in remarks
    assert "since a person wrote it, 1: dana." in remarks
    assert uploaded() == (3, 4)
    assert r"\"x" in downloaded(known[2].comment), "for a comment that stays with that, no file would be written"
    assert "Moodle should find no changes" in filled_in()
    assert uploaded() == (0, 0)

    write_result(out, result_of("anna", book.assignment, 0.5))
    remarks = filled_in()
    assert "updated 1 grade and 1 feedback instance." in remarks
    assert "since a person wrote it, 1: dana." in remarks
    assert uploaded() == (1, 1)
    assert known[1].comment.startswith("<p><b>")
    assert "<ul><li>" in known[2].comment, "students would read a heap of words"


@pytest.mark.parametrize(
    ("grade", "maximum", "rounded"),
    [("12", "20", True), ("12.4", "20.0", True), ("12,4", "20,0", True), ("12.40", "20.00", False), ("", "20", False)],
)
def test_grades_that_the_worksheet_has_rounded_are_warned_of(
    tmp_path: Path, grade: str, maximum: str, rounded: bool
) -> None:
    """4.2.3, 4.5.6 and 5.2.2 made 12 of the 12.35 of somebody whom nobody had graded again."""
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    rows = f'Participant 1,,anna@uni.example,,,"{maximum}",-,\nParticipant 2,,x@uni.example,,"{grade}","{maximum}",-,\n'
    given.write_text(HEAD + rows, "utf-8")
    remarks = "\n".join(moodle.write_worksheet(out, book, Rule(), given))
    assert ("Its grades are rounded, since the grade item shows fewer than two decimals." in remarks) == rounded


@pytest.mark.parametrize(
    ("comment", "ours"),
    [
        (" ", True),
        ("<p><b>Lab &lt;1&gt; &amp; 2:</b> anything", True),
        ("Lab <1> & 2: 3.5 of 5 points; 2 more await a reader.   Q1", True),
        ("Lab <1> & 2: 12 of 80 points.", True),
        ("Lab <1> & 2: well done, 3 of 5 points.", False),
        ("Lab <1> & 2 was hard: 3 of 5 points.", False),
        ("Lab &lt;1&gt; &amp; 2: 3 of 5 points.", False),
        ("3 of 5 points.", False),
    ],
)
def test_a_comment_is_ours_by_how_it_begins(assignment: Assignment, comment: str, ours: bool) -> None:
    assert is_ours(comment, replace(assignment, title="Lab <1> & 2")) == ours


def test_what_moodle_would_misread_is_left_empty_where_it_is_not_needed(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    # The second is only misread when Moodle reads its own copy of what it has read.
    given.write_text(
        f'{HEAD}Participant 1,Anna Müller,,"In C:\\, ""dir C:\\""",,50.00,-,\n'
        "Participant 2,Kim Lee,kim1@uni.example,C:\\,,50.00,-,\n"
        'Participant 3,,ben@uni.example,"a, ""b""\\n",,50.00,-,"<p>\\(x\\)</p>"\n',
        "utf-8",
    )
    remarks = "\n".join(moodle.write_worksheet(out, book, Rule(), given))
    assert "are left empty, 2: anna, kim1." in remarks
    text = (out / "moodle-worksheet.csv").read_text("utf-8")
    assert "\nParticipant 1,Anna Müller,,," in text
    assert "\nParticipant 2,Kim Lee,kim1@uni.example,," in text
    assert '\nParticipant 3,,ben@uni.example,"a, ""b""\\n",' in text, "this one it reads as it is"
    rows = moodle_rows(text, ",")
    assert rows is not None
    assert [row[0] for row in rows] == ["Identifier", "Participant 1", "Participant 2", "Participant 3"]


def test_a_comment_that_moodle_would_misread_is_refused_by_name(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    given.write_text(
        f"{HEAD}Participant 1,Anna Müller,,,,50.00,-,\n"
        'Participant 2,,ben@uni.example,,,50.00,-,"Not in ""C:\\"", please"\n'
        'Participant 3,Who "\\" Else,,,,50.00,-,"C:\\"\n',
        "utf-8",
    )
    with pytest.raises(UnusableRequest, match=r'misread the comments of ben, Who "\\" Else: a backslash'):
        moodle.write_worksheet(out, book, Rule(), given)
    assert not (out / "moodle-worksheet.csv").exists()


def test_the_import_is_brought_to_the_grade_items_maximum(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    users = {f"{student}@uni.example" for student in NAMES}
    most = book.lines[0].max_counted
    remarks = "\n".join(moodle.write_import(out, book, Rule(), "email"))
    assert f"the grade item's maximum must be {most} (--moodle-maximum" in remarks
    text = (out / "moodle.csv").read_text("utf-8")
    assert len(moodle_import(text, users, most)) == 6
    with pytest.raises(ImportAborted):  # one grade above the item's maximum ends it all, in Moodle 4.1.10 and 5.2
        moodle_import(text, users, max(finals(book).values()) - 1)
    remarks = "\n".join(moodle.write_import(out, book, Rule(), "email", 20))
    assert f"Final points of 20, brought from {most} to the 20 that it has there." in remarks
    assert "maximum must be 20 (" in remarks
    read = moodle_import((out / "moodle.csv").read_text("utf-8"), users, 20)
    of = finals(book)
    assert {user: grade for user, (grade, _) in read.items()} == {
        f"{student}@uni.example": round(of[student] / most * 20, 2)
        for student in ("anna", "ben", "dana", "eve", "kim1", "kim2")
    }


def test_a_title_that_moodle_would_misread_is_refused(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    titled = replace(book, assignment=replace(book.assignment, title='The "C:\\" lab'))
    with pytest.raises(UnusableRequest, match="In the assignment's title"):
        moodle.write_import(out, titled, Rule(), "email")
    assert not (out / "moodle.csv").exists()


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (b"Name,Grade\nAnna,1\n", "not a grading worksheet: it has no column Identifier, Last modified"),
        (b"Identifier,Grade,Maximum grade\nParticipant 1,\xff,1\n", "not UTF-8"),
        (b'Identifier,Grade,Maximum grade\nParticipant 1,"1,1\n', "not a CSV file"),
        (
            b"Identifier,Grade,Maximum grade\nParticipant 1,,1\n",
            "no column Last modified .grade., without which Moodle",
        ),
        (
            b'Identifier,Grade,Scale,Last modified (grade)\nParticipant 1,,"bad\ngood",-\n',
            "graded by a scale. In its settings in Moodle set the grade's type to Point",
        ),
        (b"Identifier,Grade,Last modified (grade)\nParticipant 1,,-\n", "graded without points. .* type to Point"),
        (
            b'Identifier,"a ""\\""",Grade,Maximum grade,Last modified (grade)\nParticipant 1,,,1,-\n',
            "misread its headings",
        ),
    ],
)
def test_what_is_not_a_worksheet_is_refused(tmp_path: Path, contents: bytes, complaint: str) -> None:
    out, book = in_class(tmp_path)
    given = tmp_path / "worksheet.csv"
    given.write_bytes(contents)
    with pytest.raises(UnusableRequest, match=complaint):
        moodle.write_worksheet(out, book, Rule(), given)


# PHP


@pytest.mark.parametrize(
    ("text", "rows"),
    [  # what PHP 8.2.36 answers
        ('"a\\"b",c', [['a\\"b', "c"]]),
        ('"a\\\\",c', [["a\\\\", "c"]]),
        ('"a""b",c', [['a"b', "c"]]),
        ('  "a" b,c', [["a b", "c"]]),
        ('"a"b"c",d', [['ab"c"', "d"]]),
        ('a,"b\nc"\n\nd,e', [["a", "b\nc"], ["d", "e"]]),
        (",", [["", ""]]),
        ('""', [[""]]),
        ('"a\\"', None),
        (' "', None),
        ('é\\,\\"x", y ', [["é\\", '\\"x"', " y "]]),
    ],
)
def test_php_s_csv_is_read_as_php_does(text: str, rows: list[list[str]] | None) -> None:
    assert php_rows(text, ",") == rows


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (["a b", "c"], '"a b",c\n'),
        (["a\\", "b"], '"a\\",b\n'),
        (['a\\"b"', "c"], '"a\\"b""",c\n'),
        (["", "\t"], ',"\t"\n'),
        (['x"y', "é"], '"x""y",é\n'),
    ],
)
def test_php_s_csv_is_written_as_php_does(row: list[str], text: str) -> None:
    assert php_text([row]) == text


def test_moodle_reads_its_own_copy_of_a_file() -> None:
    assert moodle_rows("a,b\n1,C:\\\n2,x", ",") is None, "the copy has C:\\ in quotation marks, which stay open"
    assert moodle_rows("\ufeffa;b\r\n1;x y\r\n\r\n", ";") == [["a", "b"], ["1", "x y"]]
    assert moodle_rows("a,b\n1\n", ",") is None, "rows of another length it refuses"


@given_any(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_characters='\\"\r\0', exclude_categories=["Cs"])), min_size=2, max_size=2
        )
    )
)
def test_without_backslashes_and_quotation_marks_moodle_reads_what_python_wrote(rows: list[list[str]]) -> None:
    meant = [["-", *row, "-"] for row in [["a", "b"], *rows]]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(meant)
    assert moodle_rows(text.getvalue(), ",") == meant
