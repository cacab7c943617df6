"""Measure what a submission costs in nbgrader, graded in the sandbox, beside nbgrader's own kernel.

Both grade the same notebooks in one run on one machine, so that the ratio means something where seconds do not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from autograder import course
from autograder.errors import GraderFault, UnusableRequest
from autograder.nbgrader.configuration import ASSIGNMENT
from autograder.nbgrader.course_folder import write_course_folder

STUDENTS = 6  # half of them have the right answers, half have not begun


def run(questions: tuple[str, ...] = ()) -> None:
    """Measure and print the table.

    Args:
        questions: ids of those to grade; all that train no network if there are none.

    Raises:
        UnusableRequest: a question trains a network; that takes minutes, with or without nbgrader.
        GraderFault: nbgrader failed.
    """
    assignment = course.load()
    chosen = tuple(question for question in assignment.choose(questions) if questions or not question.trains)
    if any(question.trains for question in chosen):
        raise UnusableRequest("Training takes minutes with or without nbgrader: name questions that train no network.")
    with tempfile.TemporaryDirectory(prefix="benchmark-nbgrader-") as temporary:
        folder = Path(temporary) / "course"
        write_course_folder(folder, replace(assignment, questions=chosen))
        _set(folder, "c.SandboxedGrading.training = True", "c.SandboxedGrading.training = False")
        _nbgrader(folder, "generate_assignment")
        for number in range(STUDENTS):
            _hand_in(folder, f"student-{number}", "source" if number % 2 else "release")
        sandboxed = _nbgrader(folder, "autograde")
        start = _nbgrader(folder, "autograde")  # everything is graded: what is left is the start
        _set(folder, "OWN_KERNEL = False", "OWN_KERNEL = True")
        kernel = _nbgrader(folder, "autograde", "--force")

    ours, theirs = ((seconds - start) / STUDENTS for seconds in (sandboxed, kernel))
    table = Table(title=f"nbgrader autograde, {len(chosen)} notebooks a submission, {STUDENTS} submissions")
    table.add_column("seconds a submission")
    table.add_column("", justify="right")
    table.add_column("beside", justify="right")
    table.add_row("in the sandbox", f"{ours:.2f}", f"{ours / theirs:.2f} × the kernel")
    table.add_row("in nbgrader's own kernel", f"{theirs:.2f}", "")
    table.add_row("and once: nbgrader's start", f"{start:.2f}", "")
    Console().print(table)


def _hand_in(folder: Path, student: str, step: str) -> None:
    submitted = folder / "submitted" / student / ASSIGNMENT
    submitted.mkdir(parents=True)
    for notebook in (folder / step / ASSIGNMENT).glob("*.ipynb"):
        shutil.copy(notebook, submitted)


def _set(folder: Path, given: str, changed: str) -> None:
    config = folder / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8").replace(given, changed), "utf-8")


def _nbgrader(folder: Path, command: str, *options: str) -> float:
    """Seconds that a command takes.

    Raises:
        GraderFault: it failed.
    """
    aside = {name: str(folder.parent / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    environment = {
        **os.environ,
        **aside,
        # As in an environment that was activated: nbgrader starts alembic by its name alone.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", command, ASSIGNMENT, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise GraderFault(f"nbgrader {command} failed: {done.stderr.strip()[-2000:]}")
    return time.perf_counter() - begun
