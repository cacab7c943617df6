"""Who handed in what: names are understood, and who is meant is never guessed."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import course
from autograder.batch.discover import Discovered, discover
from autograder.course.roster import Roster, Student
from autograder.errors import UnusableRequest
from autograder.records.results import key_of

ASSIGNMENT = course.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "class"
    path.mkdir()
    return path


def hand_in(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "q2_relu.py").write_text("pass\n")
    return path


def zipped(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("q2_relu.py", "pass\n")
    return path


def roster(*students: Student) -> Roster:
    return Roster(students, ())


def students(found: Discovered) -> list[str]:
    return [each.student for each in found.found]


def test_a_folder_a_zip_and_a_repository_are_a_student_each(folder: Path) -> None:
    hand_in(folder / "ada")
    zipped(folder / "ben.zip")
    (hand_in(folder / "cem") / ".git").mkdir()
    found = discover(folder, ASSIGNMENT)
    assert students(found) == ["ada", "ben", "cem"]
    assert [each.source for each in found.found] == ["ada", "ben.zip", "cem"]
    assert found.problems == ()


def test_what_is_not_a_submission_is_named_and_left_alone(folder: Path) -> None:
    hand_in(folder / "ada")
    (folder / "notes.txt").write_text("")
    (folder / "link").symlink_to(folder / "ada")
    (folder / ".DS_Store").write_text("")
    bare = folder / "ben.git"
    (bare / "objects").mkdir(parents=True)
    (bare / "refs").mkdir()
    (bare / "HEAD").write_text("ref: refs/heads/main\n")
    found = discover(folder, ASSIGNMENT)
    assert students(found) == ["ada"]
    problems = " ".join(found.problems)
    assert "notes.txt is neither" in problems
    assert "link is a link" in problems
    assert "bare repository" in problems
    assert "DS_Store" not in problems


@pytest.mark.parametrize("make", [lambda _: None, lambda folder: (folder / "a.txt").write_text("")])
def test_an_empty_class_is_refused(folder: Path, make: Callable[[Path], object]) -> None:
    make(folder)
    with pytest.raises(UnusableRequest, match="holds no submissions"):
        discover(folder, ASSIGNMENT)


def test_a_folder_that_is_not_there_or_is_one_submission_is_refused(folder: Path) -> None:
    with pytest.raises(UnusableRequest, match="cannot be read"):
        discover(folder / "nowhere", ASSIGNMENT)
    with pytest.raises(UnusableRequest, match="one submission, not a folder of them"):
        discover(hand_in(folder / "ada"), ASSIGNMENT)


def test_results_that_lie_in_the_class_are_not_a_student(folder: Path) -> None:
    hand_in(folder / "ada")
    out = folder / "results"
    out.mkdir()
    assert students(discover(folder, ASSIGNMENT, out=out)) == ["ada"]


def test_two_submissions_of_one_student_are_both_graded_and_count_for_nobody(folder: Path) -> None:
    hand_in(folder / "ada")
    zipped(folder / "ada.zip")
    found = discover(folder, ASSIGNMENT, roster(Student("ada"), Student("ben")))
    assert students(found) == ["ada (one of 2)", "ada.zip (one of 2)", "ada"]
    assert [bool(each.undecided) for each in found.found] == [False, False, True]
    assert [(each.one_of, each.choose) for each in found.found] == [("ada", 0), ("ada", 0), ("", 2)]
    assert "2 submissions of ada" in " ".join(found.problems)
    assert [student.student for student in found.missing] == ["ben"]
    assert len({each.key for each in found.found}) == 3


@pytest.mark.parametrize(
    ("first", "second", "called"),
    [
        ("Ada", "ada.zip", ["Ada (one of 2)", "ada.zip (one of 2)"]),
        ("Müller", "Mu\u0308ller", ["Müller (1 of 2)", "Müller (2 of 2)"]),
        ("Ada  L", "ada l", ["Ada  L (1 of 2)", "ada l (2 of 2)"]),
    ],
)
def test_two_spellings_of_a_name_are_two_submissions_of_one_student(
    folder: Path, first: str, second: str, called: list[str]
) -> None:
    for name in (first, second):
        zipped(folder / name) if name.endswith(".zip") else hand_in(folder / name)
    found = discover(folder, ASSIGNMENT)
    assert sorted(unicodedata.normalize("NFC", each) for each in students(found)) == sorted(called)
    assert len({each.key.casefold() for each in found.found}) == 2
    assert "2 submissions of" in " ".join(found.problems)


@pytest.mark.parametrize(
    "name",
    [
        "ada99",
        "ADA99",
        "Ada Lovelace",
        "ada@example.org",
        "lab-ada99",
        "Ada Lovelace_4711_assignsubmission_file",
        "Somebody Else_815_assignsubmission_file",
        "Somebody Else_815_assignsubmission_file_my lab-2",
        "Somebody Else_815_assignsubmission_file_Ben_816_assignsubmission_file",
        "lovelaceada_LATE_4242_99_lab",
        "lovelaceada_4242_99_lab",
    ],
)
def test_the_rosters_student_is_known_by(folder: Path, name: str) -> None:
    hand_in(folder / name)
    known = Student(
        "ada99", "Ada Lovelace", "ada@example.org", "course/lab-ada99", more={"id": "4242", "moodle id": "815"}
    )
    found = discover(folder, ASSIGNMENT, roster(known, Student("ben", more={"moodle id": "816"})))
    assert students(found) == ["ada99"]
    assert not found.problems


def test_a_name_of_two_students_is_not_guessed(folder: Path) -> None:
    hand_in(folder / "Kim Lee")
    found = discover(folder, ASSIGNMENT, roster(Student("kim1", "Kim Lee"), Student("kim2", "Kim Lee")))
    assert students(found) == ["Kim Lee"]
    assert "2 students of this name (kim1, kim2)" in " ".join(found.problems)
    assert len(found.missing) == 2


def test_an_account_counts_before_a_name(folder: Path) -> None:
    hand_in(folder / "kim")
    found = discover(folder, ASSIGNMENT, roster(Student("kim", "Kim Lee"), Student("lee", "kim")))
    assert students(found) == ["kim"]
    assert not found.problems


def test_students_who_are_not_in_the_roster_are_named(folder: Path) -> None:
    hand_in(folder / "eve")
    found = discover(folder, ASSIGNMENT, roster(Student("ada")))
    assert students(found) == ["eve"]
    assert "nobody for eve" in " ".join(found.problems)


def test_the_only_zip_in_a_students_folder_is_the_submission(folder: Path) -> None:
    (folder / "ada").mkdir()
    zipped(folder / "ada" / "lab.zip")
    (each,) = discover(folder, ASSIGNMENT).found
    assert each.path.name == "lab.zip"
    assert each.source == each.student == "ada"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-12-18 23:59:00.123456 UTC", "2026-12-18T23:59:00+00:00"),
        ("2026-12-18 23:59:00 Europe/Berlin", "2026-12-18T22:59:00+00:00"),
        ("2026-12-18T23:59:00+01:00", "2026-12-18T22:59:00+00:00"),
        ("2026-12-18 23:59:00 Nowhere/Land", None),
        ("2026-12-18 23:59:00", None),
        ("yesterday", None),
        ("x" * 300, None),
        ("2026-12-18 23:59:00 ../../etc/passwd", None),
    ],
)
@pytest.mark.parametrize("place", ["timestamp.txt", "lab/timestamp.txt"])
def test_nbgraders_timestamp_says_when(folder: Path, place: str, written: str, read: str | None) -> None:
    file = hand_in(folder / "ada") / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(written)
    (found,) = discover(folder, ASSIGNMENT).found
    assert found.handed_in == read
    assert found.claimed == (read is not None)


@pytest.mark.parametrize(
    ("timezone", "written", "read", "remark"),
    [
        ("Europe/Berlin", "2026-06-18 23:59:00.123456 CEST", "2026-06-18T21:59:00+00:00", ""),
        ("Europe/Berlin", "2026-12-18 23:59:00 CET", "2026-12-18T22:59:00+00:00", ""),
        ("Europe/Berlin", "2026-10-25 02:30:00 CEST", "2026-10-25T00:30:00+00:00", ""),  # the hour that is there twice
        ("Europe/Berlin", "2026-10-25 02:30:00 CET", "2026-10-25T01:30:00+00:00", ""),
        ("America/Chicago", "2026-12-18 23:59:00 CST", "2026-12-19T05:59:00+00:00", ""),
        ("Asia/Shanghai", "2026-12-18 23:59:00 CST", "2026-12-18T15:59:00+00:00", ""),
        ("Europe/Berlin", "2026-12-18 23:59:00 UTC", "2026-12-18T23:59:00+00:00", ""),
        ("Europe/Berlin", "2026-12-18 23:59:00 CEST", None, "ends with CEST, which is not a time of Europe/Berlin"),
        (
            "",
            "2026-06-18 23:59:00 CEST",
            None,
            "CEST, which is known only if assignment.toml sets `timezone`",
        ),
    ],
)
def test_a_zone_by_its_short_name_is_the_courses_own(
    folder: Path, timezone: str, written: str, read: str | None, remark: str
) -> None:
    (hand_in(folder / "ada") / "timestamp.txt").write_text(written)
    discovered = discover(folder, replace(ASSIGNMENT, timezone=timezone))
    assert discovered.found[0].handed_in == read
    assert [remark in problem for problem in discovered.problems] == ([True] if remark else [])


def test_an_account_that_ends_like_anothers_is_not_taken_for_it(folder: Path) -> None:
    for name in ("lab-ada", "lab-ben", "lab-x-bob"):
        hand_in(folder / name)
    class_ = roster(*(Student(name, more={"github_username": name}) for name in ("ada", "ben", "bob")))
    found = discover(folder, ASSIGNMENT, class_)
    assert students(found) == ["ada", "ben", "lab-x-bob"]
    assert [each.student for each in found.missing] == ["bob"]
    assert "The roster has nobody for lab-x-bob" in " ".join(found.problems)


def test_clones_of_two_assignments_are_found_by_their_accounts(folder: Path) -> None:
    for name in ("lab-a-ada", "lab-a-ben", "lab-b-cem"):
        hand_in(folder / name)
    class_ = roster(*(Student(name, more={"github_username": name}) for name in ("ada", "ben", "cem")))
    assert students(discover(folder, ASSIGNMENT, class_)) == ["ada", "ben", "cem"]


@pytest.mark.parametrize("name", ["lovelaceada_LATE_4242_99_lab", "Ada Lovelace_12_assignsubmission_file_", "lab-ada"])
def test_where_no_system_writes_a_timestamp_the_students_own_says_nothing(folder: Path, name: str) -> None:
    there = hand_in(folder / name)
    (there / "timestamp.txt").write_text("2026-12-01 12:00:00 UTC")
    if name == "lab-ada":
        (there / ".git").mkdir()
    assert discover(folder, ASSIGNMENT).found[0].handed_in is None


def test_a_pipe_called_like_nbgraders_timestamp_keeps_nobody_waiting(folder: Path) -> None:
    hand_in(folder / "ada")
    os.mkfifo(folder / "ada" / "timestamp.txt")
    assert discover(folder, ASSIGNMENT).found[0].handed_in is None


@pytest.mark.parametrize(
    "name", ["Ada L.", "ada 🎓", "محمد", "-rf", "CON", "a" * 200, "a\\b", "ada\u202egnp", " ", "\udcff", "a\nb", "..."]
)
def test_any_name_becomes_a_key_that_any_system_takes(folder: Path, name: str) -> None:
    hand_in(folder / name)
    (each,) = discover(folder, ASSIGNMENT).found
    assert each.key.isascii()
    assert each.key == key_of(each.student)
    assert not set(each.key) - set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert len(each.key) < 64
    assert each.key[0] not in ".-"


def test_a_roster_may_hold_what_no_file_may_be_called(folder: Path) -> None:
    hand_in(folder / "ada")
    found = discover(folder, ASSIGNMENT, roster(Student("../../etc/passwd"), Student("a/b"), Student("ada")))
    assert students(found) == ["ada"]
    assert "/" not in key_of("../../etc/passwd")


def test_ten_thousand_entries_are_all_found(folder: Path) -> None:
    for number in range(10_000):
        (folder / f"s{number}").mkdir()
    assert len(discover(folder, ASSIGNMENT).found) == 10_000


def test_a_student_may_be_called_like_a_module(folder: Path) -> None:
    hand_in(folder / "q1_conv2d.py")
    assert students(discover(folder, ASSIGNMENT)) == ["q1_conv2d.py"]
