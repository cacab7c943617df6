"""Classes as systems hand them out: loose files, an export of Gradescope, clones, zips: one submission a student."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder import course
from autograder.batch.discover import Discovered, discover
from autograder.batch.run import _read
from autograder.course.lms_names import canvas_late, first_try, loose_file
from autograder.course.roster import Roster, Student
from autograder.records.gradebook import read_grade_book
from autograder.tests.support.classes import make_class, result_of

ASSIGNMENT = course.load()
RELU = "def relu(x):\n    return x\n"


def roster(*students: Student) -> Roster:
    return Roster(students, ())


def files(folder: Path, *names: str) -> Path:
    """A folder with these files; each says its own name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("q2_relu.py", f"# {name}\n")
        else:
            path.write_text(f"# {name}\n", "utf-8")
    return folder


def modules(found: Discovered) -> dict[str, dict[str, str]]:
    """What counts of each student, and which file it came from."""
    return {
        each.student: {name: text.decode()[2:-1] for name, text in _read(each, ASSIGNMENT).modules.items()}
        for each in found.found
        if not each.undecided
    }


def test_canvass_loose_files_are_one_submission_a_student(tmp_path: Path) -> None:
    there = files(
        tmp_path / "class",
        "dudi_14_98768_q2_relu.py",
        "chocy_LATE_13_98767_q2_relu-1.py",
        "chocy_LATE_13_98770_q1_conv2d.ipynb",
        "chocy_LATE_13_98771_explanations-2.md",
        "chocy_LATE_13_98772_notes-1.pdf",
    )
    found = discover(there, ASSIGNMENT)
    assert [(each.student, each.source, each.key) for each in found.found] == [
        ("chocy_13", "chocy_LATE_13_98767_q2_relu-1.py and 3 more", "chocy_13"),
        ("dudi_14", "dudi_14_98768_q2_relu.py", "dudi_14"),
    ]
    assert found.problems == ()
    chocy = _read(found.found[0], ASSIGNMENT)
    assert chocy.modules == {"q2_relu.py": b"# chocy_LATE_13_98767_q2_relu-1.py\n"}
    assert [*chocy.problems] == ["q1_conv2d.py"]  # it is there, and is not a notebook
    assert chocy.explanations == "# chocy_LATE_13_98771_explanations-2.md\n"
    assert chocy.left_out == ("notes-1.pdf",)


@pytest.mark.parametrize(
    "student",
    [
        Student("ada99", "Ada Lovelace", more={"canvas id": "14"}),
        Student("ada99", "Somebody Else", more={"id": "14"}),
        Student("ada99", "Ada Lovelace"),
        Student("Lovelace Ada"),
        Student("lovelaceada", more={"canvas id": ""}),
    ],
)
@pytest.mark.parametrize("late", ["", "_LATE"])
def test_the_student_a_loose_file_belongs_to(tmp_path: Path, student: Student, late: str) -> None:
    there = files(tmp_path / "class", f"lovelaceada{late}_14_98768_q2_relu.py")
    found = discover(there, ASSIGNMENT, roster(student, Student("ben", "Ben Ng", more={"canvas id": "15"})))
    assert modules(found) == {student.student: {"q2_relu.py": f"lovelaceada{late}_14_98768_q2_relu.py"}}
    assert found.problems == ()
    assert [each.student for each in found.missing] == ["ben"]


@pytest.mark.parametrize("number", ["canvas id", "id"])
@pytest.mark.parametrize("others", [["ngben_15_98769_q2_relu.py"], []])
@pytest.mark.parametrize("end", ["15_assignsubmission_file_q2_relu.py", "Ben Ng_15_assignsubmission_file_work.zip"])
def test_no_end_of_a_name_makes_it_another_students(tmp_path: Path, number: str, others: list[str], end: str) -> None:
    there = files(tmp_path / "class", f"lovelaceada_14_98768_{end}", *others)
    class_ = roster(*(Student(name, more={number: user}) for name, user in (("ada", "14"), ("ben", "15"))))
    found = discover(there, ASSIGNMENT, class_)
    assert sorted(each.student for each in found.found) == (["ada", "ben"] if others else ["ada"])
    assert found.problems == ()


def test_the_number_of_one_system_is_not_looked_for_among_anothers(tmp_path: Path) -> None:
    there = files(tmp_path / "class", "lovelaceada_14_15_assignsubmission_file.zip", "ngben_16_1_q2_relu.py")
    found = discover(
        there, ASSIGNMENT, roster(Student("carl", more={"canvas id": "15"}), Student("dora", more={"moodle id": "16"}))
    )
    assert [each.student for each in found.missing] == ["carl", "dora"]


