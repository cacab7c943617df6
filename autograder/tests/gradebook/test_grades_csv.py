"""grades.csv, what students read in feedback, and the command that writes the grade book's forms."""

from __future__ import annotations

import csv
import html
import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from autograder import course
from autograder.course import Assignment
from autograder.course.roster import Student
from autograder.gradebook import moodle
from autograder.gradebook.feedback import feedback
from autograder.gradebook.grades_csv import write_grades
from autograder.gradebook.numbers import Rule
from autograder.gradebook.table import parsed
from autograder.records.gradebook import Line, Mark, read_grade_book
from autograder.records.results import Result, key_of, read_class_roster, write_result
from autograder.records.reviews import Review, answer_digest, write_review
from autograder.tests.support.classes import ANSWER, make_class, result_of
from autograder.tests.support.gradebook_class import FORMULA, HEBREW, NAMES, UNREAD, in_class
from autograder.tests.support.hostile import unseen
from autograder.tests.support.lms_readers import moodle_import, records
from autograder.text.inert import for_csv, visible


def grades(out: Path) -> dict[str, dict[str, str]]:
    """grades.csv, by student."""
    header, *rows = records((out / "grades.csv").read_text("utf-8"))
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def test_grades_csv_holds_every_line_of_the_grade_book(tmp_path: Path) -> None:
    out, book = in_class(tmp_path, dropped=UNREAD)
    write_grades(out, book)
    rows = grades(out)
    assert len(rows) == len(NAMES)
    for line in book.lines:
        row = rows[str(for_csv(line.student.student))]
        assert row["name"] == for_csv(line.student.name)
        assert row["final"] == ("" if line.result is None else f"{line.final:g}")
        if line.result is not None:
            columns = [name for name in row if re.fullmatch(r"q\d( written)?", name)]
            assert sum(float(row[name] or 0) for name in columns) == float(row["raw score"]) == line.score
    assert rows["kim2"]["days late"] == "2"
    assert rows["kim2"]["per cent off"] == "20"
    assert float(rows["kim2"]["final"]) == round(0.8 * float(rows["kim2"]["raw score"]), 2)
    assert rows["ben"]["dropped"] == UNREAD
    assert float(rows["ben"]["final"]) == float(rows["ben"]["raw score"]) - float(rows["ben"][UNREAD])
    awaited = sum(question.written for question in book.assignment.questions)
    assert rows["wait"]["awaits a reader"] == str(awaited)
    assert {rows["wait"][f"{question.id} written"] for question in book.assignment.questions if question.written} == {
        ""
    }
    assert rows["nobody"]["raw score"] == ""
    assert rows["nobody"]["notes"] == "Nothing was handed in."


