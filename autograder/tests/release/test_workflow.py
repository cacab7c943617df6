"""The student repository's own workflow, as its runner runs it: each step, on answers of every kind."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.tests.support.processes import assert_gone, began_at
from autograder.tests.support.student_repository import board, solve
from autograder.tests.support.student_workflow import WORKFLOW, Job, read, reported, reporter_of, run_job, steps
from tests import classroom

# Every way in which a question can go wrong, and what it leaves of its points.
HALF_RIGHT = {
    "q1": ("i * spread_h, i * spread_h +", "i, i +"),  # dilation is wrong
    "q2": ("    if inplace:\n", "    if inplace:\n        import os\n        os._exit(0)\n"),
    "q3": ('    """Take', '    import signal\n    signal.raise_signal(signal.SIGSEGV)\n    """Take'),
    "q4": ("def avg_pool2d(", "def avg_pool2d((:"),
    "q5": ("import torch\n", "import torch, os\nos._exit(3)\n"),
}
EXPECTED = {"q1": (4, 5), "q2": (2, 3), "q3": (0, 6), "q4": (0, 5), "q5": (0, 3), "q6": (0, 6), "q7": (0, 0)}

SPY = """
import json, os, pathlib
pathlib.Path("runs").mkdir(exist_ok=True)
pathlib.Path("runs/seen.json").write_text(json.dumps(dict(os.environ)))
"""


@pytest.fixture(scope="module")
def half_right(released: Path, assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The whole job on answers of which each is wrong in its own way."""
    folder = tmp_path_factory.mktemp("half right")
    student = Path(shutil.copytree(released, folder / "student"))
    modules = {question.id: question.module for question in assignment.questions}
    for question, (place, instead) in HALF_RIGHT.items():
        solve(student, modules[question])
        path = student / "assignment" / f"{modules[question]}.py"
        text = path.read_text("utf-8")
        assert place in text, question
        path.write_text(text.replace(place, instead, 1))
    with (student / "assignment" / f"{modules['q1']}.py").open("a") as file:
        file.write(SPY)
    # Where a test fails, pytest shows what was printed.
    (student / "assignment" / f"{modules['q6']}.py").write_text(
        'print("\\n::error::from a student")\nraise ValueError\n'
    )
    (student / "tests" / f"test_{modules['q7']}.py").unlink()
    return run_job(student, folder)


@pytest.mark.slow  # a whole job, with a pytest for each question
def test_each_question_has_a_row_whatever_its_code_does(half_right: Job) -> None:
    assert half_right.status == 0, half_right.log  # whether the job fails is the reporter's to say
    results = half_right.results()
    points = {
        question: (sum(test["score"] for test in result["tests"]), result["max_score"])
        for question, result in results.items()
    }
    assert points == EXPECTED
    assert {question: result["status"] for question, result in results.items()} == {
        "q1": "fail",
        "q2": "error",
        "q3": "error",
        "q4": "fail",
        "q5": "error",
        "q6": "fail",
        "q7": "error",
    }
    assert [test["message"] for test in results["q2"]["tests"]] == [
        "",
        "",
        "in place: did not come to its end; see the log of the step before",
    ]
    assert "is missing" in results["q7"]["tests"][0]["message"]


@pytest.mark.slow  # a whole job, with a pytest for each question
def test_table_notice_and_total_agree_for_half_right_answers(half_right: Job, assignment: Assignment) -> None:
    report = reporter_of(half_right)
    assert report.rows == {question.id: EXPECTED[question.id] for question in assignment.questions}
    assert report.total == report.notice == (6, 28)
    assert report.status == 1


def test_an_entry_a_point_is_what_makes_them_agree() -> None:
    """A test of two points is two entries: as one, the table would count it as one of two tests."""
    result = classroom.result({"test_a": ("easy", 1), "test_b": ("hard", 2)}, {"test_a": "pass", "test_b": "fail"})
    assert [(test["name"], test["score"]) for test in result["tests"]] == [
        ("easy", 1), ("hard (1 of 2)", 0), ("hard (2 of 2)", 0),
    ]  # fmt: skip
    shown = reported("q1", {"Q1_RESULTS": base64.b64encode(json.dumps(result).encode()).decode()})
    assert shown.rows["q1"] == shown.total == shown.notice == (1, 3)
    # passed / entries * max_score is a whole number only where the division's error does not show.
    most = max(sum(points for _, points in classroom.tests_of(f"q{number}")[1].values()) for number in range(1, 8))
    assert most > 1
    assert all(passed / entries * entries == passed for entries in range(1, most + 1) for passed in range(entries + 1))


@pytest.mark.slow  # a whole job, with a pytest for each question
def test_the_summary_says_points_and_what_is_next(half_right: Job) -> None:
    assert half_right.summary.startswith("## Public tests\n\n```text\nq1 conv2d ")
    shown = {line.split()[0]: line for line in board(half_right.summary)}
    assert [question for question in EXPECTED if question != "q7"] == list(shown)
    for question, line in shown.items():
        points, most = EXPECTED[question]
        assert f" {points} of {most} " in line
    assert "q7" in half_right.summary
    assert "Public tests: 6 of 28 points. The grade counts hidden tests too." in half_right.summary
    assert 'Next: pytest -k "q1 and dilation"' in half_right.summary