@pytest.mark.parametrize("column", ["id number", "idnumber"])
def test_a_student_who_uses_anothers_participant_number_gets_none_of_their_work(tmp_path: Path, column: str) -> None:
    there = tmp_path / "class"
    files(there / "Carol Right_4711_assignsubmission_file", "q2_relu.py")
    carol, bob = Student("c", "Carol Right", more={column: "1001"}), Student("4711", "Bob Bad", more={column: "4711"})
    found = discover(there, ASSIGNMENT, roster(carol, bob))
    assert [each.student for each in found.found] == ["c"]
    assert [each.student for each in found.missing] == ["4711"]


def test_an_account_that_reads_as_anothers_name_is_not_given_their_work(tmp_path: Path) -> None:
    files(tmp_path / "class" / "Carol Right_12_assignsubmission_file", "q2_relu.py")
    found = discover(
        tmp_path / "class", ASSIGNMENT, roster(Student("c", "Carol Right"), Student("Carol Right", "Bob Bad"))
    )
    assert [each.student for each in found.missing] == ["c", "Carol Right"]
    assert "2 students of this name (Carol Right, c)" in " ".join(found.problems)


def test_the_account_at_the_end_of_what_a_student_named_is_not_believed(tmp_path: Path) -> None:
    there = files(tmp_path / "class", "lovelaceada_14_98768_lab-ben99.zip")
    found = discover(there, ASSIGNMENT, roster(Student("ben", more={"github_username": "ben99"})))
    assert [each.student for each in found.missing] == ["ben"]


def test_two_of_one_squeezed_name_are_not_guessed_and_canvass_number_decides(tmp_path: Path) -> None:
    there = files(tmp_path / "class", "leekim_14_1_q2_relu.py", "leekim_15_2_q2_relu.py")
    kims = [Student("kim1", "Kim Lee"), Student("kim2", "Kim Lee")]
    found = discover(there, ASSIGNMENT, roster(*kims))
    assert sorted(modules(found)) == ["leekim_14", "leekim_15"]
    assert "2 students of this name (kim1, kim2)" in " ".join(found.problems)
    assert len(found.missing) == 2
    numbered = [Student("kim1", "Kim Lee", more={"canvas id": "15"}), Student("kim2", "Kim Lee")]
    found = discover(there, ASSIGNMENT, roster(*numbered))
    assert modules(found) == {
        "kim1": {"q2_relu.py": "leekim_15_2_q2_relu.py"},
        "kim2": {"q2_relu.py": "leekim_14_1_q2_relu.py"},
    }


def test_of_two_tries_of_a_file_the_last_counts_and_a_note_says_so(tmp_path: Path) -> None:
    there = files(
        tmp_path / "class",
        "dudi_14_98766_q2_relu-10.py",
        "dudi_14_98769_q2_relu-9.py",
        "dudi_14_98768_q2_relu.py",
        "dudi_14_98768_q9_other-1.py",
    )
    found = discover(there, ASSIGNMENT)
    assert modules(found) == {"dudi_14": {"q2_relu.py": "dudi_14_98766_q2_relu-10.py"}}
    (problem,) = found.problems
    assert problem.startswith("dudi_14_98766_q2_relu-10.py counts, as the last of its name; left out: ")
    assert "dudi_14_98768_q2_relu.py, dudi_14_98769_q2_relu-9.py" in problem
    assert _read(found.found[0], ASSIGNMENT).left_out == ("q9_other-1.py",)


def test_a_zip_file_beside_loose_ones(tmp_path: Path) -> None:
    there = files(tmp_path / "class", "dudi_14_1_lab.zip", "dudi_14_2_report.pdf", "ann_15_3_report.pdf")
    found = discover(there, ASSIGNMENT)
    assert [each.student for each in found.found] == ["ann_15", "dudi_14_1_lab"]
    assert found.problems == ("dudi_14_2_report.pdf: beside the student's zip file; left out.",)
    files(there, "dudi_14_4_q2_relu.py")
    known = roster(Student("dudi"), Student("ann"))
    both = discover(there, ASSIGNMENT, known)
    assert [each.student for each in both.found if each.undecided] == ["dudi"]
    assert "2 submissions of dudi" in " ".join(both.problems)


