"""What jobs graded, brought home: a class like any other, whose answers are read and whose points are booked."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder import course, errors
from autograder.course import Assignment
from autograder.course.deadline import LateRule
from autograder.errors import UnusableRequest, not_installed
from autograder.grading.written import text_to_read
from autograder.intake import read_submission
from autograder.places.github import folders
from autograder.places.github.collect import collect
from autograder.places.github.export import repository_files
from autograder.places.github.folders import Commit, Fetched
from autograder.places.github.grading import grade_all
from autograder.places.github.plan import PlannedStudent, read_plan
from autograder.records.gradebook import GradeBook, read_grade_book
from autograder.records.results import read_class_roster, read_result, read_result_file, write_result_file
from autograder.records.reviews import Review, write_review
from autograder.review.answers import read_answers
from autograder.tests.support.commands import run
from autograder.tests.support.hostile import unseen

ROSTER = "student,name,repository\nada,Ada,our/ada\nbob,Bob,our/bob\ncleo,Cleo,our/cleo\n"
LATE = "2026-10-02T08:00:00+00:00"
ADA = Commit("a" * 40, handed_in=LATE, days=1, percent=10, certain=False)


@pytest.fixture(scope="module")
def jobs(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the jobs of a run kept: one right answer with words, one that cannot be used, one not fetched."""
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "roster.csv").write_text(ROSTER)
    entries = read_plan(folder / "roster.csv").entries
    work = folder / "work"
    _fetched(work, entries[0], Fetched("our/ada", (ADA,)), ["q2_relu.py", course.EXPLANATIONS])
    _fetched(work, entries[1], Fetched("our/bob", problem="the repository our/bob is empty."), [])
    assert grade_all(entries, assignment, work, data=None, allow_missing=True) == 1
    shutil.copytree(work / folders.RESULTS, folder / "downloaded" / "results-0")
    return folder


def _fetched(work: Path, entry: PlannedStudent, fetched: Fetched, files: list[str]) -> None:
    folder = work / folders.FETCHED / entry.key
    folders.write(fetched, folder / "fetched.json")
    for commit in fetched.commits:
        (folder / commit.sha).mkdir(parents=True)
        for name in files:
            shutil.copy(course.SOLUTIONS / name, folder / commit.sha)


@pytest.fixture
def downloaded(jobs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(jobs / "downloaded", tmp_path / "downloaded"))


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    """Two questions, one of them with a written answer, and a due date."""
    whole = course.load()
    questions = tuple(question for question in whole.questions if question.id in ("q2", "q3"))
    return replace(whole, questions=questions, due=datetime(2026, 10, 1, 12, tzinfo=UTC), late=LateRule(0, 10, 3))


def book_of(out: Path, assignment: Assignment) -> GradeBook:
    return read_grade_book(out, assignment, read_class_roster(out))


def test_answers_are_read_and_points_are_booked(
    jobs: Path, downloaded: Path, tmp_path: Path, assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "class"
    assert collect(downloaded, out, assignment, jobs / "roster.csv") == 1
    printed = capsys.readouterr()
    assert "not graded: cleo: was not fetched." in printed.out
    assert "cannot be used, so far 0 points: bob: the repository our/bob is empty." in printed.out
    assert "ada: When it was pushed is not known" in printed.err
    assert unseen(printed.out + printed.err) == []

    result = read_result(out, "ada")
    assert result is not None
    assert result.source == "our/ada aaaaaaa"
    assert result.handed_in == LATE
    answers = read_answers(out, assignment.questions)
    (answer,) = answers.all
    handed_in = replace(read_submission(course.SOLUTIONS, assignment), modules={})
    assert (answer.question.id, answer.text) == ("q3", text_to_read(handed_in, "q3"))
    assert answers.waits(answer)

    write_review(out, "ada", "q3", Review(2.5, "Good.", answer.digest))
    line = next(line for line in book_of(out, assignment).lines if line.key == "ada")
    assert (line.score, line.pending, line.percent, line.final) == (7.5, 0, 10, 6.75)
    done = run("gradebook", str(out))
    assert done.returncode == 0
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"ada", "bob", "cleo"}
    assert rows["ada"]["raw score"] == "7.5"


