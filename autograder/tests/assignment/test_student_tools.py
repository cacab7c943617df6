"""What a student has at hand: pytest with its scoreboard, status, hints, watch."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from assignment.given.commands import main
from assignment.given.handed_in import GIVEN, questions
from autograder import course
from autograder.course import Assignment
from autograder.tests.support.grading import Grade
from autograder.tests.support.student_repository import QUESTIONS, board, run, solve

RELEASED = ("assignment", "tests", "conftest.py")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A student's repository: what is released, and nothing else."""
    for name in RELEASED:
        source = course.ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path)
    shutil.copy(course.ROOT / "autograder" / "release" / "template" / "pyproject.toml", tmp_path)
    return tmp_path


def test_a_fresh_repository_is_red_with_a_line_a_test(repository: Path) -> None:
    done = run(repository, "pytest")
    assert done.returncode == 1
    assert [line.split()[0] for line in board(done.stdout)] == QUESTIONS
    assert "Public tests: 0 of 35 points. The grade counts hidden tests too." in done.stdout
    todo = re.findall(r"(?m)^TODO: (\S+) in (\S+), line \d+$", done.stdout)
    assert len(todo) == len(set(todo)) == 17
    assert ("FullyConnected.__init__", "assignment/q5_linear.py") in todo
    assert "Traceback" not in done.stdout
    printed = done.stdout.splitlines()
    assert len(printed) <= 60
    assert max(map(len, printed)) <= 80
    assert [line.split()[0] for line in board("\n".join(printed[-24:]))] == QUESTIONS


def test_what_a_green_run_of_some_tests_says_is_next(repository: Path) -> None:
    solve(repository, "q1_conv2d", "q2_relu")
    some = run(repository, "pytest", "-q", "-k", "q1 and dilation").stdout
    assert "Public tests: 1 of 1 point in this run, of 35 in all." in some
    assert "Green so far. Next: pytest -k q1, all tests of q1" in some
    question = run(repository, "pytest", "-q", "-k", "q2").stdout
    assert "Public tests: 3 of 3 points in this run, of 35 in all." in question
    assert "Green so far. Next: pytest, the tests of all questions" in question
    assert "hand in" not in some + question


def test_the_board_tells_points_and_what_is_next(repository: Path) -> None:
    solve(repository, "q1_conv2d", "q3_max_pool2d")
    done = run(repository, "pytest", "-q")
    assert "q1 conv2d         ████████████████████   5 of 5   done" in done.stdout
    assert "q2 relu           ░░░░░░░░░░░░░░░░░░░░   0 of 3   next: values" in done.stdout
    assert 'Next: pytest -k "q2 and values"\nStuck? python -m assignment hint q2\n' in done.stdout
    again = run(repository, "pytest", "-k", "q2 and values", "-q")
    assert "1 failed" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "questions"),
    [
        pytest.param(["-k", "q1"], ["q1"], marks=pytest.mark.slow),  # as in the test above
        pytest.param(["tests/test_q2_relu.py"], ["q2"], marks=pytest.mark.slow),
        pytest.param(["-x"], QUESTIONS, marks=pytest.mark.slow),  # all questions, as in the tests above
        (["--collect-only"], []),
        pytest.param(["-n", "2"], QUESTIONS, marks=pytest.mark.slow),
        pytest.param(["--target", "assignment"], QUESTIONS, marks=pytest.mark.slow),
        (["--target=assignment", "-k", "q5"], ["q5"]),
    ],
)
def test_pytest_behaves_as_its_users_expect(repository: Path, arguments: list[str], questions: list[str]) -> None:
    solve(repository, "q1_conv2d")
    done = run(repository, "pytest", *arguments)
    assert [line.split()[0] for line in board(done.stdout)] == questions
    assert "INTERNALERROR" not in done.stdout + done.stderr