def test_a_loose_file_that_was_renamed_is_the_submission_also_beside_a_zip_file(tmp_path: Path) -> None:
    there = files(tmp_path / "class", "dudi_14_1_notes.pdf", "dudi_14_2_q2_relu (1).py")
    found = discover(there, ASSIGNMENT)
    assert modules(found) == {"dudi_14": {"q2_relu.py": "dudi_14_2_q2_relu (1).py"}}
    assert found.found[0].source == "dudi_14_2_q2_relu (1).py and 1 more"
    files(there, "dudi_14_3_lab.zip")
    assert "2 submissions of dudi" in " ".join(discover(there, ASSIGNMENT, roster(Student("dudi"))).problems)


def test_a_link_among_loose_files_is_not_followed(tmp_path: Path) -> None:
    there = files(tmp_path / "class", "dudi_14_1_q2_relu.py")
    (there / "dudi_14_2_q1_conv2d.py").symlink_to(there / "dudi_14_1_q2_relu.py")
    found = discover(there, ASSIGNMENT)
    assert modules(found) == {"dudi_14": {"q2_relu.py": "dudi_14_1_q2_relu.py"}}
    assert "dudi_14_2_q1_conv2d.py is a link" in " ".join(found.problems)


def test_moodles_loose_files_are_one_submission_a_student(tmp_path: Path) -> None:
    there = files(
        tmp_path / "class",
        "Ada Lovelace_12_assignsubmission_file_q2_relu.py",
        "Ada Lovelace_12_assignsubmission_file_explanations.md",
        "Ada Lovelace_12_assignsubmission_onlinetext_onlinetext.html",
        "Ben Ng_13_assignsubmission_file_q2_relu.py",
    )
    found = discover(there, ASSIGNMENT, roster(Student("ada", "Ada Lovelace"), Student("b", more={"moodle id": "13"})))
    assert modules(found) == {
        "ada": {"q2_relu.py": "Ada Lovelace_12_assignsubmission_file_q2_relu.py"},
        "b": {"q2_relu.py": "Ben Ng_13_assignsubmission_file_q2_relu.py"},
    }
    assert found.problems == ()


def test_blackboards_files_are_one_submission_an_account_and_the_last_try_counts(tmp_path: Path) -> None:
    there = files(
        tmp_path / "class",
        "CNN Lab_s1234_attempt_2026-11-27-09-30-00_q2_relu.py",
        "CNN Lab_s1234_attempt_2026-11-27-09-30-00.txt",
        "CNN Lab_s1234_attempt_2026-11-28-12-00-00_q2_relu.py",
        "CNN Lab_s1234_attempt_2026-11-28-12-00-00_explanations.md",
        "CNN Lab_0099_attempt_2026-11-28-12-00-00_q5_linear.py",
    )
    found = discover(there, ASSIGNMENT, roster(Student("s1234", "Ada Lovelace"), Student("0099", "Ben Ng")))
    assert modules(found) == {
        "s1234": {"q2_relu.py": "CNN Lab_s1234_attempt_2026-11-28-12-00-00_q2_relu.py"},
        "0099": {"q5_linear.py": "CNN Lab_0099_attempt_2026-11-28-12-00-00_q5_linear.py"},
    }


def test_a_file_of_canvas_is_not_blackboards_however_its_student_let_it_end(tmp_path: Path) -> None:
    there = files(tmp_path / "class", "lovelaceada_14_15_x_bob_attempt_2026-11-28-12-00-00_q2_relu.py")
    (found,) = discover(there, ASSIGNMENT, roster(Student("bob", "Bob"))).found
    assert found.student != "bob"


def test_what_was_typed_into_moodle_is_not_a_second_submission(tmp_path: Path) -> None:
    there = files(
        tmp_path / "class",
        "Ada Lovelace_12_assignsubmission_file_/q2_relu.py",
        "Ada Lovelace_12_assignsubmission_onlinetext_/onlinetext.html",
        "Ben Ng_13_assignsubmission_onlinetext_/onlinetext.html",
    )
    found = discover(there, ASSIGNMENT, roster(Student("ada", "Ada Lovelace"), Student("ben", "Ben Ng")))
    assert {each.student: (each.source, each.undecided) for each in found.found} == {
        "ada": ("Ada Lovelace_12_assignsubmission_file_", ""),
        "ben": ("Ben Ng_13_assignsubmission_onlinetext_", ""),
    }
    assert "Ada Lovelace_12_assignsubmission_onlinetext_ holds what the student typed" in " ".join(found.problems)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("q2_relu-1.py", ("q2_relu.py", 1)),
        ("q2_relu.py", ("q2_relu.py", 0)),
        ("a-1-2.py", ("a-1.py", 2)),
        ("a-b.py", ("a-b.py", 0)),
        ("a-1", ("a-1", 0)),
    ],
)
def test_what_canvas_calls_a_second_try(name: str, first: tuple[str, int]) -> None:
    assert first_try(name) == first


