"""One submission, right by halves, through every door: the same whole points for every question."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import course
from autograder.course import Assignment
from autograder.intake import read_submission
from autograder.places.bundle import write_folder
from autograder.places.classroom50.export import bundle
from autograder.places.nbgrader.notebooks import make_notebooks
from autograder.release import release
from autograder.tests.support import classroom50
from autograder.tests.support import github_course as actions
from autograder.tests.support import gradescope_container as gradescope
from autograder.tests.support import student_workflow as students
from autograder.tests.support.commands import DUE
from autograder.tests.support.nbgrader_course import Course

# What is wrong with it: a place in a solution, and what stands there instead.
FAULTS = {
    "q1": ("i * spread_h, i * spread_h +", "i, i +"),  # dilation is in the size alone
    "q2": ("    ### BEGIN SOLUTION", "    raise NotImplementedError\n    ### BEGIN SOLUTION"),
    "q3": ("if ceil_mode", "if False"),
    "q5": ("return output if bias is None else output + bias", "return output"),
}
Points = dict[str, int]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def notebooks(assignment: Assignment) -> dict[str, bytes]:
    """The submission: the course's own notebooks, with some answers made wrong."""
    made = make_notebooks(assignment)
    for question in assignment.questions:
        place, instead = FAULTS.get(question.id, ("", ""))
        notebook: Any = nbformat.reads(made[f"{question.module}.ipynb"].decode(), as_version=4)
        answers = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        assert any(place in cell.source for cell in answers), question.id
        for cell in answers if place else ():
            cell.source = cell.source.replace(place, instead)
        made[f"{question.module}.ipynb"] = nbformat.writes(notebook).encode()
    return made


@pytest.fixture(scope="module")
def submission(notebooks: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("submission")
    write_folder(folder / "cnn", notebooks)
    return folder / "cnn"


@pytest.fixture(scope="module")
def report(submission: Path) -> dict[str, Any]:
    """The command line's report."""
    file = submission.parent / "report.json"
    command = [sys.executable, "-m", "autograder", "grade", str(submission), "--no-training", "--json", str(file)]
    subprocess.run(command, cwd=course.ROOT, capture_output=True, check=True)
    written = json.loads(file.read_text("utf-8"))
    assert isinstance(written, dict)
    return written


@pytest.fixture(scope="module")
def expected(report: dict[str, Any]) -> Points:
    return {question["id"]: question["score"] for question in report["questions"]}


def test_it_is_right_by_halves(report: dict[str, Any], expected: Points) -> None:
    most = {question["id"]: question["max_score"] for question in report["questions"]}
    assert 0 < expected["q1"] < most["q1"]
    assert expected["q2"] == 0
    assert 0 < expected["q3"] < most["q3"]
    assert 0 < expected["q5"] < most["q5"]
    assert [expected[question] for question in ("q4", "q6", "q7")] == [most[each] for each in ("q4", "q6", "q7")]
    assert report["pending"] == 7


def test_github(submission: Path, report: dict[str, Any], expected: Points, tmp_path: Path) -> None:
    world = actions.World(tmp_path / "world")
    files = {path.name: path.read_text("utf-8") for path in submission.iterdir()}
    world.student("ada", ("2026-09-30T12:00:00Z", DUE, files))
    staff = actions.staff_repository(world, "student,repository\nada,our-course/cnn-ada\n")
    run = staff.grade(tmp_path / "run")
    (found,) = (
        json.loads(path.read_text("utf-8")) for path in run.results("ada").glob("*.json") if "report" in path.name
    )
    assert {question["id"]: question["score"] for question in found["questions"]} == expected
    assert found["seed"] == report["seed"]


def test_classroom50(submission: Path, expected: Points, tmp_path: Path) -> None:
    write_folder(tmp_path / "bundle", bundle(training=False))
    job = classroom50.start(tmp_path / "bundle", submission)
    assert job.status == 0, job.output
    points: Counter[str] = Counter()
    for test in job.result["tests"]:
        points[test["question"]] += test["score"]
    assert {question: points[question] for question in expected} == expected
    assert job.result["score"] == sum(expected.values())


def test_gradescope(notebooks: dict[str, bytes], expected: Points, tmp_path: Path) -> None:
    root = gradescope.image(tmp_path / "root", training=False)
    write_folder(root / "submission", notebooks)
    container = gradescope.run(root)
    assert container.status == 0, container.output
    points: Counter[str] = Counter()
    for test in container.results["tests"]:
        points["q" + test.get("number", "").partition(".")[0]] += test["score"]
    assert {question: points[question] for question in expected} == expected


def test_nbgrader(
    assignment: Assignment, notebooks: dict[str, bytes], report: dict[str, Any], expected: Points, tmp_path: Path
) -> None:
    (tmp_path / "aside").mkdir()
    classroom = Course.make(tmp_path / "course", tmp_path / "aside")
    classroom.nbgrader("generate_assignment", "cnn")
    classroom.submit("ada", {name.removesuffix(".ipynb"): contents for name, contents in notebooks.items()})
    classroom.nbgrader("autograde", "cnn")
    points = {}
    for question in assignment.questions:
        cells = (f"{question.id}-public", f"{question.id}-hidden")
        points[question.id] = sum(classroom.score("ada", question.module, cell) or 0 for cell in cells)
    assert points == expected
    assert float(classroom.csv()["ada"]["raw_score"]) == report["score"]


def test_the_students_own_workflow(
    assignment: Assignment, submission: Path, report: dict[str, Any], tmp_path: Path
) -> None:
    """It runs the public tests alone, so its rows are the report's public points; table, total and notice agree."""
    release(tmp_path / "student", assignment)
    for name, contents in read_submission(submission, assignment).modules.items():
        (tmp_path / "student" / "assignment" / name).write_bytes(contents)
    reported = students.reporter_of(students.run_job(tmp_path / "student", tmp_path))
    public = {
        question["id"]: (sum(test["score"] for test in tests), sum(test["max_score"] for test in tests))
        for question in report["questions"]
        if (tests := [test for test in question["tests"] if test["visibility"] == "public"])
    }
    assert {row: (round(points, 6), most) for row, (points, most) in reported.rows.items()} == public
    whole = tuple(map(sum, zip(*public.values(), strict=True)))
    assert tuple(round(part, 6) for part in reported.total) == whole
    assert reported.notice == whole
    assert reported.status == 1
