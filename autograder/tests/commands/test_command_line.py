"""The commands, as a person or a script runs them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import course
from autograder.tests.support.commands import run
from autograder.tests.support.hostile import commands, unseen


def test_grade_prints_the_answer_and_nothing_else_in_a_pipe(tmp_path: Path) -> None:
    done = run("grade", "solutions", "--question", "q1", "--no-training", "--json", str(tmp_path / "r.json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "16 of 16 points, 4 more await a reader" in done.stdout
    assert "Networks were not trained" in done.stdout
    assert "\x1b" not in done.stdout
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["score"] == 16


def test_grade_takes_a_zip_file_and_a_score_of_zero_is_an_answer_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "anna.zip", "w") as archive:
        archive.write(course.STUBS / "q2_relu.py", "lab/assignment/q2_relu.py")
        archive.writestr("lab/utils.py", "")
    done = run("grade", str(tmp_path / "anna.zip"), "--question", "q2", "--no-training")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n0 of 5 points" in done.stdout
    assert "Left out, not part of the assignment:\n      ../utils.py" in done.stdout


def test_colour_and_progress_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", "grade", "solutions", "--question", "q2", "--no-training"],
        cwd=course.ROOT, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    assert b"starting the sandbox" in shown
    assert b"\x1b[32m" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["grade", "nowhere"], "nowhere does not exist"),
        (["grade", "README.md"], "is not a folder"),
        (["grade", ".github"], "holds none of the assignment's files"),
        (["grade", "solutions", "--question", "q9"], "There is no question q9"),
        (["grade", "solutions", "--json", "nowhere/r.json"], "does not exist"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_status_2(arguments: list[str], words: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["grade", "solutions", "--question", "q6", "--device", "cuda"],
        pytest.param(["warm", "--question", "q6", "--device", "cuda"], marks=pytest.mark.slow),
        pytest.param(["calibrate", "--question", "q6", "--device", "cuda"], marks=pytest.mark.slow),
        pytest.param(["benchmark", "--gpu"], marks=pytest.mark.slow),
    ],
)
def test_a_gpu_that_is_not_there_is_one_line_and_exit_status_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # nothing is there, wherever the test is run
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("autograder: --device cuda: ")
    assert "torch finds no GPU on this machine" in line or "was built for the CPU alone" in line
    assert line.endswith("Without --device the CPU trains.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["grade", "{}"],
        ["grade", "solutions", "{}"],  # as from `grade folder/*`
        ["grade", "solutions", "--{}"],
        ["grade", "solutions", "--question", "{}"],
        ["grade", "solutions", "--json", "{}/r.json"],
        ["grade", "solutions", "--device", "{}"],
        ["{}"],
    ],
)
def test_complaints_show_a_name_and_do_not_obey_it(arguments: list[str]) -> None:
    hostile = "x\x1b[2J\x1b]0;title\x07\u202e\udcff\nautograder: forged\n::add-mask::16 ##[error]"
    done = run(*(argument.replace("{}", hostile) for argument in arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert unseen(done.stderr) == []
    assert commands(done.stderr) == []
    assert not [line for line in done.stderr.splitlines() if line.startswith("autograder: forged")]


@pytest.mark.parametrize(
    ("command", "module"),
    [(["stubs", "--check"], "nbformat"), (["stubs", "--check"], "click"), (["grade", "solutions"], "torch")],
)
def test_a_missing_requirement_is_one_line_and_leaves_nothing(tmp_path: Path, command: list[str], module: str) -> None:
    script = (
        "import sys, runpy\n"
        f"sys.modules[{module!r}] = None\n"  # importing it fails as if it were not installed
        f"sys.argv = ['autograder', *{command!r}]\n"
        "runpy.run_module('autograder', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=course.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"has no {module}; pip install -r requirements.txt" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["grade", "--help"], ["stubs", "--check"], ["grade", "nowhere"]])
def test_light_commands_do_not_import_torch(arguments: list[str]) -> None:
    script = (
        "import sys, runpy\n"
        f"sys.argv = ['autograder', *{arguments!r}]\n"
        "try:\n    runpy.run_module('autograder', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=course.ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_help_of_all_commands_imports_what_declares_them_and_nothing_that_they_use() -> None:
    """A person waits for it, and every module that is imported makes the wait longer."""
    script = (
        "import sys, runpy\n"
        "sys.argv = ['autograder', '--help']\n"
        "try:\n    runpy.run_module('autograder', run_name='__main__')\n"
        "except SystemExit:\n    print(*sorted(sys.modules), sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=course.ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    ours = {".".join(name.split(".")[1:2]) for name in loaded if name.startswith("autograder.")}
    assert ours <= {"commands", "course", "errors", "places", "sandbox", "text"}
    places = {name for name in loaded if name.startswith("autograder.places.")}
    assert places == {"autograder.places.registry"}
    assert not loaded & {"secrets", "hashlib", "msgspec", "torch"}


def test_a_grader_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "q1_conv2d.py").write_text("import time\ntime.sleep(1000)\n")
    folder = tmp_path / "tmp"
    folder.mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", "grade", str(tmp_path), "--no-training"],
        cwd=course.ROOT, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    _wait_until(lambda: any(folder.glob("*/scratch-*")))
    process.kill()
    process.wait()
    _wait_until(lambda: not any(folder.iterdir()))


def _wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within 30 seconds")
