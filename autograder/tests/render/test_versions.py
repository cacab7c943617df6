"""Every form says which Python and torch graded; only staff read that the course names another Python."""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import Assignment
from autograder.course.roster import Student
from autograder.grading import digests
from autograder.grading.grader import Grader
from autograder.grading.report import Report
from autograder.pages.overview import class_page
from autograder.pages.student import student_page
from autograder.places.forms import Wanted, for_staff, form_named
from autograder.places.github import folders
from autograder.places.github import grading as in_actions
from autograder.places.github.plan import PlannedStudent
from autograder.records.gradebook import read_grade_book
from autograder.render.terminal import print_report
from autograder.render.versions import graded_with, other_python
from autograder.tests.support.classes import make_class, result_of
from autograder.tests.support.grading import SOLUTION, Grade
from autograder.tests.support.stand_in_workers import hand_in

VERSIONS = "Python 3.13.2 and torch 2.9.1+cpu"
REMARK = "Graded with Python 3.13.2, while assignment.toml says that the course grades with 3.12"
LAB = Wanted("Lab", training=True, environment={})
ENVIRONMENT: dict[str, str | None] = {
    "python": "3.13.2",
    "torch": "2.9.1+cpu",
    "course_python": "3.12",
    "device": "cpu",
    "data": None,
}


def graded(assignment: Assignment, environment: dict[str, str | None] = ENVIRONMENT, name: str = "ada") -> Report:
    whole = result_of(name, assignment).report
    assert whole is not None
    return replace(whole, environment=environment)


def test_the_report_holds_both(graded: Grade, assignment: Assignment) -> None:
    environment = graded(SOLUTION).environment
    assert environment["course_python"] == assignment.python
    here = digests.shortened(str(environment["python"]), str(environment["torch"]))
    assert here == digests.versions()  # by what the report says, a result kept from another one is known
    assert platform.python_version() in graded_with(environment)


def test_every_form_says_it(assignment: Assignment, capsys: pytest.CaptureFixture[str]) -> None:
    whole = graded(assignment)
    print_report(whole, training=True)
    terminal = capsys.readouterr().out
    assert f"\nGraded with {VERSIONS}.\n" in terminal
    assert REMARK in terminal
    for form in ("github", "gradescope"):
        text = form_named(form, LAB)(whole)
        assert f"Graded with {VERSIONS}." in text
    assert REMARK in "\n".join(for_staff(whole))
    page = student_page(assignment, whole, name="ada")
    assert f"with {VERSIONS}" in page
    assert "assignment.toml" not in page  # the remark is for staff


def test_what_is_for_staff_stays_with_them(assignment: Assignment) -> None:
    text = form_named("github", LAB)(graded(assignment))
    assert "assignment.toml" not in text
    results = json.loads(form_named("gradescope", LAB)(graded(assignment)))
    assert "assignment.toml" not in results["output"]
    (entry,) = (each for each in results["tests"] if "assignment.toml" in each["output"])
    assert entry["visibility"] == "hidden"


def test_the_class_s_page_says_it(assignment: Assignment, tmp_path: Path) -> None:
    make_class(
        tmp_path,
        assignment,
        [
            replace(result_of(name, assignment), report=graded(assignment, {**ENVIRONMENT, "torch": torch}, name))
            for name, torch in (("ada", "2.9.1+cpu"), ("ben", "2.9.1+cpu"), ("cyd", "2.10.0"))
        ],
    )
    page = class_page(read_grade_book(tmp_path, assignment, None))
    assert "Graded with Python 3.13.2 and torch 2.10.0; Python 3.13.2 and torch 2.9.1+cpu" in page
    counts = "2 submissions with Python 3.13.2 and torch 2.9.1+cpu; 1 submission with Python 3.13.2 and torch 2.10.0"
    assert f"Not all were graded with the same Python and torch: {counts}." in page
    assert f"3 submissions: {REMARK}" in page


def test_the_class_s_page_says_that_networks_were_trained_on_several_devices(
    assignment: Assignment, tmp_path: Path
) -> None:
    sentence = "Networks were not all trained on the same device: NVIDIA H200, cpu."
    for devices in (("cpu", "cpu"), ("cpu", "NVIDIA H200")):
        environments = [{**ENVIRONMENT, "data": "synthetic", "device": device} for device in devices]
        make_class(
            tmp_path,
            assignment,
            [
                replace(result_of(name, assignment), report=graded(assignment, environment, name))
                for name, environment in zip(("ada", "ben"), environments, strict=True)
            ],
        )
        page = class_page(read_grade_book(tmp_path, assignment, None))
        assert (sentence in page) == (len(set(devices)) > 1)


@pytest.mark.parametrize(
    ("python", "wanted", "remarked"),
    [
        ("3.13.2", "3.12", True),
        ("3.1.2", "3.12", True),
        ("3.12.9", "3.1", True),
        ("3.12.0+", "3.12", False),
        ("3.12.3", "3.12", False),
        ("3.12.3", None, False),
        (None, "3.12", False),
    ],
)
def test_another_python_is_a_remark(python: str | None, wanted: str | None, *, remarked: bool) -> None:
    assert bool(other_python({"python": python, "course_python": wanted})) == remarked


@pytest.mark.parametrize("odd", ["3.12\n::error::", "<b>", "x" * 41, "@ada", ""])
def test_a_text_that_is_not_a_version_is_left_out(odd: str) -> None:
    assert graded_with({"python": odd, "torch": "2.9"}) == graded_with({"python": "3.12", "torch": odd}) == ""
    assert other_python({"python": odd, "course_python": "3.12"}) == ""


def test_the_staff_s_workflow_says_it_in_its_table(
    tmp_path: Path, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path / folders.FETCHED / "1" / "c0ffee")
    commit = folders.Commit("c0ffee", "2026-12-18T10:00:00+00:00")
    fetched = folders.Fetched(repository="course/ada", commits=(commit,))
    (tmp_path / folders.RESULTS / "1").mkdir(parents=True)
    grader = Grader()
    monkeypatch.setattr(grader, "grade", lambda *_, **__: graded(assignment))
    ada = PlannedStudent("1", Student("ada"))
    outcome = in_actions._outcome(ada, fetched, assignment, grader, None, "cpu", tmp_path)
    assert [flag for flag in outcome.flags if flag.startswith(REMARK)]
    assert "assignment.toml" not in (tmp_path / folders.RESULTS / "1" / "feedback.md").read_text("utf-8")
