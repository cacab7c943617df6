"""Measure the cost of a submission in nbgrader, in the sandbox and in nbgrader's own kernel.

Both grade the same notebooks in one run on one machine, so that the ratio is meaningful even if seconds are not.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from autograder import course
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.evidence.benchmarks import without_training
from autograder.places.nbgrader.configuration import ASSIGNMENT
from autograder.places.nbgrader.course_folder import write_course_folder

STUDENTS = 6  # half of them with the right answers, half unanswered


def run(questions: tuple[str, ...] = ()) -> None:
    """Measure and print the table.

    Args:
        questions: ids of the questions to grade; by default all that do not train a network.

    Raises:
        UnusableRequest: a question trains a network; that takes minutes, with or without nbgrader.
        GraderFault: nbgrader failed.
    """
    assignment = course.load()
    chosen = without_training(assignment, questions, "that takes minutes with or without nbgrader.")
    with tempfile.TemporaryDirectory(prefix="benchmark-nbgrader-") as temporary:
        folder = CourseFolder(Path(temporary) / "course", replace(assignment, questions=chosen))
        for number in range(STUDENTS):
            folder.hand_in(f"student-{number}", folder.notebooks("source" if number % 2 else "release"))
        sandboxed = folder.nbgrader("autograde")
        start = folder.nbgrader("autograde")  # everything is graded already, so only the start is left
        folder.use_own_kernel()
        kernel = folder.nbgrader("autograde", "--force")

    ours, theirs = ((seconds - start) / STUDENTS for seconds in (sandboxed, kernel))
    table = Table(title=f"nbgrader autograde, {len(chosen)} notebooks a submission, {STUDENTS} submissions")
    table.add_column("seconds a submission")
    table.add_column("", justify="right")
    table.add_column("beside", justify="right")
    table.add_row("in the sandbox", f"{ours:.2f}", f"{ours / theirs:.2f} × the kernel")
    table.add_row("in nbgrader's own kernel", f"{theirs:.2f}", "")
    table.add_row("and once: nbgrader's start", f"{start:.2f}", "")
    Console().print(table)


class CourseFolder:
    """An nbgrader course folder for measurements; networks are not trained in it.

    Args:
        folder: a new one.
        assignment: the assignment.

    Raises:
        GraderFault: nbgrader failed.
    """

    def __init__(self, folder: Path, assignment: Assignment) -> None:
        self._folder = folder
        write_course_folder(folder, assignment)
        self._set("c.SandboxedGrading.training = True", "c.SandboxedGrading.training = False")
        self.nbgrader("generate_assignment")

    def notebooks(self, step: str) -> dict[str, bytes]:
        """The notebooks of a step, by name: "source" with the answers, "release" as students get them."""
        return {path.name: path.read_bytes() for path in sorted((self._folder / step / ASSIGNMENT).glob("*.ipynb"))}

    def hand_in(self, student: str, notebooks: Mapping[str, bytes]) -> None:
        submitted = self._folder / "submitted" / student / ASSIGNMENT
        submitted.mkdir(parents=True)
        for name, contents in notebooks.items():
            (submitted / name).write_bytes(contents)

    def use_own_kernel(self) -> None:
        """From now on let nbgrader run notebooks in its own kernel."""
        self._set("OWN_KERNEL = False", "OWN_KERNEL = True")

    def points(self) -> dict[str, float]:
        """The points that nbgrader gave, by student."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self._folder / 'gradebook.db'}") as gradebook:
            return {each.student.id: each.score for each in gradebook.assignment_submissions(ASSIGNMENT)}

    def nbgrader(self, command: str, *options: str) -> float:
        """The seconds that a command takes.

        Raises:
            GraderFault: it failed.
        """
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", command, ASSIGNMENT, *options],
            cwd=self._folder,
            env=jupyter_environment(self._folder.parent, sys.executable),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise GraderFault(f"nbgrader {command} failed: {done.stderr.strip()[-2000:]}")
        return time.perf_counter() - begun

    def _set(self, given: str, changed: str) -> None:
        config = self._folder / "nbgrader_config.py"
        config.write_text(config.read_text("utf-8").replace(given, changed), "utf-8")


def jupyter_environment(aside: Path, python: str) -> dict[str, str]:
    """The environment for Jupyter's tools, without the user's own settings and kernels.

    Args:
        aside: a folder for their files.
        python: the interpreter that starts them.
    """
    return {
        **os.environ,
        **{name: str(aside / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")},
        # As in an activated environment, since nbgrader starts alembic by name.
        "PATH": os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", os.defpath)]),
    }


def with_module(released: bytes, module: str) -> bytes:
    """A notebook as students get it, answered by a whole module in the first cell for code.

    Args:
        released: the notebook.
        module: the code.
    """
    notebook: dict[str, Any] = json.loads(released)
    tail = {"setup", "public", "hidden", "train"}
    answer = module
    for cell in notebook["cells"]:
        name = str(cell["metadata"].get("nbgrader", {}).get("grade_id", cell.get("id", "")))
        if cell["cell_type"] == "code" and re.split("-", name)[-1] not in tail:
            cell["source"], answer = answer, ""
    return json.dumps(notebook).encode()