@pytest.mark.parametrize("name", ["q2_relu.py", "a_b_c_d.py", "_1_2_x.py", "ada_1_.py", "ada_1_2_", "ada__1_2_x.py"])
def test_other_names_are_nobodys(name: str) -> None:
    assert loose_file(name) is None
    assert not canvas_late(name)


GRADESCOPE = """---
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: '00123'
    :email: ada@uni.example
  :created_at: 2026-12-18 23:59:00.123456789 +01:00
  :score: 5.0
  :results:
    tests: []
submission_102:
  :submitters:
  - :name: Ben Ng
    :sid: 00456
    :email: ben@uni.example
  - :name: Cem Öz
    :sid:
    :email: cem@uni.example
  :created_at: 2026-12-17 10:00:00 Z
"""


def export(folder: Path, metadata: str = GRADESCOPE) -> Path:
    files(folder, *(f"submission_{number}/q2_relu.py" for number in (101, 102, 103)))
    (folder / "submission_metadata.yml").write_text(metadata, "utf-8")
    return folder


def test_the_only_folder_of_a_class_does_not_say_itself_whose_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "class" / "mallory"
    (mine / "submission_1").mkdir(parents=True)
    (mine / "submission_1" / "q2_relu.py").write_text("pass")
    (mine / "submission_metadata.yml").write_text("submission_1:\n  :submitters:\n  - :name: ben\n")
    found = discover(tmp_path / "class", ASSIGNMENT, roster(Student("ben"), Student("mallory")))
    assert [each.student for each in found.found] == ["mallory"]


@pytest.mark.parametrize("within", ["", "assignment_5_export"])
def test_gradescopes_export_has_a_submission_for_each_submitter(tmp_path: Path, within: str) -> None:
    export(tmp_path / "class" / within)
    found = discover(tmp_path / "class", ASSIGNMENT)
    assert [(each.student, each.source, each.handed_in) for each in found.found] == [
        ("ada@uni.example", "submission_101", "2026-12-18T22:59:00+00:00"),
        ("ben@uni.example", "submission_102", "2026-12-17T10:00:00+00:00"),
        ("cem@uni.example", "submission_102", "2026-12-17T10:00:00+00:00"),
        ("submission_103", "submission_103", None),
    ]
    assert found.problems == ("submission_metadata.yml does not say whose submission_103 is.",)
    assert not any(each.claimed for each in found.found)
    assert modules(found)["cem@uni.example"] == {"q2_relu.py": "submission_102/q2_relu.py"}


@pytest.mark.parametrize(
    "students",
    [
        [Student("ada", email="ADA@uni.example"), Student("ben", email="ben@uni.example"), Student("c", "cem öz")],
        [Student("00123"), Student("00456"), Student("Cem Öz")],
        [Student("a", "Ada Lovelace"), Student("b", "Ben Ng"), Student("c", "Cem Öz")],
    ],
)
def test_gradescopes_submitters_are_the_rosters_students(tmp_path: Path, students: list[Student]) -> None:
    found = discover(export(tmp_path / "class"), ASSIGNMENT, roster(*students))
    assert [each.student for each in found.found][:3] == [student.student for student in students]
    assert found.missing == ()


def test_an_account_that_reads_as_anothers_address_is_not_given_their_work(tmp_path: Path) -> None:
    address = "ada@example.org"
    class_ = roster(Student("1001", "Ada Lovelace", address), Student(address, "Bob Bad", "bob@example.org"))
    files(tmp_path / "class" / address, "q2_relu.py")
    found = discover(tmp_path / "class", ASSIGNMENT, class_)
    assert [each.student for each in found.found] == ["1001"]
    assert [each.student for each in found.missing] == [address]


