"""What students run, on systems like Windows: an old code page, no fork, no alarm, no links, other line ends."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import course
from autograder.tests.support.student_repository import solve

# Python imports it at its start. `sys.platform` stays: the standard library's own modules depend on it.
LIKE_WINDOWS = """
import os, signal
for name in ("fork", "forkpty", "killpg", "symlink", "link"):
    vars(os).pop(name, None)
for name in ("SIGALRM", "SIGKILL", "setitimer", "alarm"):
    vars(signal).pop(name, None)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A student's repository whose files have the line ends of Windows."""
    folder = tmp_path / "lab"
    for name in ("assignment", "tests"):
        shutil.copytree(course.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(course.ROOT / "conftest.py", folder)
    template = course.ROOT / "autograder" / "release" / "template"
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(template / name, folder)
    solve(folder, "q1_conv2d")
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    (tmp_path / "sitecustomize.py").write_text(LIKE_WINDOWS)
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    settings = {"PYTHONPATH": str(folder.parent), "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env={**os.environ, **settings},
        capture_output=True, encoding="cp1252", check=False,
    )  # fmt: skip


def test_the_public_tests_run_and_their_board_can_be_read(repository: Path) -> None:
    done = run(repository, "-m", "pytest", "-p", "no:xdist", "tests/test_q1_conv2d.py", "tests/test_q2_relu.py")
    assert re.search(r"(?m)^q1 conv2d         #{20}   5 of 5   done", done.stdout), done.stdout + done.stderr
    assert re.search(r"(?m)^q2 relu           \.{20}   0 of 3   next: values", done.stdout)
    assert "TODO: relu in assignment" in done.stdout
    assert "Error" not in done.stdout + done.stderr
    assert "\\u" not in done.stdout


def test_a_wrong_answer_s_message_can_be_read(repository: Path) -> None:
    module = repository / "assignment" / "q1_conv2d.py"
    module.write_text(module.read_text("utf-8").replace("last_start // step + 1", "last_start / step + 1"), "utf-8")
    done = run(repository, "-m", "pytest", "-p", "no:xdist", "-k", "q1 and output_size", "tests/test_q1_conv2d.py")
    assert "H_out = floor((50 + 2·0 - 1·(3 - 1) - 1) / 2) + 1 = 24" in done.stdout, done.stdout + done.stderr
    assert "// does, / does not" in done.stdout


@pytest.mark.slow  # waits for several time limits; one is waited for in `public_tests/test_messages.py`
def test_an_endless_loop_is_stopped_with_its_line_and_the_run_goes_on(repository: Path) -> None:
    (repository / "assignment" / "q2_relu.py").write_text(
        "def relu(input, inplace=False):\n    i = 0\n    while i < 10:\n        x = i\n    return input\n"
    )
    done = run(repository, "-m", "pytest", "-p", "no:xdist", "-o", "timeout=8", "tests/test_q2_relu.py")
    assert "it did not end, and was stopped in this line: an endless loop?" in done.stdout, done.stdout + done.stderr
    assert re.search(r"q2_relu\.py, line [34], in relu: ", done.stdout)
    assert "3 failed" in done.stdout


@pytest.mark.slow  # starts Python anew, and torch with it
def test_commands_speak_the_code_page(repository: Path) -> None:
    hint = run(repository, "-m", "assignment", "hint", "q3", "ceil", "2")
    assert (hint.returncode, hint.stderr) == (0, "")
    assert "-(-a // b) rounds a / b up" in hint.stdout
    shown = run(repository, "-m", "assignment", "show", "q1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Saved as a picture" in shown.stdout
    found = run(repository, "-m", "assignment", "doctor")
    assert "Traceback" not in found.stderr
    assert re.search(r"note  output +cp1252", found.stdout)


@pytest.mark.slow  # starts Python anew, and torch with it
def test_tests_run_without_fork(repository: Path) -> None:
    program = (
        "import torch\n"
        "from assignment.given.practice import run_tests\n"
        "print([(each.category, each.passed) for each in run_tests('assignment', ['q2'])])"
    )
    done = run(repository, "-c", program)
    assert done.stdout.strip() == "[('values', False), ('any number type', False), ('in place', False)]", done.stderr