def test_pytest_finds_the_tests_from_the_folder_of_the_answers(repository: Path) -> None:
    done = run(repository / "assignment", "pytest", "-q", "-k", "q2 and values")
    assert [line.split()[0] for line in board(done.stdout)] == ["q2"], done.stdout
    assert "TODO: relu in q2_relu.py, line" in done.stdout


@pytest.mark.slow  # all public tests, five times
def test_status_remembers_what_was_green(repository: Path) -> None:
    assert "Green since" not in run(repository, "assignment", "status").stdout
    solve(repository, "q2_relu")
    assert (
        "Green since last time: q2 any number type, q2 in place, q2 values."
        in run(repository, "assignment", "status").stdout
    )
    assert "Green since" not in run(repository, "assignment", "status").stdout
    shutil.copy(course.STUBS / "q2_relu.py", repository / "assignment")
    assert (
        "No longer green: q2 any number type, q2 in place, q2 values." in run(repository, "assignment", "status").stdout
    )


def test_hints_come_one_at_a_time(repository: Path) -> None:
    topics = run(repository, "assignment", "hint", "q1").stdout
    assert "hint q1 window" in topics
    first = run(repository, "assignment", "hint", "q1", "window").stdout
    assert first.startswith("1. ")
    assert "2. " not in first
    assert "More: python -m assignment hint q1 window 2" in first
    last = run(repository, "assignment", "hint", "q1", "window", "9").stdout
    assert "3. " in last
    assert "More" not in last
    assert run(repository, "assignment", "hint", "q1", "nothing").returncode == 2
    assert run(repository, "assignment", "hint", "q9").returncode == 2


@pytest.mark.parametrize("typed", ["q3", "Q3", "3", "q3_max_pool2d", "assignment/q3_max_pool2d.py"])
def test_a_question_is_known_however_it_is_typed(typed: str) -> None:
    done = CliRunner().invoke(main, ["hint", typed])
    assert done.exit_code == 0
    assert [line.split()[:5] for line in done.output.splitlines()] == [
        ["python", "-m", "assignment", "hint", "q3"] for _ in range(3)
    ]


@pytest.mark.parametrize("typed", ["q33", "q", "conv", "0", "3x"])
def test_what_is_no_question_is_refused_with_the_ones_there_are(typed: str) -> None:
    done = CliRunner().invoke(main, ["hint", typed])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"There is nothing for {typed}; there is for {', '.join(QUESTIONS)}.\n"


def test_hint_alone_lists_what_there_is_for_every_question() -> None:
    shown = CliRunner().invoke(main, ["hint"]).output
    assert list(dict.fromkeys(re.findall(r"(?m)^python -m assignment hint (q\d) \w+ ", shown))) == QUESTIONS
    assert max(map(len, shown.splitlines())) <= 80


def test_no_hint_holds_a_line_of_an_answer(assignment: Assignment) -> None:
    hints = tomllib.loads((course.GIVEN / "hints.toml").read_text("utf-8"))
    assert hints.keys() == {question.id for question in assignment.questions}
    text = (course.GIVEN / "hints.toml").read_text("utf-8")
    for question in assignment.questions:
        solution = (course.SOLUTIONS / f"{question.module}.py").read_text("utf-8")
        for answer in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", solution, re.DOTALL):
            for line in answer.splitlines():
                assert len(line.strip()) < 25 or line.strip() not in text


def test_a_picture_is_shown_and_saved(repository: Path) -> None:
    done = run(repository, "assignment", "show", "q1")
    assert "dilation 3" in done.stdout
    assert (repository / "runs" / "q1_windows.png").read_bytes().startswith(b"\x89PNG")
    assert run(repository, "assignment", "show", "q2").returncode == 2


@pytest.fixture
def watching(repository: Path) -> Iterator[tuple[Path, int]]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "assignment", "watch"],
        cwd=repository, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(theirs)
    yield repository, ours
    process.terminate()
    process.wait()
    os.close(ours)


def until(terminal: int, words: str) -> str:
    """Read the terminal until it shows these words."""
    shown, give_up = "", time.monotonic() + 60
    while words not in shown:
        assert time.monotonic() < give_up, shown
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536).decode("utf-8", "replace")
    return shown


