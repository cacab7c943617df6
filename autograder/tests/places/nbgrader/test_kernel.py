"""Notebooks from top to bottom in a real kernel, as students run them, and in nbgrader's own way of grading."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from assignment.given.class_names import PATTERNS
from assignment.given.handed_in import remark
from autograder import course
from autograder.course import Assignment
from autograder.grading.suite import public_points
from autograder.places.nbgrader.notebooks import make_notebooks
from autograder.tests.support.grading import SOLUTION

DILATION_FORGOTTEN = """
_right = conv2d


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    return _right(input, weight, bias, stride, padding)
"""
NOISY = """
import os, sys, warnings


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    warnings.warn("careful")
    print("said", file=sys.stderr)
    os.write(2, b"said by C")
    return _right(input, weight, bias, stride, padding, dilation)
"""
RAISING = """def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    print("so far", weight.shape[0])
    return input / nothing
"""

Run = Callable[..., list[Any]]
"""Run a cell: its outputs."""


@pytest.fixture(scope="module")
def made(assignment: Assignment) -> dict[str, Any]:
    return {name: nbformat.reads(text.decode(), 4) for name, text in make_notebooks(assignment).items()}


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], Run]]:
    """Start a kernel for a notebook, in a folder that holds nothing else."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    with contextlib.ExitStack() as stack:

        def start(notebook: Any, path: str = "") -> Run:
            monkeypatch.setenv("PYTHONPATH", path)
            (tmp_path / "here").mkdir(exist_ok=True)
            place = {"metadata": {"path": str(tmp_path / "here")}}
            client = NotebookClient(notebook, timeout=120, allow_errors=True, resources=place)
            stack.enter_context(client.setup_kernel())

            def run(source: str) -> list[Any]:
                notebook.cells.append(nbformat.v4.new_code_cell(source))
                return list(client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1).outputs)

            for number, cell in enumerate(list(notebook.cells)):
                client.execute_cell(cell, number)
            return run

        yield start


def printed(outputs: list[Any]) -> str:
    """What a cell printed. There must be no error, and nothing on stderr, for which nbgrader gives no points."""
    assert {output.name for output in outputs if output.output_type == "stream"} <= {"stdout"}
    assert not any(output.output_type == "error" for output in outputs)
    return "".join(output.text for output in outputs if output.output_type == "stream")


def points(outputs: list[Any]) -> str:
    """The last line's value, which nbgrader reads as points."""
    assert outputs[-1].output_type == "execute_result"
    return str(outputs[-1].data["text/plain"])


def outputs_of(notebook: Any, cell_id: str) -> list[Any]:
    return next(list(cell.outputs) for cell in notebook.cells if cell.id == cell_id)


@pytest.mark.slow  # a kernel that imports torch
def test_a_student_in_colab(
    made: dict[str, Any], assignment: Assignment, kernel: Callable[[Any], Run], tmp_path: Path
) -> None:
    """Only the notebook is there. Cells are edited and run again, as students do."""
    notebook = made["q1_conv2d.ipynb"]
    notebook.cells = [cell for cell in notebook.cells if cell.id != "q1-hidden"]
    run = kernel(notebook)
    for cell in notebook.cells:
        assert cell.cell_type == "markdown" or printed(cell.outputs) is not None
    most = public_points(assignment.choose(["q1"]))["q1"]
    public = outputs_of(notebook, "q1-public")
    assert f"{most} of {most}   done" in printed(public)
    assert points(public) == str(most)
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == [".cnn-lab"]

    run(DILATION_FORGOTTEN)
    wrong = run('check("q1")')
    assert points(wrong) == str(most - 1)
    *same_as_pytest, again = printed(wrong).split("\n\n")[0].splitlines()
    assert again == '  again   check("q1", "dilation")'
    by_pytest = _pytest(tmp_path, f"{SOLUTION}\n{DILATION_FORGOTTEN}")
    assert "\n".join([*same_as_pytest, '  again   pytest -k "q1 and dilation"']) in by_pytest
    assert any(line.startswith("  likely  ") for line in same_as_pytest)

    run(NOISY)
    assert points(run('check("q1")')) == str(most)
    run(RAISING)
    raised = printed(run('check("q1", "dilation")')).splitlines()
    assert raised[0].startswith("Q1 conv2d · dilation")
    assert raised[1].startswith("  line    Cell In[")
    assert raised[1].endswith(":3, in conv2d: return input / nothing")
    assert raised[2] == "  error   NameError: name 'nothing' is not defined"
    assert "so far 1" in raised[raised.index("--- Captured stdout call ---") :]
    run("def conv2d(*arguments, **named):\n    raise NotImplementedError()")
    assert printed(run('check("q1", "dilation")')).startswith("TODO: conv2d in Cell In[")
    run("plot(history)")
    note = printed(run('check("q1", "dilation")'))
    assert "] failed when you last ran it (NameError: name 'plot' is not defined). In grading, what fails" in note
    run("del conv2d")
    assert "  missing this notebook has no conv2d\n" in printed(run('check("q1", "values")'))
    (tmp_path / "here" / "helpers.py").write_text("half = 0.5\n")
    run("import helpers")
    *_, last = printed(run('check("q1", "values")')).splitlines()
    assert last == f"If your answer needs it: {remark('helpers.py', 'the notebook')}"

    for call, message in (
        ('check("q0")', "There are no tests of q0; there are tests of q1, q2"),
        ('check("q1", "dilatation")', "q1 has no tests of dilatation; it has output size, values"),
    ):
        (error,) = run(call)
        assert (error.output_type, error.ename) == ("error", "ValueError")
        assert message in error.evalue


