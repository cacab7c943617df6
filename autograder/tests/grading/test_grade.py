"""The main job: whole submissions, from a folder to a report."""

from __future__ import annotations

import gc
import json
import os
import pickle
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault, KilledFromOutside, UnusableRequest
from autograder.grading import suite
from autograder.grading.grade import grade
from autograder.grading.report import SCHEMA, Report, write_json
from autograder.intake import Submission, read_submission
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.grading import SOLUTION, Grade

TRAINED = 10  # points for accuracies, which count only where networks are trained


def test_the_solutions_get_every_automatic_point(solutions_report: Report, assignment: Assignment) -> None:
    report = solutions_report
    automatic = sum(question.automatic for question in assignment.questions) - TRAINED
    written = sum(question.written for question in assignment.questions)
    assert (report.score, report.max_score, report.pending) == (automatic, automatic, written)
    assert all(report.isolation[layer] for layer in ("landlock", "seccomp", "limits", "environment"))
    for question in report.questions:
        assert {test.status for test in question.tests} == {"passed"}
        assert question.written is None or question.written.state == "awaiting"


def test_receiving_a_report_needs_no_torch(graded: Grade) -> None:
    assert b"torch." not in pickle.dumps(graded(SOLUTION).environment)


def test_the_stubs_get_nothing_and_each_test_says_todo(sandbox: Sandbox, assignment: Assignment) -> None:
    report = grade(read_submission(course.STUBS, assignment), assignment, sandbox)
    assert (report.score, report.pending) == (0, 0)
    assert report.max_score == sum(question.automatic for question in assignment.questions) - TRAINED
    for question in report.questions:
        assert all("is still a TODO" in test.message for test in question.tests)
        assert question.written is None or (question.written.state, question.written.score) == ("blank", 0)


def test_a_repository_with_an_assignment_folder(graded: Grade) -> None:
    assert graded(course.ROOT).questions[0].score == 0


