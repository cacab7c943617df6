"""With which Python and torch was graded is said in every form, and is part of what a kept result is valid by."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from autograder import course
from autograder.batch import tasks
from autograder.batch.tasks import Answer, Task, code_digests, grade_task
from autograder.commands import class_run as command
from autograder.commands.class_run import Request, grade_class
from autograder.course import Assignment
from autograder.course.roster import Student
from autograder.grading import digests
from autograder.grading.grader import Grader
from autograder.grading.report import Report
from autograder.grading.secret import seeds_of
from autograder.intake import Submission
from autograder.pages.overview import class_page
from autograder.pages.student import student_page
from autograder.places.forms import Wanted, for_staff, form_named
from autograder.places.github import folders
from autograder.places.github import grading as in_actions
from autograder.places.github.plan import Entry
from autograder.records import changes
from autograder.records.gradebook import read_grade_book
from autograder.records.results import read_result
from autograder.records.reviews import Review, read_reviews, what_is_read, write_review
from autograder.render.terminal import print_report
from autograder.render.versions import graded_with, other_python
from autograder.tests.batch.test_run import Here, hand_in, report
from autograder.tests.conftest import SOLUTION, Grade
from autograder.tests.support.classes import make_class, result_of

SAID = "Python 3.13.2 and torch 2.9.1+cpu"
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
    assert f"\nGraded with {SAID}.\n" in terminal
    assert REMARK in terminal
    for form in ("github", "gradescope"):
        text = form_named(form, LAB)(whole)
        assert f"Graded with {SAID}." in text
    assert REMARK in "\n".join(for_staff(whole))
    page = student_page(assignment, whole, name="ada")
    assert f"with {SAID}" in page
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
    told = "2 submissions with Python 3.13.2 and torch 2.9.1+cpu; 1 submission with Python 3.13.2 and torch 2.10.0"
    assert f"Not all were graded with the same Python and torch: {told}." in page
    assert f"3 submissions: {REMARK}" in page


@pytest.mark.parametrize(
    ("python", "wanted", "told"),
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
def test_another_python_is_a_remark(python: str | None, wanted: str | None, *, told: bool) -> None:
    assert bool(other_python({"python": python, "course_python": wanted})) == told


@pytest.mark.parametrize("odd", ["3.12\n::error::", "<b>", "x" * 41, "@ada", ""])
def test_what_is_no_version_is_not_said(odd: str) -> None:
    assert graded_with({"python": odd, "torch": "2.9"}) == graded_with({"python": "3.12", "torch": odd}) == ""
    assert other_python({"python": odd, "course_python": "3.12"}) == ""


def test_digests_do_not_import_torch() -> None:
    code = "import sys; from autograder.grading import digests; digests.versions(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=course.ROOT, check=False).returncode == 0
    assert digests.versions()["torch"] == metadata.version("torch").partition("+")[0]


# --- A class


ANOTHER = {"python": "3.99", "torch": "2.99.0"}


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Let another Python or torch grade from now on."""

    def become(versions: dict[str, str]) -> None:
        for module in (digests, changes, tasks):
            monkeypatch.setattr(module, "versions", lambda: versions)

    return become


def _answer(task: Task) -> Answer:
    told = replace(report(task), environment={**digests.versions(), "course_python": "3.12"})
    return Answer(replace(told, hashes={**told.hashes, "grader": digests.grader_digest()}))


@pytest.mark.parametrize("name", ["python", "torch"])
def test_a_stamp_is_of_one_python_and_torch(
    name: str, assignment: Assignment, another: Callable[[dict[str, str]], None]
) -> None:
    before = digests.stamp("11", assignment.questions[0], None)
    another({**digests.versions(), name: "4.0"})
    assert digests.stamp("11", assignment.questions[0], None) != before


def test_a_class_is_graded_again_by_another_python_with_the_reason(
    tmp_path: Path,
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    another: Callable[[dict[str, str]], None],
) -> None:
    for name in ("ada", "ben"):
        hand_in(tmp_path / "class" / name)
    workers: list[Here] = []

    def local(_: int) -> Here:
        workers.append(Here(_answer))
        return workers[-1]

    monkeypatch.setattr(command, "LocalWorkers", local)

    def run(*questions: str) -> list[tuple[str, tuple[str, ...]]]:
        request = Request(tmp_path / "class", tmp_path / "out", questions=questions, training=False)
        assert grade_class(request, assignment) == 0
        return workers[-1].graded

    assert len(run()) == 2
    assert not run()
    before = read_result(tmp_path / "out", "ada")
    assert before is not None
    given = Review(points=2, answer=what_is_read(before, "q1"), comment="well seen", reader="ann")
    write_review(tmp_path / "out", "ada", "q1", given)
    assert "graded again" not in capsys.readouterr().out
    was = digests.versions()
    another(ANOTHER)
    every = tuple(question.id for question in assignment.questions)
    assert run("q2") == [("ada", every), ("ben", every)]  # points of two versions are never put together
    said = f"2 submissions graded again: graded before with Python {was['python']} and torch {was['torch']}, now with "
    assert f"{said}Python 3.99 and torch 2.99.0." in capsys.readouterr().out
    assert not run()
    kept = read_result(tmp_path / "out", "ada")
    assert kept is not None
    assert kept.report is not None
    assert kept.report.environment["python"] == "3.99"
    assert read_reviews(tmp_path / "out", "ada") == {"q1": given}
    assert given.answer == what_is_read(kept, "q1")  # it still counts

    monkeypatch.setattr(digests, "grader_digest", lambda: "another")
    monkeypatch.setattr(changes, "grader_digest", lambda: "another")
    assert len(run()) == 2
    said = "2 submissions graded again: graded before by another version of the grader."
    assert said in capsys.readouterr().out


def test_a_worker_with_another_python_or_torch_is_refused(assignment: Assignment) -> None:
    here = digests.versions()
    for name, version in ANOTHER.items():
        code = {**code_digests(), name: version}
        answer = grade_task(Task(Submission("ada", {}), assignment, ("q2",), None, seeds_of("ada"), code))
        assert answer.stop
        wanted = {**here, name: version}
        assert f"has Python {here['python']} and torch {here['torch']}, and the class was started with" in answer.fault
        assert f"with Python {wanted['python']} and torch {wanted['torch']}: give both the same." in answer.fault
    answer = grade_task(
        Task(Submission("ada", {}), assignment, ("q2",), None, seeds_of("ada"), {**code_digests(), "suite": "another"})
    )
    assert answer.stop
    assert "has another version of the grader" in answer.fault


def test_the_staff_s_workflow_says_it_in_its_table(
    tmp_path: Path, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(tmp_path / folders.FETCHED / "1" / "c0ffee")
    commit = folders.Commit("c0ffee", "2026-12-18T10:00:00+00:00")
    fetched = folders.Fetched(repository="course/ada", commits=(commit,))
    (tmp_path / folders.RESULTS / "1").mkdir(parents=True)
    grader = Grader()
    monkeypatch.setattr(grader, "grade", lambda *_, **__: graded(assignment))
    outcome = in_actions._outcome(Entry("1", Student("ada")), fetched, assignment, grader, None, tmp_path)
    assert [flag for flag in outcome.flags if flag.startswith(REMARK)]
    assert "assignment.toml" not in (tmp_path / folders.RESULTS / "1" / "feedback.md").read_text("utf-8")
