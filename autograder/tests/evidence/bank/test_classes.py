"""Generated classes: the same for the same seed, as large as wanted, each submission taken or refused as intended."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from autograder.course import Assignment
from autograder.course.people import shown
from autograder.course.roster import read_roster
from autograder.errors import UnusableRequest
from autograder.evidence.bank.classes import ORDINARY, REFUSED, SHARES, SampleSubmission, write_class
from autograder.evidence.bank.classes.names import folder_names, write_roster
from autograder.intake import read_submission
from autograder.release.git import Repository

STUDENTS = sum(SHARES.values())

# Students of whose modules one cannot be used, with a word of the reason.
SPOILT = {
    "another encoding": "Save it as UTF-8",
    "a binary module": "Save it as UTF-8",
    "too large a module": "are allowed",
    "a link": "is a link",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[SampleSubmission, ...]]:
    folder = tmp_path_factory.mktemp("class")
    return folder, write_class(folder, STUDENTS)


def contents(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_each_student_has_one_entry_and_each_kind_its_share(whole: tuple[Path, tuple[SampleSubmission, ...]]) -> None:
    folder, entries = whole
    assert sorted(folder.iterdir()) == sorted(entry.path for entry in entries)
    assert Counter(entry.kind for entry in entries) == SHARES
    assert {path.is_dir() for path in folder.iterdir()} == {True, False}
    assert any(Repository(entry.path).tip("main") for entry in entries if entry.path.is_dir())


def test_every_submission_is_taken_or_refused_as_intended(
    whole: tuple[Path, tuple[SampleSubmission, ...]], assignment: Assignment
) -> None:
    for entry in whole[1]:
        if entry.refused:
            with pytest.raises(UnusableRequest):
                read_submission(entry.path, assignment)
            continue
        submission = read_submission(entry.path, assignment)
        unusable = " ".join(reason for name, reason in submission.problems.items() if name.endswith(".py"))
        if entry.kind == "an encrypted zip file":
            assert not submission.modules
        elif entry.kind in SPOILT:
            assert SPOILT[entry.kind] in unusable, entry
        else:
            assert not unusable, entry


def test_the_same_seed_gives_the_same_bytes_and_a_larger_class_begins_with_the_smaller(tmp_path: Path) -> None:
    classes = {}
    for name, students, seed in (("one", 20, 1), ("again", 20, 1), ("larger", 25, 1), ("other", 20, 2)):
        write_class(tmp_path / name, students, seed)
        classes[name] = contents(tmp_path / name)
    assert classes["one"] == classes["again"]
    assert classes["one"].items() < classes["larger"].items()
    assert classes["one"] != classes["other"]


def test_ordinary_students_hand_in_what_can_be_read_of_the_questions_that_are_asked(
    tmp_path: Path, assignment: Assignment
) -> None:
    asked = assignment.questions[:2]
    entries = write_class(tmp_path / "class", 30, 3, [question.id for question in asked], ordinary=True)
    assert {entry.kind for entry in entries} <= set(ORDINARY)
    for entry in entries:
        submission = read_submission(entry.path, assignment)
        assert not submission.problems
        assert submission.modules.keys() <= {f"{question.module}.py" for question in asked}


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UnusableRequest, match="is not empty"):
        write_class(tmp_path, 1)


def test_names_are_many_and_differ() -> None:
    stream = folder_names(0)
    names = [next(stream) for _ in range(1000)]
    assert len({name.casefold() for name in names}) == 1000
    assert all(len(f"{name}.zip".encode()) <= 255 for name in names)
    awkward = " ".join(name for name in names if not re.fullmatch(r"[\w', -]+", name))
    assert {"CON", "-rf", "李小龍"} < {*names}
    assert "🎉" in awkward


def test_the_roster_knows_most_of_them(
    whole: tuple[Path, tuple[SampleSubmission, ...]], assignment: Assignment, tmp_path: Path
) -> None:
    _, entries = whole
    write_roster(tmp_path / "roster.csv", entries, assignment)
    roster = read_roster(tmp_path / "roster.csv")
    assert roster.problems == ()
    handed_in = {shown(entry.student) for entry in entries}  # as a roster holds names
    known = {student.student for student in roster.students}
    assert len(handed_in - known) == 2
    assert len(known - handed_in) == 2
    assert any(student.dropped for student in roster.students)


def test_what_is_refused_is_a_kind() -> None:
    assert SHARES.keys() > REFUSED
    assert sum(SHARES.values()) == 100
