"""Written answers go to a spreadsheet, and the points come back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from autograder import course
from autograder.commands import main
from autograder.records.reviews import Review, read_reviews, what_is_read, write_review
from autograder.review.rubric import read_rubric
from autograder.tests.support.written_answers import result_of, write_class

FIRST = next(question for question in course.load().questions if question.written)
Q, MOST = FIRST.id, FIRST.written
TEXTS = {"anna": '=1+1 is\nwhat, I "think"; so', "bea": "Dilation.", "007": "Padding."}


def review(out: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["review", str(out), "--question", Q, "--reader", "ann", *options], input="")


def export(out: Path, *options: str) -> list[dict[str, str]]:
    """The exported rows, by student's name."""
    file = out / f"answers-{len(list(out.iterdir()))}.csv"
    done = review(out, "--export", str(file), *options)
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))


def put_back(
    out: Path, rows: list[dict[str, str]], *options: str, encoding: str = "utf-8", delimiter: str = ","
) -> Result:
    file = out / "filled-in.csv"
    with file.open("w", encoding=encoding, newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return review(out, "--import", str(file), *options)


def of(rows: list[dict[str, str]], student: str) -> dict[str, str]:
    return next(row for row in rows if row["student"] == student)


def given(out: Path) -> dict[str, tuple[float, str]]:
    found = {student: read_reviews(out, student).get(Q) for student in TEXTS}
    return {student: (review.points, review.comment) for student, review in found.items() if review is not None}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return write_class(tmp_path / "out", *(result_of(name, {Q: text}, remark="found") for name, text in TEXTS.items()))


def test_a_spreadsheet_has_all_that_a_reader_needs_and_no_formula(out: Path) -> None:
    rows = export(out)
    assert {row["student"] for row in rows} == set(TEXTS)
    row = of(rows, "anna")
    assert row["answer"] == "'" + TEXTS["anna"]
    assert (row["found"], row["of"], row["points"], row["comment"]) == ("found", str(MOST), "", "")
    assert row["rubric"].splitlines() == [f"{each.points:g}: {each.what}" for each in read_rubric(FIRST).criteria]


def test_a_file_that_is_there_is_not_written_over(out: Path) -> None:
    (out / "a.csv").write_text("hours of work", "utf-8")
    done = review(out, "--export", str(out / "a.csv"))
    assert (done.exit_code, "is there already" in done.output) == (2, True)
    assert (out / "a.csv").read_text("utf-8") == "hours of work"


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("utf-16", "\t")]
)
def test_points_and_comments_come_back_however_it_was_saved(out: Path, encoding: str, delimiter: str) -> None:
    rows = export(out)
    of(rows, "anna").update(points="1,5", comment="Größer\nals das.")
    of(rows, "007").update(points="2.0", comment="")
    done = put_back(out, rows, encoding=encoding, delimiter=delimiter)
    assert (done.exit_code, "2 saved, 0 as before, 1 without points" in done.output) == (0, True)
    assert given(out) == {"anna": (1.5, "Größer\nals das."), "007": (2, "")}
    assert read_reviews(out, "007")[Q].reader == "ann"
    assert "3 saved" not in put_back(out, rows, encoding=encoding, delimiter=delimiter).output
    assert [row["student"] for row in export(out)] == ["bea"]


def test_what_a_spreadsheet_needs_does_not_get_into_comments(out: Path) -> None:
    review_of_anna = Review(1, "-1 for the table\n\n(and more)", what_is_read(result_of("anna", {Q: TEXTS["anna"]}), Q))
    write_review(out, "anna", Q, review_of_anna)
    rows = export(out, "--all")
    assert of(rows, "anna")["comment"].startswith("'-1")
    assert "0 saved, 1 as before" in put_back(out, rows).output
    of(rows, "anna")["points"] = "2"
    put_back(out, rows)
    assert given(out)["anna"] == (2, "-1 for the table\n\n(and more)")


def test_rows_that_cannot_be_taken_are_reported_and_the_others_are_taken(out: Path) -> None:
    rows = export(out)
    of(rows, "anna")["points"] = f"{MOST + 1}"
    of(rows, "bea").update(points="1", comment="Good.")
    of(rows, "007")["comment"] = "no points"
    rows += [{**rows[0], "id": "answer-0-new", "points": "1"}, {**of(rows, "bea"), "points": "2"}]
    done = put_back(out, rows)
    places = {row["student"]: number for number, row in enumerate(rows[:3], 2)}
    assert done.exit_code == 2
    for message in (
        f"Row {places['anna']}: {MOST + 1} is too many",
        f"Row {places['007']}: a comment without points",
        "Row 5: its id stands for no answer of this class",
        f"Row 6: the same answer is already in row {places['bea']}",
    ):
        assert message in done.output
    assert given(out) == {"bea": (1, "Good.")}


def test_another_answer_does_not_get_the_points(out: Path) -> None:
    rows = export(out)
    of(rows, "bea")["points"] = "1"
    write_class(out, result_of("bea", {Q: "Something else."}))
    done = put_back(out, rows)
    assert "export again" in done.output
    assert given(out) == {}


def test_what_others_gave_since_stays_and_what_the_reader_gave_is_replaced(out: Path) -> None:
    rows = export(out)
    of(rows, "anna")["points"] = of(rows, "bea")["points"] = "1"
    digest = what_is_read(result_of("anna", {Q: TEXTS["anna"]}), Q)
    write_review(out, "anna", Q, Review(3, "Theirs.", digest, "ben"))
    done = put_back(out, rows)
    assert "ben gave 3 points in the meantime" in done.output
    assert given(out) == {"anna": (3, "Theirs."), "bea": (1, "")}
    of(rows, "bea")["points"] = "2"
    put_back(out, rows)
    assert given(out)["bea"] == (2, "")
    seen = export(out, "--all")
    of(seen, "anna")["points"] = "1"  # the reader saw what the other gave
    put_back(out, seen)
    assert given(out)["anna"] == (1, "Theirs.")


def test_names_can_be_hidden_on_the_way(out: Path) -> None:
    rows = export(out, "--anonymous")
    assert {row["student"] for row in rows} == {"student 1", "student 2", "student 3"}
    for row in rows:
        row["points"] = "1"
    assert "3 saved" in put_back(out, rows).output


@pytest.mark.parametrize(("text", "message"), [("a,b\n", "has no column id, points, comment"), ("", "has no column")])
def test_another_file_is_refused(out: Path, text: str, message: str) -> None:
    (out / "other.csv").write_text(text, "utf-8")
    done = review(out, "--import", str(out / "other.csv"))
    assert (done.exit_code, message in done.output) == (2, True)
    assert review(out, "--import", str(out / "nowhere.csv")).exit_code == 2
    assert "one at a time" in review(out, "--import", "x", "--export", "y").output
