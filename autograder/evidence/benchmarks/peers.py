"""The same tests of the same submissions in other graders: nbgrader's own kernel, Otter-Grader.

Each is run as documented, for one submission after another. Both run the student's code as the grading user, with
nothing between it and the tests or the points; this measures what that costs.
"""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.evidence.benchmarks.nbgrader import CourseFolder, jupyter_environment, with_module
from autograder.grading.report import Report
from autograder.intake import Submission

SECONDS = 600  # for one submission


@dataclass(frozen=True)
class Peer:
    """A peer's measurements.

    Attributes:
        name: the peer, and how it was called.
        seconds: per submission; None if the peer is not installed.
        points: its points for each submission.
        absent: how to install it.
    """

    name: str
    seconds: float | None
    points: tuple[float, ...] = ()
    absent: str = ""


def nbgrader(submissions: Sequence[Submission], assignment: Assignment) -> list[Peer]:
    """The `autograde` of nbgrader in its own kernel, with a notebook per question that has public and hidden tests.

    Once for all submissions, without the seconds that nbgrader takes to start, and once per submission, with them.

    Raises:
        GraderFault: it failed.
    """
    names = "nbgrader autograde, one call for all", "nbgrader autograde, one call a submission"
    if importlib.util.find_spec("nbgrader") is None:
        return [Peer(name, None, absent="pip install nbgrader") for name in names]
    with tempfile.TemporaryDirectory(prefix="benchmark-nbgrader-") as temporary:
        folder = CourseFolder(Path(temporary) / "course", assignment)
        folder.use_own_kernel()
        released = folder.notebooks("release")
        students = [f"student-{number}" for number in range(len(submissions))]
        for student, submission in zip(students, submissions, strict=True):
            folder.hand_in(student, _answered(released, submission))
        batch = folder.nbgrader("autograde")
        start = folder.nbgrader("autograde")  # everything is graded already, so only the start is left
        each = [folder.nbgrader("autograde", f"--student={student}", "--force") for student in students]
        given = folder.points()
    points = tuple(given[student] for student in students)
    return [
        Peer(names[0], (batch - start) / len(submissions), points),
        Peer(names[1], sum(each) / len(submissions), points),
    ]


def _answered(released: Mapping[str, bytes], submission: Submission) -> dict[str, bytes]:
    """The notebooks of a submission; one without a module stays as it was released."""
    notebooks = {}
    for name, notebook in released.items():
        module = submission.modules.get(name.replace(".ipynb", ".py"))
        notebooks[name] = notebook if module is None else with_module(notebook, module.decode())
    return notebooks


def otter(
    submissions: Sequence[Submission], assignment: Assignment, reports: Sequence[Report], python: str = sys.executable
) -> Peer:
    """`otter run`, once per submission, on a zip file with the modules and one notebook that imports them.

    One notebook for all questions is the cheapest way for Otter-Grader: it starts one kernel per submission.

    Args:
        submissions: to be graded.
        assignment: with the questions that are graded.
        reports: this grader's reports; the first one gives the tests' names and points.
        python: an interpreter with Otter-Grader and everything that this one has.

    Raises:
        GraderFault: it failed.
    """
    name = "otter run, one call a submission"
    probe = [python, "-c", "import otter, torch, pytest"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return Peer(name, None, absent="pip install otter-grader, or name an interpreter that has it with --otter")
    seconds, points = [], []
    with tempfile.TemporaryDirectory(prefix="benchmark-otter-") as temporary:
        folder = Path(temporary)
        (folder / "autograder.zip").write_bytes(_autograder(reports[0]))
        for submission in submissions:
            (folder / "submission.zip").write_bytes(_zipped(_with_notebook(submission, assignment)))
            begun = time.perf_counter()
            _run_otter(folder, python)
            seconds.append(time.perf_counter() - begun)
            results = json.loads((folder / "results.json").read_text("utf-8"))
            points.append(sum(test.get("score", 0) for test in results["tests"]))
    return Peer(name, sum(seconds) / len(seconds), tuple(points))


def _run_otter(folder: Path, python: str) -> None:
    environment = jupyter_environment(folder, python) | {"PYTHONPATH": str(course.ROOT)}
    command = [python, "-m", "otter", "run", "submission.zip", "-a", "autograder.zip", "-o", ".", "--no-logo"]
    try:
        subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise GraderFault(f"otter run took more than {SECONDS} seconds.") from None
    except subprocess.CalledProcessError as error:
        raise GraderFault(f"otter run failed: {error.stderr.strip()[-2000:]}") from None


def _autograder(report: Report) -> bytes:
    """Otter's autograder: a test file per question, whose cases are the suites' own tests."""
    files = {}
    for question in report.questions:
        points = {f"{test.visibility} {test.name}": test.max_score for test in question.tests}
        files[f"tests/{question.id}.py"] = (
            "OK_FORMAT = False\n"
            "from autograder.evidence.benchmarks.otter_cases import cases\n\n"
            f"name = {question.id!r}\n"
            f"globals().update(cases(name, {points!r}))\n"
        ).encode()
    files["otter_config.json"] = b"{}"
    return _zipped(files)


def _with_notebook(submission: Submission, assignment: Assignment) -> dict[str, bytes]:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code", "execution_count": None, "id": question.id, "metadata": {}, "outputs": [],
            "source": f"import {question.module}",
        }
        for question in assignment.questions
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return {**submission.modules, "lab.ipynb": json.dumps(notebook).encode()}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return file.getvalue()
