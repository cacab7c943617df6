"""A question is known by the names of its files, and one that a course adds needs no line in anybody's fixtures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from assignment.given.question_files import module_of, operation_of, question_of, suites_in
from autograder import course
from autograder.grading.pytest_run import know_markers, question_fixtures, run_pytest

ADDED = """import pytest


@pytest.mark.points(3, category="sum")
def test_sum(q8):
    assert q8.add(1, 2) == 3
"""


@pytest.mark.parametrize("file", ["q3_max_pool2d", "q3_max_pool2d.py", "tests/test_q3_max_pool2d.py"])
def test_a_files_name_says_whose_it_is(file: str) -> None:
    assert (question_of(file), operation_of(file), module_of(file)) == ("q3", "max_pool2d", "q3_max_pool2d")
    assert question_of(Path(file)) == "q3"


def test_a_file_for_all_questions_is_of_no_operation() -> None:
    assert operation_of("explanations.md") == ""


def test_the_suites_of_a_folder_are_the_courses_questions() -> None:
    asked = [question.module for question in course.load().questions]
    assert [module_of(file) for file in suites_in(course.PUBLIC_TESTS)] == asked
    assert [module_of(file) for file in suites_in(course.HIDDEN_TESTS)] == asked


@pytest.mark.slow  # a whole run of a student's pytest
def test_an_added_question_is_tested_at_home(student: Path) -> None:
    (student / "tests" / "test_q8_add.py").write_text(ADDED, "utf-8")
    (student / "assignment" / "q8_add.py").write_text("def add(a, b):\n    return a + b\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_q8_add.py"]
    done = subprocess.run(command, cwd=student, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Public tests: 3 of 3 points in this run" in done.stdout


class _Plugin:
    def pytest_configure(self, config: pytest.Config) -> None:
        know_markers(config)
        config.pluginmanager.register(question_fixtures({"q8": SimpleNamespace(add=lambda a, b: a + b)}))


def test_an_added_question_has_its_fixture_in_grading(tmp_path: Path) -> None:
    (tmp_path / "test_q8_add.py").write_text(ADDED, "utf-8")
    assert run_pytest([tmp_path / "test_q8_add.py"], _Plugin())[0] == pytest.ExitCode.OK