def test_what_people_read_of_lateness_is_true_of_commits(
    jobs: Path, downloaded: Path, tmp_path: Path, assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    collect(downloaded, tmp_path / "class", assignment, jobs / "roster.csv")
    assert "Lateness takes" not in capsys.readouterr().err
    (ada, *_) = book_of(tmp_path / "class", assignment).lines
    (note,) = ada.notes
    assert note.startswith("When it was handed in is only the commit's own date: GitHub did not say when it was pushed")
    collect(downloaded, tmp_path / "undated", replace(assignment, due=None), jobs / "roster.csv")
    warnings = [
        line for line in capsys.readouterr().err.splitlines() if "Lateness takes something else off here" in line
    ]
    assert len(warnings) == 1
    assert "graded, 1: ada (10 % there, 0 % here). The grade book goes by `due`" in warnings[0]
    (jobs / "longer.csv").write_text("student,extension\nada,2026-10-09T12:00:00+00:00\n")
    collect(downloaded, tmp_path / "longer", assignment, jobs / "longer.csv")
    assert "ada (10 % there, 0 % here)" in capsys.readouterr().err


def test_output_that_is_closed_is_one_sentence(jobs: Path, downloaded: Path, tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    out, roster = str(tmp_path / "class"), str(jobs / "roster.csv")
    done = subprocess.run(
        [sys.executable, "-m", "autograder.places.github", "collect", str(downloaded),
         "--out", out, "--roster", roster],
        cwd=course.ROOT, stdout=writes, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writes)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("autograder: Standard output was not written to its end")
    assert (tmp_path / "class" / "grades.csv").exists()


def test_a_later_run_keeps_what_people_gave_and_tells_what_changed(
    jobs: Path, downloaded: Path, tmp_path: Path, assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "class"
    collect(downloaded, out, assignment, jobs / "roster.csv")
    answer = read_answers(out, assignment.questions).all[0]
    write_review(out, "ada", answer.question.id, Review(2, "So.", answer.digest))
    before = (out / "results" / "ada.json").read_bytes()
    capsys.readouterr()
    collect(downloaded, out, assignment)  # the same once more: nothing happens
    assert "0 graded, 3 up to date before." in capsys.readouterr().out
    assert (out / "results" / "ada.json").read_bytes() == before

    file = next(downloaded.glob("results-0/*-ada")) / folders.RESULT
    result = read_result_file(file)
    assert result is not None
    assert result.report is not None
    worse = [replace(each, score=0) if each.id == "q2" else each for each in result.report.questions]
    later = replace(result, graded_at="2099-01-01T00:00:00Z", report=replace(result.report, questions=worse))
    write_result_file(file, replace(later, key="../../elsewhere"))
    collect(downloaded, out, assignment)
    assert "ada: q2 5 → 0" in capsys.readouterr().out
    assert not (tmp_path.parent / "elsewhere.json").exists()
    line = next(line for line in book_of(out, assignment).lines if line.key == "ada")
    assert line.score == 2  # what was given for the answer

    write_result_file(file, replace(result, graded_at="2001-01-01T00:00:00Z"))  # an artifact of an earlier run
    collect(downloaded, out, assignment)
    assert book_of(out, assignment).lines[0].score == 2

    write_result_file(file, replace(later, graded_at="2099-02-01T00:00:00Z", problem="it died", report=None, ours=True))
    assert collect(downloaded, out, assignment) == 1
    kept = read_result(out, "ada")
    assert kept is not None
    assert kept.report is not None  # the earlier points stand beside


def test_what_cannot_be_put_together_is_refused(
    jobs: Path, downloaded: Path, tmp_path: Path, assignment: Assignment
) -> None:
    with pytest.raises(UnusableRequest, match="holds no results"):
        collect(tmp_path / "nothing", tmp_path / "class", assignment)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").touch()
    with pytest.raises(UnusableRequest, match="holds something else"):
        collect(downloaded, tmp_path / "thesis", assignment)
    collect(downloaded, tmp_path / "class", assignment, jobs / "roster.csv")
    state = json.loads((tmp_path / "class" / "class.json").read_text("utf-8"))
    (tmp_path / "class" / "class.json").write_text(json.dumps({**state, "data": "cifar10"}))
    with pytest.raises(UnusableRequest, match="in these results none was: name another folder"):
        collect(downloaded, tmp_path / "class", assignment)
    (tmp_path / "class" / "class.json").write_text(json.dumps({**state, "folder": "/home/submissions"}))
    with pytest.raises(UnusableRequest, match="a class that was not graded in GitHub Actions"):
        collect(downloaded, tmp_path / "class", assignment)
    for file in downloaded.rglob(folders.RESULT):
        file.unlink()
    with pytest.raises(UnusableRequest, match=r"there is no result\.json that can be read"):
        collect(downloaded, tmp_path / "new", assignment)


def test_a_copy_that_only_grades_says_where_to_collect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has what writes a result, and not what makes a class of them."""
    files = repository_files()
    assert "autograder/records/results.py" in files
    assert "autograder/records/changes.py" not in files
    monkeypatch.setattr(errors, "_RELEASE", tmp_path / "release")
    message = not_installed(ModuleNotFoundError(name="autograder.records.changes"))
    assert message.endswith("it has no autograder.records.changes: run the command in the course's checkout.")


def test_nothing_of_it_is_in_what_is_published(jobs: Path) -> None:
    kept = next((jobs / "downloaded").glob("results-0/*-ada"))
    assert {path.name for path in kept.iterdir()} == {"outcome.json", "report.json", "feedback.md", folders.RESULT}
    assert "autograder/hidden" not in (kept / "feedback.md").read_text("utf-8")
    result = read_result_file(kept / folders.RESULT)
    assert result is not None
    assert result.report is not None
    assert [test for question in result.report.questions for test in question.tests if test.evidence]
