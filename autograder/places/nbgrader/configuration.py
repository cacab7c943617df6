"""The settings that nbgrader needs; `nbgrader_config.py` of a course folder calls `configure`."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

ASSIGNMENT = "cnn"

# What reads a student's notebook is in this package: nbgrader's own steps may be stopped by one.
_HERE = "autograder.places.nbgrader"
_SANITIZE = (
    f"{_HERE}.cells.RestoreCells",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.CheckCellMetadata",
)
_SANDBOX = f"{_HERE}.preprocessor.SandboxedGrading"
_KERNEL = "nbgrader.preprocessors.Execute"
_AFTERWARDS = (
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    f"{_HERE}.cells.HideTests",
    "nbgrader.preprocessors.CheckCellMetadata",
)


def configure(c: Any, folder: Path, *, own_kernel: bool) -> None:
    """Set up nbgrader for the assignment.

    Args:
        c: the settings, from `get_config()`.
        folder: the course folder.
        own_kernel: whether `nbgrader autograde` runs notebooks in nbgrader's own kernel.
    """
    from autograder.course import CODE_STUB, TEXT_STUB

    c.CourseDirectory.root = str(folder)
    # A student's own page of a notebook would lie where that notebook's feedback goes, and could not be overwritten.
    pages = sorted(glob.escape(f"{path.stem}.html") for path in (folder / "source" / ASSIGNMENT).glob("*.ipynb"))
    c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "data", "runs", *pages]
    c.ClearSolutions.code_stub = {"python": CODE_STUB}
    c.ClearSolutions.text_stub = TEXT_STUB
    c.Autograde.exporter_class = f"{_HERE}.submitted.SubmittedNotebooks"
    c.Autograde.sanitize_preprocessors = list(_SANITIZE)
    c.Autograde.autograde_preprocessors = [_KERNEL if own_kernel else _SANDBOX, *_AFTERWARDS]
    # What a student wrote, or their code drew, must not run in the browser of the person who reads it.
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {"markdown2html": f"{_HERE}.pages.markdown2html"}
    c.Execute.timeout = 600
    _let_kernels_import(folder / "grader")


def _let_kernels_import(grader: Path) -> None:
    """Put the grader on the path of kernels that nbgrader starts here: hidden tests in a notebook import it."""
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if str(grader) not in entries:
        os.environ["PYTHONPATH"] = os.pathsep.join([*entries, str(grader)])