@pytest.mark.skipif(sys.platform != "linux", reason="reads a Linux terminal")
def test_watch_runs_again_when_a_file_is_saved(watching: tuple[Path, int]) -> None:
    folder, terminal = watching
    begun = until(terminal, "Ctrl-C ends")
    assert "TODO: output_size" in begun
    # What is shown at once, before torch is loaded and the tests have run.
    assert begun.lstrip().startswith("Running the public tests")
    solve(folder, "q1_conv2d")
    shown = until(terminal, "hint q2")
    assert "5 of 5" in shown
    assert "TODO: relu" in shown
    (folder / "assignment" / "q2_relu.py").write_text("def relu(:\n")
    assert "SyntaxError" in until(terminal, "SyntaxError")
    solve(folder, "q2_relu")
    until(terminal, "hint q3")


HELPER = "def rectified(x):\n    return (x + abs(x)) / 2\n"


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("from assignment.helpers import rectified", "assignment/helpers.py"),
        pytest.param("from assignment import helpers", "assignment/helpers.py", marks=pytest.mark.slow),
        pytest.param("from .helpers import rectified", "assignment/helpers.py", marks=pytest.mark.slow),
        pytest.param("import helpers", "helpers.py", marks=pytest.mark.slow),
        pytest.param("from .helpers.own import rectified", "assignment/helpers/own.py", marks=pytest.mark.slow),
        pytest.param(
            "from importlib import import_module as get\nget('assignment.helpers')",
            "assignment/helpers.py",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_helper_that_is_not_handed_in_fails_at_home_as_in_the_grade(
    repository: Path, graded: Grade, line: str, file: str
) -> None:
    solve(repository, "q1_conv2d", "q2_relu")
    (repository / file).parent.mkdir(exist_ok=True)
    (repository / file).write_text(HELPER)
    module = repository / "assignment" / "q2_relu.py"
    solved = module.read_text("utf-8")
    module.write_text(solved.replace("from torch import Tensor", f"{line}\nfrom torch import Tensor"), "utf-8")
    done = run(repository, "pytest", "-q", "-k", "q1 or q2")
    helper = "helpers" if file.endswith("own.py") else "helpers.py"
    assert f"{helper} is not handed in: only the assignment's own modules are graded." in done.stdout
    assert f"Put what you need from {helper} into q2_relu.py itself." in done.stdout
    assert [line.split()[3] for line in board(done.stdout)] == ["5", "0"]
    assert graded(repository, question="q2").score == 0


def test_what_is_there_in_grading_can_be_imported_at_home(repository: Path, graded: Grade) -> None:
    solve(repository, "q1_conv2d", "q2_relu")
    module = repository / "assignment" / "q2_relu.py"
    used = "import random\nfrom assignment.q1_conv2d import output_size\nfrom assignment import training\n"
    solved = module.read_text("utf-8")
    module.write_text(solved.replace("from torch import Tensor", f"{used}from torch import Tensor"), "utf-8")
    # The student's own tests may use their own files.
    (repository / "helpers.py").write_text(HELPER)
    (repository / "tests" / "test_mine.py").write_text("import helpers\n\n\ndef test_mine():\n    assert helpers\n")
    done = run(repository, "pytest", "-q", "tests/test_q2_relu.py", "tests/test_mine.py")
    assert done.returncode == 0, done.stdout
    assert graded(repository, question="q2").score == 5


def test_what_is_given_at_home_is_what_is_given_in_grading(assignment: Assignment) -> None:
    answered = {question.module for question in assignment.questions}
    assert {path.stem for path in course.GIVEN.glob("*.py")} == GIVEN
    assert {path.stem for path in course.STUBS.glob("*.py")} - answered == {"__init__", "__main__"}
    assert {f"given/{name}.py" for name in GIVEN} | {"__init__.py"} == course.given_files().keys()
    assert questions() == answered