def test_no_cell_is_a_formula_and_what_had_to_be_changed_is_reported(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    remarks = write_grades(out, book)
    contents = (out / "grades.csv").read_bytes()
    assert contents.startswith(b"\xef\xbb\xbf"), "a spreadsheet would take it for another encoding"
    cells = [cell for row in records(contents.decode()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert f"'{FORMULA}" in " ".join(cells).replace("|''", "|'")
    assert HEBREW in cells
    assert [line for line in remarks if "=odd is written '=odd" in line]
    assert len(remarks) == 1


def test_the_same_results_give_the_same_bytes_whenever_they_were_graded(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    write_grades(out, book)
    before = (out / "grades.csv").read_bytes()
    for line in book.lines:
        if line.result is not None and line.result.report is not None:
            report = replace(line.result.report, graded_at="2027-01-01T00:00:00Z", seconds=9.0)
            write_result(out, replace(line.result, report=report, graded_at="2027-01-01T00:00:00Z"))
    write_grades(out, read_grade_book(out, book.assignment, read_class_roster(out)))
    assert (out / "grades.csv").read_bytes() == before
    write_result(out, result_of("anna", book.assignment, 0.5))
    write_grades(out, read_grade_book(out, book.assignment, read_class_roster(out)))
    assert (out / "grades.csv").read_bytes() != before


def test_a_reader_s_points_are_in_all_of_them(tmp_path: Path) -> None:
    out, book = in_class(tmp_path)
    for question in book.assignment.questions:
        if question.written:
            review = Review(points=1.5, comment="Say why.\n=SUM(A1)", answer=answer_digest(ANSWER))
            write_review(out, key_of("wait"), question.id, review)
    book = read_grade_book(out, book.assignment, read_class_roster(out))
    write_grades(out, book)
    (line,) = (line for line in book.lines if line.student.student == "wait")
    asked = [question for question in book.assignment.questions if question.written]
    assert {grades(out)["wait"][f"{question.id} written"] for question in asked} == {"1.5"}
    moodle.write_import(out, book, Rule(), "email")
    users = {f"{student}@uni.example" for student in NAMES}
    grade, text = moodle_import((out / "moodle.csv").read_text("utf-8"), users)["wait@uni.example"]
    assert grade == line.final == sum(question.automatic for question in book.assignment.questions) + 1.5 * len(asked)
    assert html.unescape(text).count("Say why.<br>=SUM(A1)") == len(asked)


# What students read, and any text at all


def test_feedback_says_what_was_reached_what_lateness_costs_and_nothing_for_staff(tmp_path: Path) -> None:
    _, book = in_class(tmp_path, dropped=UNREAD)
    lines = {line.student.student: line for line in book.lines}
    text = html.unescape(feedback(lines["kim2"], book.assignment, Rule()))
    assert f"{lines['kim2'].final:g} of {lines['kim2'].max_counted} points." in text
    assert "on day 2 after the due date: by the course's rule 20 % of the points reached are taken off." in text
    assert "that is not done here" in feedback(lines["kim2"], book.assignment, Rule(raw=True))
    assert "The output differs from what was expected." in text
    assert "(does not count)" in feedback(lines["ben"], book.assignment, Rule())
    assert not re.search("STAFF|SEED", text)
    assert feedback(lines["nobody"], book.assignment, Rule()) == ""


def test_a_message_without_room_keeps_its_likely_cause(tmp_path: Path) -> None:
    _, book = in_class(tmp_path)
    (line,) = (line for line in book.lines if line.student.student == "ben")
    assert line.result is not None
    assert line.result.report is not None
    first, *others = line.result.report.questions
    (failed, *_) = (test for test in first.tests if test.status != "passed")
    test = replace(failed, message="row\n" * 2_000 + "The padding is ignored.", likely="The padding is ignored.")
    report = replace(line.result.report, questions=[replace(first, tests=[test]), *others])
    shown = feedback(replace(line, result=replace(line.result, report=report)), book.assignment, Rule())
    assert shown.count("The padding is ignored.") == 1
    assert "…<br>The padding" in shown


def test_a_submission_that_could_not_be_read_is_worth_nothing_and_says_why(
    tmp_path: Path, assignment: Assignment
) -> None:
    results = [
        result_of("anna", assignment),
        Result("bad", "bad", "bad.zip", problem="bad.zip is not an archive."),
        Result("ours", "ours", "ours", problem="The sandbox did not start.", ours=True),
    ]
    roster = "student,email\n" + "".join(f"{name},{name}@x.example\n" for name in ("anna", "bad", "ours"))
    out = make_class(tmp_path / "out", assignment, results, roster)
    book = read_grade_book(out, assignment, read_class_roster(out))
    write_grades(out, book)
    rows = grades(out)
    assert (rows["bad"]["final"], rows["ours"]["final"]) == ("0", "")
    remarks = moodle.write_import(out, book, Rule(), "email")
    read = moodle_import((out / "moodle.csv").read_text("utf-8"), {"anna@x.example", "bad@x.example"})
    assert read["bad@x.example"][0] == 0
    assert "bad.zip is not an archive." in read["bad@x.example"][1]
    assert [line for line in remarks if "the grader failed, 1: ours." in line]


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60) | st.sampled_from(
    ["=1+1", "a\\", '\\"', '"\\', "x;=cmd", "-1,-2\n@SUM", "\r\n\t", "</p><script>", "\ud800", "\u202eevil"]
)


@given(ANY_TEXT)
def test_any_text_in_feedback_is_inert_and_comes_back_as_it_was(text: str) -> None:
    assignment = course.load()
    with_text = result_of("anna", assignment, 0, message=text)
    marks = tuple(Mark(question.id, 0, question.automatic) for question in assignment.questions)
    shown = feedback(Line(Student("anna", email="a@x"), True, with_text, marks), assignment, Rule())
    assert for_csv(shown) == shown, "a spreadsheet would obey it"
    assert unseen(shown) == []
    assert not re.search('["\n\r]', shown)
    row = io.StringIO()
    csv.writer(row).writerow(["a@x", "0", shown])
    assert records(row.getvalue(), escape="\\") == [["a@x", "0", shown]]
    blocks = re.findall(r"<pre>(.*?)</pre>", shown)
    meant = visible(text.strip().replace("\r\n", "\n"), keep="\n\t").replace("\t", "    ")
    assert {html.unescape(each.replace("<br>", "\n")) for each in blocks} == ({meant} if text.strip() else set())


CELLS = st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=3, max_size=3), min_size=1)


@given(CELLS, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]), st.text(max_size=20))
def test_a_table_is_read_as_it_was_written_and_only_a_cell_is_changed(
    rows: list[list[str]], delimiter: str, end: str, new: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["one", "two", "three"])
    writer.writerows(rows)
    table = parsed(text.getvalue().encode(), "table.csv")
    assert [[cell.text for cell in row] for row in table.rows] == rows
    assert table.changed({}) == text.getvalue()
    changed = [[cell.text for cell in row] for row in table.rows]
    changed[-1][1] = new
    assert records(table.changed({table.rows[-1][1]: new}), delimiter)[1:] == [row for row in changed if any(row)]


# The command


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", "gradebook", *map(str, arguments)]
    return subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, check=False)


def test_the_command_writes_everything_and_says_what_is_missing(tmp_path: Path) -> None:
    out, _ = in_class(tmp_path, course.load())
    done = run(out, "--canvas-roster", "--moodle", "email", "--pending", "count")
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in out.glob("*.csv")} >= {"grades.csv", "canvas.csv", "moodle.csv"}
    assert "nothing was handed in, 1: nobody." in done.stdout
    assert "await a reader" not in done.stdout


def test_a_request_that_cannot_be_met_is_one_line(tmp_path: Path, assignment: Assignment) -> None:
    out = make_class(tmp_path / "out", assignment, [result_of("anna", assignment)])
    for arguments, complaint in (
        ((tmp_path,), "holds no class"),
        ((out, "--moodle", "email"), "--moodle needs a roster"),
        ((out, "--moodle-maximum", "20"), "give --moodle, too"),
        ((out, "--moodle", "email", "--moodle-maximum", "nan"), "two decimal places at most"),
        ((out, "--moodle", "email", "--moodle-maximum", "33.335"), "two decimal places at most"),
        ((out, "--nbgrader", tmp_path), "gradebook.db does not exist"),
        ((out, "--moodle-worksheet", tmp_path / "none.csv"), "cannot be read"),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert complaint in done.stderr
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "gradebook.db").exists()
