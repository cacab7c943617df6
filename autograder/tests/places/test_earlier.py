"""What courses and students have from before files moved still works, and every place has all given files."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import zlib

from autograder import course
from autograder.course import Assignment
from autograder.evidence.calibrate import modules_of
from autograder.places.bundle import grader_files
from autograder.places.nbgrader.course_folder import course_files
from autograder.release.contents import student_tree
from autograder.sandbox.sandbox import Sandbox

GIVEN = {f"given/{path.name}" for path in course.GIVEN.glob("*.py")}


EARLIER = """
from autograder.nbgrader.configuration import configure  # nbgrader_config.py, which a course may change
from autograder.nbgrader.own_kernel import hidden  # cells of notebooks
from tests.notebook import check
from assignment.notebook import train
from assignment import cifar10, training
cifar10.synthetic(1, 1), training.network("lenet")
"""


def test_earlier_names_are_found() -> None:
    done = subprocess.run([sys.executable, "-c", EARLIER], cwd=course.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_notebook_of_earlier_finds_what_it_imports_in_grading(sandbox: Sandbox) -> None:
    folder = sandbox.stage({}, course.given_files())
    code = "from assignment.notebook import train; from assignment.cifar10 import CLASSES; print(len(CLASSES))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    sandbox.unstage(folder)
    assert (done.stdout, done.stderr) == ("10\n", "")


def test_the_given_files_are_everywhere(assignment: Assignment) -> None:
    assert len(GIVEN) > 10
    released, _ = student_tree(assignment)
    in_course_folder = course_files(assignment)
    setup = json.loads(in_course_folder["source/cnn/q6_lenet.ipynb"])["cells"]
    packed = re.search(r"[A-Za-z0-9+/=]{1000,}", "".join("".join(cell["source"]) for cell in setup))
    assert packed is not None
    for where, names in {
        "workers": course.given_files(),
        "calibration": modules_of(assignment, None),
        "a release": _in("assignment/", released),
        "bundles": _in("assignment/", grader_files(public=True)),
        "nbgrader's folder": _in("source/cnn/assignment/", in_course_folder),
        "a notebook alone": _in("assignment/", json.loads(zlib.decompress(base64.b64decode(packed[0])))),
    }.items():
        assert {"__init__.py", *GIVEN} <= set(names), where


def _in(folder: str, files: dict[str, bytes]) -> set[str]:
    return {name.removeprefix(folder) for name in files if name.startswith(folder)}
