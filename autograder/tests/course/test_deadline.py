"""When something is due, and who has more time: the deadline, the roster, the settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import course
from autograder.course.deadline import Deadline, Lateness, LateRule, moment
from autograder.course.roster import Student, read_roster
from autograder.errors import GraderFault, UnusableRequest

DUE = datetime(2026, 12, 18, 22, 59, tzinfo=UTC)
RULE = LateRule(grace_minutes=10, percent_per_day=10, days=3)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(days=-30), Lateness(0, 0, counts=True)),
        (timedelta(0), Lateness(0, 0, counts=True)),
        (timedelta(minutes=10), Lateness(0, 0, counts=True)),
        (timedelta(minutes=10, seconds=1), Lateness(1, 10, counts=True)),
        (timedelta(days=1), Lateness(1, 10, counts=True)),
        (timedelta(days=1, seconds=1), Lateness(2, 20, counts=True)),
        (timedelta(days=3), Lateness(3, 30, counts=True)),
        (timedelta(days=3, seconds=1), Lateness(4, 100, counts=False)),
    ],
)
def test_each_day_begun_costs(after: timedelta, expected: Lateness) -> None:
    assert Deadline(DUE, RULE).lateness(DUE + after) == expected


def test_without_late_days_the_grace_still_counts() -> None:
    deadline = Deadline(DUE, LateRule(grace_minutes=10))
    assert deadline.closes == DUE + timedelta(minutes=10)
    assert deadline.lateness(DUE + timedelta(minutes=9)).counts
    assert not deadline.lateness(DUE + timedelta(minutes=11)).counts


def test_without_a_due_date_nothing_is_late() -> None:
    assert Deadline(None, RULE).lateness(DUE) == Lateness(0, 0, counts=True)
    assert Deadline(None, RULE).closes is None


@given(st.timedeltas(timedelta(0), timedelta(days=9)), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_later_is_never_cheaper(one: timedelta, other: timedelta) -> None:
    deadline = Deadline(DUE, RULE)
    sooner, later = sorted((one, other))
    assert deadline.lateness(DUE + sooner).percent <= deadline.lateness(DUE + later).percent


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("tomorrow", "not a date and time"), ("2026-12-18T23:59:00", "time zone"), ("", "not a date and time")],
)
def test_a_moment_without_its_zone_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        moment(text)


def roster(folder: Path, text: str | bytes) -> Path:
    path = folder / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_roster_tells_who_and_until_when(tmp_path: Path) -> None:
    path = roster(
        tmp_path,
        "student,name,repository,extension,canvas_id\n"
        "anna,Anna Müller,course/lab-anna,,17\n"
        "\n"
        "ben,,course/lab-ben,2026-12-20T12:00:00+01:00,18\n",
    )
    found = read_roster(path)
    assert found.problems == ()
    anna, ben = found.students
    assert anna == Student("anna", "Anna Müller", "", "course/lab-anna", None, {"canvas_id": "17"})
    assert anna.deadline(DUE, RULE).due == DUE
    assert ben.deadline(DUE, RULE).due == moment("2026-12-20T12:00:00+01:00")


def test_a_spreadsheets_roster_is_read(tmp_path: Path) -> None:
    text = 'Student;Name;Email\nanna;"Müller; Anna";a@b.example\n'
    (anna,) = read_roster(roster(tmp_path, text.encode("utf-8-sig"))).students
    assert (anna.student, anna.name, anna.email) == ("anna", "Müller; Anna", "a@b.example")


def test_a_bad_line_stops_no_other(tmp_path: Path) -> None:
    path = roster(
        tmp_path,
        "student,extension\nanna,\nben,soon\n,2026-12-20T12:00:00+01:00\ncleo,\n",
    )
    found = read_roster(path)
    assert [(each.student, each.extension) for each in found.students] == [
        ("anna", None),
        ("ben", None),
        ("cleo", None),
    ]
    soon, nobody = found.problems
    assert "line 3: ben's extension does not count: 'soon' is not a date" in soon
    assert "line 4: names no student" in nobody


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [("name,email\nA,b\n", "no column `student`"), ("", "no column `student`"), (b"\x00\xff\xfe\x00student", "roster")],
)
def test_a_file_that_is_not_a_roster_is_refused_in_one_line(
    tmp_path: Path, contents: str | bytes, complaint: str
) -> None:
    with pytest.raises(UnusableRequest, match=complaint) as error:
        read_roster(roster(tmp_path, contents))
    assert "\n" not in str(error.value)


def test_a_missing_roster_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UnusableRequest, match="cannot be read"):
        read_roster(tmp_path / "roster.csv")


def settings(folder: Path, head: str) -> Path:
    path = folder / "assignment.toml"
    text = course.SETTINGS.read_text("utf-8")
    path.write_text(text.replace("\n[late]", f"\n{head}\n[late]"), "utf-8")
    return path


def test_the_due_date_comes_from_the_settings(tmp_path: Path) -> None:
    assert course.load().due is None
    assignment = course.load(settings(tmp_path, "due = 2026-12-18T23:59:00+01:00"))
    assert assignment.due == DUE
    assert assignment.late == RULE


@pytest.mark.parametrize("due", ["2026-12-18", "2026-12-18T23:59:00", '"soon"'])
def test_a_due_date_without_its_zone_is_refused(tmp_path: Path, due: str) -> None:
    with pytest.raises(GraderFault, match="with a zone"):
        course.load(settings(tmp_path, f"due = {due}"))


def test_a_late_rule_of_more_than_everything_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "assignment.toml"
    path.write_text(course.SETTINGS.read_text("utf-8").replace("percent_per_day = 10", "percent_per_day = 50"), "utf-8")
    with pytest.raises(GraderFault, match="must not exceed 100 per cent"):
        course.load(path)
