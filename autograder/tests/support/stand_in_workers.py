"""Workers of a class that answer at once, without grading anything."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from autograder.batch.tasks import Task, TaskResult
from autograder.grading.report import QuestionReport, Report, Status, TestResult
from autograder.records.results import Result, read_result


def report(task: Task, passed: bool = True) -> Report:
    status: Status = "passed" if passed else "failed"
    questions = [
        QuestionReport(
            name,
            name,
            int(passed),
            1,
            0,
            0.1,
            [],
            [TestResult("a test", "", status, "public", int(passed), 1, "", "", 0)],
        )
        for name in task.questions
    ]
    hashes: dict[str, str | None] = dict.fromkeys(("submission", "suite", "thresholds", "grader"), "")
    return Report(task.submission.name, "2026-01-01T00:00:00Z", 0.1, hashes, "", {}, {}, questions)


class Here(Executor):
    """Workers that answer at once, as a function says."""

    def __init__(
        self, answer: Callable[[Task], TaskResult] = lambda task: TaskResult(report(task)), slots: int = 2
    ) -> None:
        self.executor: Executor = self
        self.answer = answer
        self.tasks: list[Task] = []
        self.renewed = 0
        self._slots = slots

    def submit(self, _: Any, task: Any, /) -> Any:  # type: ignore[override]
        self.tasks.append(task)
        future: Future[TaskResult] = Future()
        try:
            future.set_result(self.answer(task))
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        return future

    def slots(self) -> int:
        return self._slots

    def where(self) -> str:
        return "here"

    def renew(self) -> None:
        self.renewed += 1

    def stop(self) -> None:
        pass

    @property
    def graded(self) -> list[tuple[str, tuple[str, ...]]]:
        return sorted((task.submission.name, task.questions) for task in self.tasks)


def kept(out: Path, key: str) -> Result:
    result = read_result(out, key)
    assert result is not None
    return result


def report_of(result: Result) -> Report:
    assert result.report is not None
    return result.report


def hand_in(path: Path, text: str = "pass\n") -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "q2_relu.py").write_text(text)
    return path
