"""The command `class`: what it refuses, what it keeps of the folder it is given, what it says at the end."""

from __future__ import annotations

import contextlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import course
from autograder.batch import unpacked as batch_unpacked
from autograder.batch.executors import Workers
from autograder.batch.tasks import TaskResult
from autograder.commands import class_run as command
from autograder.commands.class_run import Request, grade_class
from autograder.errors import UnusableRequest
from autograder.records.results import read_result, write_result
from autograder.records.reviews import Review, read_reviews, write_review
from autograder.tests.support.stand_in_workers import Here, hand_in, kept, report, report_of

ASSIGNMENT = course.load()
Run = Callable[..., tuple[int, Here]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Grade the class of ada and ben, with workers that are stood in for."""
    for name in ("ada", "ben"):
        hand_in(tmp_path / "class" / name)

    def run_it(
        workers: Here | None = None, assignment: course.Assignment = ASSIGNMENT, **choices: object
    ) -> tuple[int, Here]:
        here = workers or Here()

        @contextlib.contextmanager
        def stood_in(*_: object, **__: object) -> Iterator[Workers]:
            yield here

        monkeypatch.setattr(command, "_workers", stood_in)
        given = {"folder": tmp_path / "class", "out": tmp_path / "out", "training": False, **choices}
        return grade_class(Request(**given), assignment), here  # type: ignore[arg-type]

    return run_it


def test_it_ends_with_a_grade_book_pages_and_where_they_are(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _ = run()
    assert status == 0
    printed = capsys.readouterr().out
    for name in ("index.html", "students", "grades.csv"):
        assert (tmp_path / "out" / name).exists()
        assert str(tmp_path / "out" / name) in printed
    assert "2 graded, 0 up to date" in printed


def test_the_command_that_goes_on_can_be_typed_as_it_stands(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(out=tmp_path / "Lab 3 (2026)")
    assert f"gradebook '{tmp_path}/Lab 3 (2026)'`" in capsys.readouterr().out


def test_changes_are_listed_per_student(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run()
    run(
        Here(lambda task: TaskResult(report(task, passed=task.submission.name == "ada"))), again=True, questions=("q2",)
    )
    printed = capsys.readouterr().out
    assert "Changed since the last time, 1:" in printed
    assert "ben: q2 1 → 0 (1 test)" in printed
    rows = (tmp_path / "out" / "changes.csv").read_text("utf-8").splitlines()
    assert rows[1:] == ["ben,q2,1,0,a test: passed → failed"]


def test_a_fault_of_the_grader_is_the_exit_status(run: Run) -> None:
    assert run(Here(lambda _: TaskResult(fault="no memory")))[0] == 1
    assert run()[0] == 0


def test_one_student_is_graded_by_account_or_by_the_submissions_name(run: Run, tmp_path: Path) -> None:
    assert run(students=("BEN",))[1].graded[0][0] == "ben"
    assert read_result(tmp_path / "out", "ada") is None
    with pytest.raises(UnusableRequest, match=r"nobody of this name.*eve"):
        run(students=("ada", "eve"))


def test_a_folder_of_another_assignment_is_refused(run: Run, tmp_path: Path) -> None:
    run()
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "results").iterdir()}
    with pytest.raises(UnusableRequest, match="holds results of"):
        run(assignment=replace(ASSIGNMENT, title="Recurrent networks"))
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "results").iterdir()} == before


def test_a_folder_with_something_else_in_it_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("")
    with pytest.raises(UnusableRequest, match=r"something else .*thesis\.tex"):
        run()


def test_a_class_has_one_kind_of_images(run: Run) -> None:
    run(training=True, data="synthetic")
    with pytest.raises(UnusableRequest, match="--data"):
        run(training=True, data="cifar10")
    with pytest.raises(UnusableRequest, match="--no-training"):
        run(training=False)
    assert run(training=True)[1].tasks == []
    assert {task.data for task in run(training=True, data="cifar10", again=True)[1].tasks} == {"cifar10"}


def test_a_class_has_one_kind_of_device(run: Run, tmp_path: Path) -> None:
    choices = {"training": True, "data": "synthetic"}
    assert {task.device for task in run(**choices, device="cuda")[1].tasks} == {"cuda"}
    assert run(**choices)[1].tasks == []  # it is not asked again
    with pytest.raises(UnusableRequest, match=r"--device: .* were trained on cuda"):
        run(**choices, device="cpu")
    assert {task.device for task in run(**choices, device="cpu", again=True)[1].tasks} == {"cpu"}
    for result in (tmp_path / "out" / "results").iterdir():
        result.unlink()
    # Where nothing was graded, as after a run that found no GPU, any can be chosen.
    assert {task.device for task in run(**choices, device="cuda")[1].tasks} == {"cuda"}


def test_a_cut_off_run_of_again_goes_on_where_it_was(run: Run) -> None:
    run()
    graded: list[object] = []

    def cut_off(task: object) -> TaskResult:
        if graded:
            raise KeyboardInterrupt
        graded.append(task)
        return TaskResult(report(task))  # type: ignore[arg-type]

    with pytest.raises(KeyboardInterrupt):
        run(Here(cut_off, slots=1), again=True)
    _, rest = run(again=True)
    assert len(rest.tasks) == 1
    assert len(run(again=True)[1].tasks) == 2


def test_results_of_submissions_that_are_gone_are_put_aside(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    (tmp_path / "class" / "ben" / "q2_relu.py").unlink()
    (tmp_path / "class" / "ben").rmdir()
    run()
    assert read_result(tmp_path / "out", "ben") is None
    assert (tmp_path / "out" / "gone" / "ben.json").exists()
    assert "ben" in capsys.readouterr().err
    assert "ben" not in (tmp_path / "out" / "grades.csv").read_text("utf-8")


def test_the_roster_is_kept_and_used_again(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name\nada,Ada Lovelace\ncem,Cem Öz\nben,Ben\n")
    run(roster=roster)
    assert "1 of the roster handed in nothing: Cem Öz (cem)." in capsys.readouterr().out
    roster.unlink()
    run()
    rows = (tmp_path / "out" / "grades.csv").read_text("utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["student", "ada", "cem", "ben"]


@pytest.mark.parametrize("roster", [True, False])
def test_two_submissions_of_a_student_are_counted_once_until_one_is_left(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, roster: bool
) -> None:
    hand_in(tmp_path / "class" / "BEN ")
    given = {}
    if roster:
        (tmp_path / "roster.csv").write_text("student\nada\nben\n")
        given = {"roster": tmp_path / "roster.csv"}
    assert run(**given)[0] == 1
    printed = capsys.readouterr()
    assert "1 graded, 0 up to date before." in printed.out
    assert re.search(r"(?i)ben *: Two submissions: choose one, and leave only that one there \(", printed.out)
    assert "failed" not in printed.out + printed.err
    assert "2 submissions of" in printed.err
    (tmp_path / "class" / "BEN ").rename(tmp_path / "BEN")
    assert run(**given)[0] == 0
    rows = (tmp_path / "out" / "grades.csv").read_text("utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["student", "ada", "ben"]
    assert "choose" not in capsys.readouterr().out


def test_all_who_handed_in_nothing_are_named_up_to_a_number(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student\nada\nben\n" + "".join(f"s{number:02}\n" for number in range(23)))
    run(roster=roster)
    printed = capsys.readouterr().out
    assert "23 of the roster handed in nothing: s00, s01, " in printed
    assert ", s18, s19 and 3 more." in printed
    assert "s20" not in printed


def test_results_and_points_under_an_older_releases_key_are_kept(run: Run, tmp_path: Path) -> None:
    run()
    out = tmp_path / "out"
    (tmp_path / "class" / "ada").rename(tmp_path / "class" / "ADA")
    before = read_result(out, "ada")
    assert before is not None
    write_result(out, replace(before, key="ada.6c2f1b", student="ADA"))
    (out / "results" / "ada.json").unlink()
    write_review(out, "ada.6c2f1b", "q1", Review(2, "good", "digest", "me"))
    assert run()[1].graded == []
    after = read_result(out, "ada")
    assert after is not None
    assert (after.student, after.key, after.report) == ("ADA", "ada", before.report)
    assert read_reviews(out, "ada")["q1"].comment == "good"
    assert sorted(path.name for path in (out / "results").iterdir()) == ["ada.json", "ben.json"]
    assert not (out / "gone").exists()


def test_the_zip_file_that_a_system_hands_out_is_a_class(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("lab/q2_relu.py", "pass\n")
    link = zipfile.ZipInfo("eve_15_1_q2_relu.py")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        archive.writestr("dudi_14_98768_lab.zip", inner.getvalue())
        archive.writestr("Ada Lovelace_12_assignsubmission_file/lab.zip", inner.getvalue())
        archive.writestr("chocy_LATE_13_98767_q2_relu-1.py", "pass\n")
        archive.writestr("../fay_16_2_q2_relu.py", "pass\n")
        archive.writestr(link, "/etc/passwd")
    for _ in range(2):  # the second time, what is unpacked is there
        run(folder=tmp_path / "submissions.zip")
    printed = capsys.readouterr()
    assert "0 graded, 3 up to date before." in printed.out
    assert "left out ../fay_16_2_q2_relu.py (not an ordinary file in it), eve_15_1_q2_relu.py (not an" in printed.err
    assert not list(tmp_path.rglob("*fay*"))
    rows = (tmp_path / "out" / "grades.csv").read_text("utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in rows] == [
        *("student", "Ada Lovelace_12_assignsubmission_file", "chocy_13", "dudi_14_98768_lab")
    ]


def test_a_file_that_is_not_really_a_zip_file_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "submissions.zip").write_bytes(b"PK?")
    with pytest.raises(UnusableRequest, match=r"submissions.zip is not a zip file, or only part of one: download it"):
        run(folder=tmp_path / "submissions.zip")


def test_what_a_class_may_unpack_to_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/q2_relu.py", "pass\n")
        archive.writestr("a/data.bin", bytes(5000))
        archive.writestr("a/q2_relu.py/x", "")
        archive.writestr("b/q2_relu.py", "pass\n")
    monkeypatch.setattr(batch_unpacked, "MAX_FILE_BYTES", 1000)
    folder, remarks = batch_unpacked.unpacked(tmp_path / "class.zip", tmp_path)
    assert sorted(path.name for path in folder.rglob("*")) == ["a", "b", "q2_relu.py", "q2_relu.py"]
    assert remarks == [
        f"{tmp_path / 'class.zip'}: left out a/data.bin (more than 1,000 bytes), a/q2_relu.py/x (there twice)."
    ]
    monkeypatch.setattr(batch_unpacked, "MAX_BYTES", 900)
    with pytest.raises(UnusableRequest, match="unpacks to more than 900 bytes"):
        batch_unpacked.unpacked(tmp_path / "class.zip", tmp_path)


def test_points_are_kept_raw_and_the_course_s_rules_of_today_are_applied(run: Run, tmp_path: Path) -> None:
    run()
    dropped = replace(ASSIGNMENT, questions=(replace(ASSIGNMENT.questions[0], dropped=True), *ASSIGNMENT.questions[1:]))
    run(assignment=dropped)
    result = kept(tmp_path / "out", "ada")
    assert report_of(result).score == len(ASSIGNMENT.questions)
    assert "q1" in (tmp_path / "out" / "grades.csv").read_text("utf-8-sig").splitlines()[1]


def test_a_question_that_does_not_exist_is_refused_before_anything_is_made(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UnusableRequest, match="no question q99"):
        run(questions=("q99",))
    assert not (tmp_path / "out").exists()


def test_names_of_all_kinds_have_their_results(run: Run, tmp_path: Path) -> None:
    names = ["Ada L.", "ada 🎓", "محمد", "-rf", "CON", "a" * 200, "a\\b", "=cmd()", "a\nb", "<b>x"]
    for name in names:
        hand_in(tmp_path / "class" / name)
    run()
    assert len(list((tmp_path / "out" / "results").iterdir())) == len(names) + 2
    assert len(list((tmp_path / "out" / "students").iterdir())) == len(names) + 2


def test_a_folder_whose_class_json_is_damaged_is_not_a_class(run: Run, tmp_path: Path) -> None:
    run()
    (tmp_path / "out" / "class.json").write_text("{")
    with pytest.raises(UnusableRequest, match="holds no class"):
        run()
    state = {"schema": "cnn-autograder/class/v1"}
    (tmp_path / "out" / "class.json").write_text(json.dumps(state))
    with pytest.raises(UnusableRequest, match="holds no class"):
        run()
