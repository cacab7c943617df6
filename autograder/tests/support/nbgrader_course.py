"""A course folder of a test's own: the real nbgrader on it, and notebooks as students hand them in."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook

from autograder.course import load
from autograder.places.nbgrader.course_folder import write_course_folder

Notebook = Any
Change = Callable[[Notebook], None]

# Notes every program that a process of nbgrader's starts, however it does.
_WATCH = """
import os, sys

def _watch(event, arguments):
    if event in ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.fork", "os.forkpty"):
        with open(os.environ["STARTED"], "a") as file:
            file.write(f"{event} {arguments!r}".replace("\\n", " ") + "\\n")

sys.addaudithook(_watch)
"""
# Stands for every Python kernel: notes that it was started, then is one.
_KERNEL = """
import os, runpy, sys
with open(os.environ["KERNELS"], "a") as file:
    file.write("a kernel\\n")
sys.argv[0] = "ipykernel_launcher"
runpy.run_module("ipykernel_launcher", run_name="__main__")
"""


@dataclass
class Course:
    """A course folder, with nothing of the user's own around it."""

    folder: Path
    aside: Path

    @classmethod
    def make(cls, folder: Path, aside: Path, **limits: float) -> Course:
        """Export one.

        Args:
            folder: where; not there yet.
            aside: a folder for what belongs to the test.
            limits: of submissions, where they are not the usual ones.
        """
        write_course_folder(folder, load())
        settings = folder / "grader" / "autograder" / "assignment.toml"
        text = settings.read_text("utf-8")
        for name, value in limits.items():
            lines = [line for line in text.splitlines() if not line.startswith(f"{name} =")]
            text = "\n".join(lines).replace("[limits]", f"[limits]\n{name} = {value}") + "\n"
        settings.write_text(text, "utf-8")
        (aside / "sitecustomize.py").write_text(_WATCH, "utf-8")
        (aside / "kernel.py").write_text(_KERNEL, "utf-8")
        spec = aside / "jupyter" / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [sys.executable, str(aside / "kernel.py"), "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}), "utf-8")
        course = cls(folder, aside)
        course.set("c.SandboxedGrading.training = True", "c.SandboxedGrading.training = False")
        return course

    def set(self, given: str, changed: str) -> None:
        """Change a line of the settings."""
        config = self.folder / "nbgrader_config.py"
        text = config.read_text("utf-8")
        assert given in text
        config.write_text(text.replace(given, changed), "utf-8")

    def nbgrader(self, *arguments: str, status: int = 0) -> str:
        """Run a command of nbgrader. Returns what it printed."""
        kept = ("LANG", "LD_LIBRARY_PATH", "TMPDIR")
        aside = {name: str(self.aside / name.lower()) for name in ("HOME", "IPYTHONDIR", "STARTED", "KERNELS")}
        jupyter = {f"JUPYTER_{name}_DIR": str(self.aside / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.folder,
            env={
                **{name: os.environ[name] for name in kept if name in os.environ},
                **aside,
                **jupyter,
                # As in an environment that was activated: nbgrader starts alembic by its name alone.
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
                "JUPYTER_PATH": str(self.aside / "jupyter"),
                "PYTHONPATH": str(self.aside),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def started(self) -> list[str]:
        """The programs that nbgrader started since this was last asked."""
        return _taken(self.aside / "started")

    def kernels(self) -> int:
        """How many kernels were started since this was last asked."""
        return len(_taken(self.aside / "kernels"))

    def notebook(self, module: str, *, solved: bool) -> Notebook:
        """A notebook as students get it; or with the course's own answers."""
        notebook = nbformat.read(self.folder / "release" / "cnn" / f"{module}.ipynb", as_version=4)
        if solved:
            source = nbformat.read(self.folder / "source" / "cnn" / f"{module}.ipynb", as_version=4)
            answers = {name_of(cell): cell.source for cell in source.cells if name_of(cell)}
            for cell in notebook.cells:
                if cell.metadata.get("nbgrader", {}).get("solution"):
                    cell.source = answers[name_of(cell)]
        return notebook

    def submit(self, student: str, notebooks: dict[str, Notebook | bytes]) -> Path:
        """Hand in these notebooks, by the names of their modules, for a student."""
        folder = self.folder / "submitted" / student / "cnn"
        folder.mkdir(parents=True)
        for module, notebook in notebooks.items():
            contents = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
            (folder / f"{module}.ipynb").write_bytes(contents)
        return folder

    def csv(self) -> dict[str, dict[str, str]]:
        """What `nbgrader export` writes, by student."""
        self.nbgrader("export", "--to", str(self.aside / "grades.csv"))
        with (self.aside / "grades.csv").open(encoding="utf-8", newline="") as file:
            return {row["student_id"]: row for row in csv.DictReader(file)}

    def gradebook(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}")

    def score(self, student: str, module: str, cell: str) -> float | None:
        """Points that a program gave for a cell."""
        with self.gradebook() as gradebook:
            score = gradebook.find_grade(cell, module, "cnn", student).auto_score
        return None if score is None else float(score)


def name_of(cell: Any) -> str:
    """A cell's name in nbgrader; "" if it has none."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def cell_of(notebook: Notebook, name: str) -> Any:
    """The cell with this name."""
    return next(cell for cell in notebook.cells if name_of(cell) == name)


def _taken(file: Path) -> list[str]:
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines
