"""The steps of the workflow, run from the command line as they are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import course


def test_a_token_where_students_code_runs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\n")
    done = subprocess.run(
        [sys.executable, "-m", "autograder.places.github", "grade", "--roster", str(tmp_path / "roster.csv")],
        cwd=course.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "GH_TOKEN": "x"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("autograder: GH_TOKEN is in the environment of the step that runs students' code")


@pytest.mark.parametrize("step", [["shards"], ["summary", "--csv", "{}/scores.csv", "--work", "{}"]])
def test_what_comes_before_and_after_grading_needs_no_package(tmp_path: Path, step: list[str]) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\n")
    words = [word.replace("{}", str(tmp_path)) for word in [*step, "--roster", "{}/roster.csv"]]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "autograder.places.github", *words],
        cwd=course.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.endswith({"shards": "1 student in 1 shard.\n", "summary": "0 of 1 students graded.\n"}[step[0]])
    assert done.returncode == (step[0] == "summary")