def _pytest(folder: Path, module: str) -> str:
    (folder / "wrong").mkdir()
    (folder / "wrong" / "q1_conv2d.py").write_text(module, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--target={folder / 'wrong'}"]
    done = subprocess.run(
        [*command, "tests/test_q1_conv2d.py"], cwd=course.ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout


@pytest.mark.slow  # a kernel that trains a network; that of a student in Colab is tried in every run
def test_a_student_in_jupyter(
    made: dict[str, Any], assignment: Assignment, kernel: Callable[[Any], Run], tmp_path: Path
) -> None:
    """The given files and the tests lie beside the notebook, and no other ones are used."""
    for name in ("assignment", "tests"):
        shutil.copytree(
            course.ROOT / name, tmp_path / "here" / name, ignore=shutil.ignore_patterns("__pycache__", "q[0-9]*")
        )
    notebook = made["q6_lenet.ipynb"]
    notebook.cells = [cell for cell in notebook.cells if cell.id != "q6-hidden"]
    run = kernel(notebook)
    most = public_points(assignment.choose(["q6"]))["q6"]
    assert f"{most} of {most}   done" in printed(outputs_of(notebook, "q6-public"))
    used = printed(run("import tests.notebook\nprint(tests.notebook.FOLDER)"))
    assert used.strip() == str(tmp_path / "here" / "tests")
    assert not (tmp_path / "here" / ".cnn-lab").exists()
    small = "import assignment.given.cifar10 as data\ndata.load = lambda *_, **__: data.synthetic(200, 50)"
    trained = printed(run(f'{small}\ntrain("lenet", data="synthetic", epochs=1)'))
    assert "LeNet: " in trained
    assert [line.split()[0] for line in trained.splitlines()[-11:]] == [*(name.split()[0] for name in PATTERNS), "mean"]
    assert "There is no LeNet yet" in printed(run('del LeNet\ntrain("lenet", data="synthetic")'))


def test_nbgraders_own_kernel(made: dict[str, Any], assignment: Assignment, kernel: Callable[..., Run]) -> None:
    """The hidden tests where nbgrader runs them: the course's code on PYTHONPATH, the tests unpacked elsewhere."""
    notebook = made["q2_relu.ipynb"]
    run = kernel(notebook, path=str(course.ROOT))
    (question,) = assignment.choose(["q2"])
    reached = [points(outputs_of(notebook, f"q2-{kind}")) for kind in ("public", "hidden")]
    assert sum(map(int, reached)) == question.automatic
    printed(outputs_of(notebook, "q2-hidden"))
    run("import os\n\ndef relu(input, inplace=False):\n    os.write(2, b'said by C')\n    return abs(input)")
    wrong = run('hidden("q2", globals())')
    assert points(wrong) == "0"
    assert "Negative values change their sign" in printed(wrong)