def test_a_student_number_without_its_zeros_is_found_among_gradescopes_submitters(tmp_path: Path) -> None:
    found = discover(export(tmp_path / "class"), ASSIGNMENT, roster(Student("123"), Student("456")))
    assert [each.student for each in found.found] == ["123", "456", "cem@uni.example", "submission_103"]
    assert "submission_101 is taken for 123 of the roster" in " ".join(found.problems)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ("a: [", "submission_metadata.yml cannot be read, so nobody knows whose its folders are: while parsing"),
        ("- a\n", "it does not name any folder"),
        ("submission_101:\n  :submitters: 5\nsubmission_102: x\n", "does not say whose submission_102 is"),
        ("submission_101:\n  :submitters:\n  - a\n  - :name: ''\n", "does not say whose submission_101 is"),
    ],
)
def test_without_its_list_gradescopes_folders_keep_their_names(tmp_path: Path, metadata: str, why: str) -> None:
    found = discover(export(tmp_path / "class", metadata), ASSIGNMENT)
    assert [each.student for each in found.found] == ["submission_101", "submission_102", "submission_103"]
    assert why in " ".join(found.problems)


GITHUB = [
    Student("m1", more={"github_username": "Ada-L"}),
    Student("m2", more={"github_username": "ben"}),
    Student("m3", more={"github_username": "l"}),
    Student("m4", more={"github_username": ""}),
]


@pytest.mark.parametrize("assignment", ["cnn-lab", "fall26-cnn-lab"])  # GitHub Classroom; Classroom 50
def test_clones_are_found_by_the_account_at_the_end_of_their_names(tmp_path: Path, assignment: str) -> None:
    there = files(tmp_path / "class", *(f"{assignment}-{name}/q2_relu.py" for name in ("ada-l", "Ben", "l", "eve")))
    found = discover(there, ASSIGNMENT, roster(*GITHUB))
    assert {each.source: each.student for each in found.found} == {
        f"{assignment}-ada-l": "m1",
        f"{assignment}-Ben": "m2",
        f"{assignment}-l": "m3",
        f"{assignment}-eve": f"{assignment}-eve",
    }
    assert found.problems == (f"The roster has nobody for {assignment}-eve: graded under their own names.",)


def test_a_clone_of_two_accounts_is_not_guessed(tmp_path: Path) -> None:
    found = discover(files(tmp_path / "class", "lab-ada-l/q2_relu.py"), ASSIGNMENT, roster(*GITHUB))
    assert [each.student for each in found.found] == ["lab-ada-l"]
    assert "2 students of this name" in " ".join(found.problems)


@pytest.mark.parametrize(
    ("on_roster", "there", "found", "problem"),
    [
        (["00123"], ["123"], {"123": "00123"}, "123 is taken for 00123 of the roster"),
        (["123", "124"], ["00123"], {"00123": "123"}, "00123 is taken for 123 of the roster"),
        (["0123", "00123"], ["123"], {"123": "123"}, "the same number as 0123, 00123 of the roster"),
        (["123"], ["123", "00123"], {"123": "123", "00123": "00123"}, "00123: the same number as 123"),
        (["123"], ["0123", "00123"], {"0123": "0123", "00123": "00123"}, "00123, 0123: the same number as 123"),
        (["123"], ["124"], {"124": "124"}, "The roster has nobody for 124"),
    ],
)
def test_numbers_whose_zeros_a_spreadsheet_took(
    tmp_path: Path, on_roster: list[str], there: list[str], found: dict[str, str], problem: str
) -> None:
    folder = files(tmp_path / "class", *(f"{name}/q2_relu.py" for name in there))
    discovered = discover(folder, ASSIGNMENT, roster(*map(Student, on_roster)))
    assert {each.source: each.student for each in discovered.found} == found
    assert problem in " ".join(discovered.problems)


@pytest.mark.parametrize(
    ("source", "handed_in", "noted"),
    [
        ("chocy_LATE_13_98767_q2_relu-1.py and 2 more", None, True),
        ("chocy_LATE_13_98767_lab.zip", None, True),
        ("chocy_LATE_13_98767_lab.zip", "2026-12-01T00:00:00+00:00", False),
        ("chocy_13_98767_LATE_1_2_x.py", None, False),
        ("chocy", None, False),
    ],
)
@pytest.mark.parametrize("due", [None, datetime(2026, 12, 18, tzinfo=UTC)])
def test_canvass_late_is_a_remark_where_nothing_better_is_known(
    tmp_path: Path, source: str, handed_in: str | None, noted: bool, due: datetime | None
) -> None:
    assignment = replace(ASSIGNMENT, due=due)
    out = make_class(tmp_path / "out", assignment, [result_of("chocy", assignment, source=source, handed_in=handed_in)])
    (line,) = read_grade_book(out, assignment).lines
    assert ("Canvas calls it late" in " ".join(line.notes)) == noted
    assert line.percent == 0