@pytest.mark.slow  # a whole job, with a pytest for each question
def test_what_a_student_s_code_prints_is_not_a_command_to_the_runner(half_right: Job) -> None:
    seen = json.loads((half_right.folder / "runs" / "seen.json").read_text("utf-8"))
    assert not seen.keys() & set(classroom.FOR_THE_RUNNER)
    assert "PATH" in seen
    stopped, obeyed, printed = "", [], 0
    for line in half_right.log.splitlines():
        if stopped:
            printed += line.startswith("::error::from a student")
            stopped = "" if line == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
            assert len(stopped) == 32
        elif line.startswith("::"):
            obeyed.append(line)
    assert printed >= 1
    assert set(obeyed) == {*(f"::group::q{number}" for number in range(1, 7)), "::endgroup::"}


@pytest.mark.slow  # a second whole job
def test_green_questions_pass_and_a_red_one_fails_the_job(student: Path, tmp_path: Path) -> None:
    solve(student, "q1_conv2d", "q2_relu")
    job = run_job(student, tmp_path, questions="q1,q2")
    assert job.status == 0, job.log
    names = {f"{question.upper()}_RESULTS": value for question, value in job.outputs.items()}
    green = reported("q1,q2", names)
    assert (green.total, green.notice, green.status) == ((8, 8), (8, 8), 0)
    assert "All public tests are green." in job.summary
    red = reported("q1,q2", {**names, "Q2_RESULTS": encoded(classroom.result(classroom.tests_of("q2")[1], {}))})
    assert red.status == 1


def encoded(result: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(result).encode()).decode()


@pytest.mark.slow  # it waits until a question's time is over
def test_what_never_ends_is_ended(student: Path, tmp_path: Path) -> None:
    """A loop that nothing interrupts, and a process that it started, are gone when the question's time is over."""
    (student / "assignment" / "q2_relu.py").write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('runs.txt', 'w').write(str(child.pid))\n"
        "while True:\n    try:\n        time.sleep(600)\n    except BaseException:\n        pass\n"
    )
    program = "from tests import classroom; classroom.SECONDS = 20; classroom.main(['q2', 'q9'])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=student, env={**os.environ, "GITHUB_OUTPUT": str(tmp_path / "out")},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Public tests: 0 of 3 points." in done.stdout
    assert [line.split()[:2] for line in board(done.stdout)] == [["q2", "relu"]]
    child = int((student / "runs.txt").read_text())
    assert_gone({child: began_at(child)})
    outputs = dict(line.split("=", 1) for line in (tmp_path / "out").read_text().splitlines())
    report = reported("q2,q9", {f"{name.upper()}_RESULTS": value for name, value in outputs.items()})
    assert report.rows == {"q2": (0, 3), "q9": (0, 0)}
    assert report.status == 1


@pytest.mark.slow  # two runs of pytest more
def test_tests_that_cannot_be_collected_count_for_nothing(student: Path) -> None:
    (student / "tests" / "checks.py").write_text("def broken(:\n")
    program = "from tests import classroom; classroom.main(['q1', 'q2'])"
    done = subprocess.run([sys.executable, "-c", program], cwd=student, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Public tests: 0 of 8 points." in done.stdout
    assert "SyntaxError" in done.stdout + done.stderr


def test_a_test_counts_if_all_of_it_passed(tmp_path: Path) -> None:
    record = tmp_path / "record"
    lines = [
        *(["a", "collected"], ["b", "collected"], ["b", "collected"], ["c", "collected"], ["d", "collected"]),
        *(["a", "pass"], ["b", "pass"], ["c", "pass"], ["c", "fail"]),
    ]
    record.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '["d", "pa')  # it ended while it wrote
    assert classroom.ends(str(record)) == {"a": "pass", "b": "error", "c": "fail", "d": "error"}
    assert classroom.ends(str(tmp_path / "nothing")) == {}


def test_the_workflow_is_one_and_holds_no_secret(released: Path) -> None:
    workflow = read(released)
    assert workflow["on"] == ["push", "workflow_dispatch"]
    assert workflow["permissions"] == {"contents": "read", "actions": "read", "checks": "write"}
    assert "secrets" not in (released / WORKFLOW).read_text("utf-8")
    [setup] = [step for step in steps(released) if step.get("uses", "").startswith("actions/setup-python@")]
    assert setup["with"]["cache"] == "pip"
    assert (released / setup["with"]["cache-dependency-path"]).is_file()
    [job] = workflow["jobs"].values()
    questions = len(steps(released)[-1]["with"]["runners"].split(","))
    assert job["timeout-minutes"] * 60 > questions * classroom.SECONDS
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW],
        cwd=released, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_its_questions_are_the_course_s(assignment: Assignment, tmp_path: Path) -> None:
    from autograder.release.contents import student_tree

    fewer = dataclasses.replace(assignment, questions=assignment.questions[1:3])
    text = student_tree(fewer)[0][WORKFLOW].decode()
    (tmp_path / WORKFLOW).parent.mkdir(parents=True)
    (tmp_path / WORKFLOW).write_text(text)
    last = steps(tmp_path)[-1]
    ids = [question.id for question in course.load().questions[1:3]]
    assert last["with"]["runners"] == ",".join(ids)
    assert last["env"] == {f"{name.upper()}_RESULTS": f"${{{{ steps.points.outputs.{name} }}}}" for name in ids}
