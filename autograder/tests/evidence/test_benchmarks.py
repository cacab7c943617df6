"""The tools that measure: what they look at is there, and what is not is named as missing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.evidence.benchmarks import Measurement, peers, print_table, without_training
from autograder.evidence.benchmarks.direct import Direct, recorded_calls
from autograder.evidence.benchmarks.memory import Memory, look
from autograder.evidence.benchmarks.nbgrader import with_module
from autograder.evidence.benchmarks.networks import Options, differing_tests, run
from autograder.evidence.benchmarks.whole_class import Bench
from autograder.intake import read_submission
from autograder.intake.notebook import as_module, code_cells
from autograder.places.nbgrader.notebooks import make_notebooks
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.classes import result_of
from autograder.tests.support.half_right import half_right

MEGABYTE = 1 << 20
HELD = 64 * MEGABYTE

# Starts a process that holds memory until it gets an answer.
HOLDER = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", "held = b'x' * {HELD}; print('held', flush=True); input()"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory is shared")
def test_memory_of_processes_below_a_process_counts() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        size, hidden = look(process.pid)
        process.communicate(b"\n")
    assert HELD < size < 3 * HELD
    assert hidden == 0


def test_memory_is_compared_from_the_first_result_on() -> None:
    memory = Memory([(0.0, 1), (1.0, 50), (2.0, 60), (3.0, 99), (4.0, 70), (5.0, 80), (6.0, 75)])
    assert memory.peak == 99
    assert memory.fifths(since=1.0) == (50, 75)


@pytest.mark.parametrize(("ending", "failed"), [("", 0), ("\n\ndef relu(*_, **__):\n    raise ValueError\n", True)])
def test_the_calls_of_the_tests_are_made_again(
    assignment: Assignment, sandbox: Sandbox, ending: str, failed: bool
) -> None:
    asked = replace(assignment, questions=assignment.choose(["q2"]))
    submission = read_submission(course.SOLUTIONS, asked)
    calls = recorded_calls(submission, asked, sandbox)
    assert {name for _, name, *_ in calls} == {"relu"}
    modules = {name: contents + ending.encode() for name, contents in submission.modules.items()}
    with Direct(modules, calls) as made_directly:
        seconds, count = made_directly.seconds()
    assert 0 < seconds < 60
    assert count == (len(calls) if failed else 0)


def test_a_module_answers_a_notebook(assignment: Assignment) -> None:
    for question in assignment.questions:
        notebook = with_module(make_notebooks(assignment)[f"{question.module}.ipynb"], "answer = 42\n")
        code = [line for line in as_module(code_cells(notebook), "").decode().splitlines() if line and line[0] != "#"]
        assert code == ["answer = 42"]
        kept = {cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in json.loads(notebook)["cells"]}
        assert {"setup", f"{question.id}-public", f"{question.id}-hidden"} <= kept


def test_a_peer_that_is_not_there_is_named_with_how_to_get_it(assignment: Assignment, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o700)
    peer = peers.otter([], assignment, [], str(python))
    assert peer.seconds is None
    assert "pip install otter-grader" in peer.absent


@pytest.mark.slow  # a grader of its own
def test_a_submission_whose_name_is_not_printable_is_looked_at_closely(assignment: Assignment, tmp_path: Path) -> None:
    half_right(tmp_path / "class-1" / "family 👩\u200d👩\u200d👧")
    bench = Bench(tmp_path, replace(assignment, questions=assignment.choose(("q2",))), jobs=1)
    graded = bench.graded(1)
    [(submission, result)] = bench.sample(graded, 1)
    assert "\u200d" not in result.source
    assert submission.modules


def test_questions_that_train_are_refused_or_left_out(assignment: Assignment) -> None:
    trains = next(question.id for question in assignment.questions if question.trains)
    with pytest.raises(UnusableRequest, match=f"{trains} trains a network: another time"):
        without_training(assignment, (trains,), "another time")
    assert all(not question.trains for question in without_training(assignment, (), "another time"))


def test_what_misses_its_aim_is_shown_as_missed(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(
        "Speed",
        [
            Measurement("slow", "9 s", "1 s", met=False),
            Measurement("quick", "1 s", "9 s", met=True),
            Measurement("all", "2"),
        ],
    )
    rows = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if "│" in line}
    assert "missed" in rows["slow"]
    assert "met" in rows["quick"]
    assert "m" not in rows["all"]


def test_a_build_that_is_not_there_is_named() -> None:
    with pytest.raises(UnusableRequest, match="no-such-commit cannot be checked out"):
        run(Options(before="no-such-commit"))


def test_tests_with_other_points_are_named(assignment: Assignment) -> None:
    before = [result_of("ada", assignment), result_of("ben", assignment)]
    now = [result_of("ada", assignment), result_of("ben", assignment, public={"q2": 0})]
    assert differing_tests(before, before) == []
    (line,) = differing_tests(before, now)
    assert line.startswith(f"{before[1].key} q2 ")
    assert line.endswith(": 4 → 5")  # what it has no public points for, it has hidden ones for
