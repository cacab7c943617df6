"""What a worker makes of a task that it is given."""

from __future__ import annotations

from autograder.batch.tasks import Task, code_digests, grade_task
from autograder.course import Assignment
from autograder.grading import digests
from autograder.grading.secret import seeds_of
from autograder.intake import Submission

ANOTHER = {"python": "3.99", "torch": "2.99.0"}


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
