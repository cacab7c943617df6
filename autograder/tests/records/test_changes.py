"""Why a class is graded again: by another Python or torch, or another version of the grader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.batch import tasks
from autograder.batch.tasks import Task, TaskResult
from autograder.commands import class_run as command
from autograder.commands.class_run import Request, grade_class
from autograder.course import Assignment
from autograder.grading import digests
from autograder.grading.report import QuestionReport, Report, Status, TestResult
from autograder.records import changes
from autograder.records.results import read_result
from autograder.records.reviews import Review, read_reviews, what_is_read, write_review
from autograder.tests.support.stand_in_workers import Here, hand_in, report

ANOTHER = {"python": "3.99", "torch": "2.99.0"}


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Let another Python or torch grade from now on."""

    def become(versions: dict[str, str]) -> None:
        for module in (digests, changes, tasks):
            monkeypatch.setattr(module, "versions", lambda: versions)

    return become


def _answer(task: Task) -> TaskResult:
    with_versions = replace(report(task), environment={**digests.versions(), "course_python": "3.12"})
    return TaskResult(replace(with_versions, hashes={**with_versions.hashes, "grader": digests.grader_digest()}))


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
    line = f"2 submissions graded again: graded before with Python {was['python']} and torch {was['torch']}, now with "
    assert f"{line}Python 3.99 and torch 2.99.0." in capsys.readouterr().out
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
    line = "2 submissions graded again: graded before by another version of the grader."
    assert line in capsys.readouterr().out


def test_a_renamed_test_without_points_is_not_a_change_and_any_other_is() -> None:
    """Of a class graded by an older release every student would be listed, and the real changes lost among them."""

    def graded(*tests: TestResult) -> Report:
        question = QuestionReport("q1", "conv2d", sum(test.score for test in tests), 2, 0, 0, [], list(tests))
        return Report("ada", "2026-12-01T12:00:00Z", 1, {}, "00", {}, {}, [question])

    def ended(name: str, status: Status, points: int) -> TestResult:
        return TestResult(name, "values", status, "hidden", points * (status == "passed"), points, "", "", 0)

    before = graded(ended("values", "passed", 2), ended("gradients are told", "failed", 0))
    renamed = graded(ended("values", "passed", 2), ended("gradients are reported", "failed", 0))
    assert changes.changes(before, renamed) == ()
    for after, name in (
        (graded(ended("values", "failed", 2), ended("gradients are told", "failed", 0)), "values"),
        (graded(ended("all values", "passed", 2), ended("gradients are told", "failed", 0)), "all values"),
        (graded(ended("values", "passed", 2), ended("gradients are told", "passed", 0)), "gradients are told"),
    ):
        (change,) = changes.changes(before, after)
        assert name in {test.name for test in change.tests}
    (change,) = changes.changes(graded(), renamed)
    assert [test.name for test in change.tests] == ["values"]


def test_what_is_said_of_training_stays_when_only_other_questions_are_graded_again(assignment: Assignment) -> None:
    def graded(*questions: str, environment: dict[str, str | None]) -> Report:
        each = QuestionReport("", "", 1, 1, 0, 0.1, [], [])
        reports = [replace(each, id=question) for question in questions]
        return Report("ada", "2026-01-01T00:00:00Z", 0.1, {}, "", environment, {}, reports)

    before = graded("q1", "q6", environment={"torch": "2.9.0", "data": "cifar10", "device": "H200", "driver": "570.1"})
    untrained: dict[str, str | None] = {"torch": "2.9.1", "data": None, "device": "cpu"}
    again = changes.merged(before, graded("q1", environment=untrained), assignment)
    assert again.environment == {**before.environment, "torch": "2.9.1"}
    assert changes.merged(before, graded("q1", "q6", environment=untrained), assignment).environment == untrained
    on_the_cpu: dict[str, str | None] = {"torch": "2.9.1", "data": "cifar10", "device": "cpu"}
    assert changes.merged(before, graded("q6", environment=on_the_cpu), assignment).environment == on_the_cpu