def test_the_report_is_the_schema(graded: Grade, tmp_path: Path) -> None:
    report = graded(course.SOLUTIONS)
    write_json(report, tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    read = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert read["schema"] == SCHEMA
    assert list(read) == [
        *("schema", "submission", "graded_at", "seconds", "hashes", "seed", "environment", "isolation"),
        *("score", "max_score", "pending", "questions", "left_out", "notes"),
    ]
    assert set(read["hashes"]) == {"submission", "suite", "thresholds", "grader", "secret"}
    (question,) = read["questions"]
    assert list(question) == ["id", "title", "score", "max_score", "pending", "seconds", "flags", "written", "tests"]
    assert list(question["tests"][0]) == [
        *("name", "category", "status", "visibility", "score", "max_score", "message", "staff", "seconds", "likely")
    ]


def test_the_same_submission_gets_the_same_seed_and_another_one_another(graded: Grade) -> None:
    first, again, other = graded(SOLUTION), graded(SOLUTION), graded(SOLUTION + "\n# mine\n")
    assert first.seed == again.seed != other.seed
    assert first.hashes["submission"] == again.hashes["submission"] != other.hashes["submission"]
    assert first.hashes["suite"] == other.hashes["suite"]


def test_the_seed_does_not_depend_on_which_questions_are_graded(
    solutions_report: Report, sandbox: Sandbox, assignment: Assignment
) -> None:
    submission = read_submission(course.SOLUTIONS, assignment)
    seeds = {grade(submission, assignment, sandbox, questions=chosen).seed for chosen in (("q2",), ("q1", "q5"))}
    assert seeds == {solutions_report.seed}


def test_points_that_do_not_add_up_stop_the_grading(assignment: Assignment, sandbox: Sandbox) -> None:
    first, *others = assignment.questions
    more = replace(assignment, questions=(replace(first, points=21), *others))
    with pytest.raises(GraderFault, match=r"worth 16 points; by assignment\.toml a program gives 17"):
        grade(read_submission(course.SOLUTIONS, more), more, sandbox)


def test_a_suite_that_cannot_be_imported_stops_the_grading_and_says_why(
    assignment: Assignment, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "test_q1_broken.py"
    broken.write_text("import no_such_library")
    monkeypatch.setattr(suite, "suite_files", lambda _: [broken])
    with pytest.raises(GraderFault, match=r"(?s)A suite cannot be collected.*no_such_library"):
        grade(read_submission(course.SOLUTIONS, assignment), assignment, sandbox, questions=("q1",))


class Killer:
    """Kills every worker after a test, as the kernel does when memory ends, so many times; counts workers."""

    def __init__(self, sandbox: Sandbox, times: int) -> None:
        self.sandbox, self.times = sandbox, times
        self.workers: list[int] = []

    def __call__(self, question: str, done: int, tests: int) -> None:  # noqa: ARG002
        watches = self.sandbox._supervisor._watches
        self.workers.append(len(watches))
        if self.times and done == 2:
            self.times -= 1
            for watch in watches:
                os.kill(watch._pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can tell who killed a worker")
def test_a_submission_killed_from_outside_is_graded_again_with_one_worker_at_a_time(
    assignment: Assignment, sandbox: Sandbox
) -> None:
    submission, questions = read_submission(course.SOLUTIONS, assignment), ("q2", "q3", "q5")
    killer = Killer(sandbox, times=1)
    report = grade(submission, assignment, sandbox, questions=questions, progress=killer)
    assert report.score == report.max_score
    assert not [flag for question in report.questions for flag in question.flags]
    assert max(killer.workers) > 1
    assert max(killer.workers[3:]) == 1  # the test after the kill is the last that the first try begins


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can tell who killed a worker")
@pytest.mark.parametrize(("alone", "tries"), [(None, 2), (False, 1), (True, 1)])
def test_a_submission_killed_from_outside_twice_is_not_graded(
    assignment: Assignment, sandbox: Sandbox, *, alone: bool | None, tries: int
) -> None:
    killer = Killer(sandbox, times=9)
    submission = read_submission(course.SOLUTIONS, assignment)
    with pytest.raises(KilledFromOutside, match=r"killed from outside.* needs memory for what a submission may use"):
        grade(submission, assignment, sandbox, questions=("q2", "q3"), progress=killer, alone=alone)
    assert killer.times == 9 - tries


def test_pytest_settings_of_the_person_who_grades_change_nothing(
    graded: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x --collect-only -p no:nothing")
    report = graded(course.STUBS)
    assert len(report.questions[0].tests) == 17
    assert all(test.message for test in report.questions[0].tests)


def test_code_that_reads_as_a_comment_is_flagged(graded: Grade, tmp_path: Path) -> None:
    (tmp_path / "q1_conv2d.py").write_text("# coding: utf-7\n# +AAo-def conv2d(*given):+AAo-    return None\n")
    (question,) = graded(tmp_path).questions
    assert any("names UTF-7 as its encoding" in flag for flag in question.flags)


def test_what_failing_tests_had_in_hand_is_let_go_at_once(assignment: Assignment, sandbox: Sandbox) -> None:
    large, held = 1 << 20, []
    source = f"import torch\n\n\ndef relu(*given, **named):\n    return torch.zeros({large})\n"

    def look(*_: object) -> None:
        held.append(sum(type(each) is torch.Tensor and each.numel() == large for each in gc.get_objects()))

    gc.disable()  # it would come by too late for answers of hundreds of megabytes
    try:
        report = grade(
            Submission("a student", {"q2_relu.py": source.encode()}),
            assignment,
            sandbox,
            questions=("q2",),
            progress=look,
        )
    finally:
        gc.enable()
    assert report.score == 0
    assert len(held) > 4
    assert max(held) <= 2  # pytest has the last error, with one tensor and what it was compared as


def test_an_unknown_question_is_refused(assignment: Assignment) -> None:
    with pytest.raises(UnusableRequest, match="There is no question q9; there are q1"):
        assignment.choose(["q9"])


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, "blank"),
        ("", "blank"),
        ((course.STUBS / "explanations.md").read_text("utf-8"), "blank"),
        ("## Q1. Why?\n\n   \n\n---\n\n## Q3. What?\n\nAn answer to another question.\n", "blank"),
        ("## Q1. Why?\n\nStride skips places.\n\n## Q3. What?\n", "awaiting"),
        (
            (course.STUBS / "explanations.md").read_text("utf-8").replace("stride 2 | | |", "stride 2 | 24 | 49 |", 1),
            "awaiting",
        ),
    ],
)
def test_a_written_answer_awaits_a_reader_unless_it_is_blank(
    graded: Grade, tmp_path: Path, answer: str | None, state: str
) -> None:
    (tmp_path / "q1_conv2d.py").write_text(SOLUTION)
    if answer is not None:
        (tmp_path / "explanations.md").write_text(answer)
    report = graded(tmp_path)
    assert report.questions[0].written is not None
    assert report.questions[0].written.state == state
    assert report.pending == (4 if state == "awaiting" else 0)
    assert report.score == report.max_score == 16


def test_the_table_of_a_written_answer_is_checked_and_gives_no_points(graded: Grade, tmp_path: Path) -> None:
    (tmp_path / "q1_conv2d.py").write_text(SOLUTION)
    template = (course.STUBS / "explanations.md").read_text("utf-8")
    filled = template.replace("stride 2 | | |", "stride 2 | 24 | 50 |", 1).replace(
        "(3, 1) | | |", "(3, 1) | 26 | 100 |"
    )
    (tmp_path / "explanations.md").write_text(filled)
    written = graded(tmp_path).questions[0].written
    assert written is not None
    assert written.comment.startswith("Of the table's 6 numbers 3 are right")
    assert written.score is None
