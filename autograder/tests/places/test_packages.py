"""Every place that grades has the packages that students are asked to install, and lets them be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder import course
from autograder.course.limits import Limits
from autograder.places.shared_files import REQUIREMENTS
from autograder.release.contents import TEMPLATE
from autograder.sandbox.launch import _WORKER_PACKAGES
from autograder.sandbox.proxy import RemoteQuestion
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.tests.support.grading import Grade


def requirements(file: Path) -> dict[str, str]:
    """Versions that a list of requirements asks for, by the packages' names."""
    lines = [line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines()]
    return dict(re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in lines if line)  # type: ignore[union-attr, misc]


STUDENTS = requirements(TEMPLATE / "requirements.txt")


@pytest.mark.parametrize("file", [course.ROOT / "requirements.txt", REQUIREMENTS], ids=["course", "exports"])
def test_graders_install_what_students_install(file: Path) -> None:
    assert STUDENTS.items() <= requirements(file).items()


@pytest.mark.parametrize("name", STUDENTS)
def test_workers_may_read_what_students_install(name: str) -> None:
    assert name.replace("-", "_") in _WORKER_PACKAGES


IMPORTS = "\n".join(f"import {name.replace('-', '_')}" for name in STUDENTS)
DRAWING = """
import matplotlib
matplotlib.use("TkAgg")  # as some write who draw in windows
import matplotlib.pyplot as plt
import os, pathlib, shutil

def draw():
    for window in ("QtAgg", "MacOSX", "module://ipympl.backend_nbagg"):
        plt.switch_backend(window)
    os.makedirs("figures/first")
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], label="$x^2$")
    axes.legend()
    figure.savefig("figures/first/lines.png")
    plt.show()
    source, target = pathlib.Path("figures/first/lines.png"), pathlib.Path("copy.png")
    source.copy(target) if hasattr(source, "copy") else shutil.copyfile(source, target)
    return target.read_bytes()[:4].hex()
"""


def test_a_module_imports_all_of_them_and_draws(sandbox: Sandbox) -> None:
    folder = sandbox.stage({"q6_lenet.py": f"{IMPORTS}\n{DRAWING}".encode()})
    session = Session(sandbox, folder, "q6_lenet", [], Limits())
    try:
        assert RemoteQuestion(session).draw() == "89504e47"
    finally:
        session.close()


def test_a_module_that_is_guarded_draws_while_it_is_imported(graded: Grade) -> None:
    solution = (course.SOLUTIONS / "q2_relu.py").read_text("utf-8")
    (question,) = graded(f"{solution}\n{DRAWING}\nassert draw() == '89504e47'\n", question="q2").questions
    assert question.score == question.max_score, question
    assert not question.flags
