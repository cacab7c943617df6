"""`doctor`: what it finds on other machines and among other files, and that it needs nothing but Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assignment.given import doctor
from autograder import course


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder with the questions' modules, as they are given."""
    for file in [*course.STUBS.glob("*.py"), course.STUBS / "explanations.md"]:
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("version", "system", "machine", "words"),
    [
        ((3, 10, 4), "linux", "x86_64", "3.10.4 is too old"),
        ((3, 9, 6), "darwin", "arm64", "3.9.6 is too old"),
        ((3, 12, 1), "darwin", "x86_64", "no release for Macs with an Intel processor"),
        ((3, 12, 1), "darwin", "arm64", None),
        ((3, 11, 0), "linux", "x86_64", None),
        ((3, 13, 2), "win32", "AMD64", None),
    ],
)
def test_a_machine_without_a_release_of_torch_is_named(
    version: tuple[int, ...], system: str, machine: str, words: str | None
) -> None:
    found = doctor.python(version, system, machine)
    assert found.serious == (words is not None)
    assert words is None or (words in found.text and found.advice)


@pytest.mark.parametrize(("grades_with", "remark"), [("3.12", True), ("3.13", False)])
def test_a_newer_python_than_the_course_s_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grades_with: str, *, remark: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.course]\npython = "{grades_with}"\n')
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    found = doctor.python((3, 13, 1), "linux", "x86_64")
    assert bool(found.advice) == remark
    assert not found.serious


def test_packages_that_are_missing_or_old_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text(
        "# what is needed\npytest>=8.4\nnothing-like-it>=1.0   # x\nclick>=999.1\n"
    )
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    (found,) = doctor.packages()
    assert found.serious
    assert "not installed: nothing-like-it; too old: click" in found.text
    assert found.advice == "pip install -r requirements.txt --upgrade"


def test_files_of_the_right_names_are_well(target: Path) -> None:
    (found,) = doctor.files(target)
    assert (found.serious, found.advice) == (False, "")
    assert "7 modules" in found.text
    (blank,) = doctor.written(target)
    assert blank.text == "2 of the answers still blank"
    path = target / "explanations.md"
    path.write_text(path.read_text("utf-8").replace(doctor.UNANSWERED, "Stride halves it."), "utf-8")
    assert doctor.written(target)[0].text == "none of the answers still blank"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("q2_relu (1).py", "If it is your answer, call it q2_relu.py."),
        ("Q2_ReLU_final.py", "If it is your answer, call it q2_relu.py."),
        ("q2_relu-Copy1.ipynb", "If it is your answer, call it q2_relu.ipynb."),
        ("helpers.py", "Only the questions' own modules are: put what they need from it into them."),
    ],
)
def test_files_that_are_not_handed_in_are_named(target: Path, name: str, advice: str) -> None:
    (target / name).write_text("")
    (found,) = doctor.files(target)
    assert found.text.startswith(name)
    assert found.advice == advice
    assert not found.serious


def test_a_module_that_is_gone_is_serious(target: Path) -> None:
    (target / "q3_max_pool2d.py").rename(target / "q3_max_pool2d (2).py")
    found = doctor.files(target)
    assert [each.serious for each in found] == [True, True]
    assert "call it q3_max_pool2d.py" in found[0].advice
    assert "q3_max_pool2d.py" in found[1].text


def test_a_notebook_is_an_answer_too(target: Path) -> None:
    (target / "q3_max_pool2d.py").rename(target / "q3_max_pool2d.ipynb")
    (found,) = doctor.files(target)
    assert not found.serious


def test_without_any_package_every_command_says_what_to_install(tmp_path: Path) -> None:
    for name in ("assignment", "tests"):
        shutil.copytree(course.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(course.ROOT / "autograder" / "release" / "template" / "requirements.txt", tmp_path)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "assignment", "status"], cwd=tmp_path, env=bare,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "")
    assert "not installed: torch, torchvision, numpy" in done.stdout
    assert "pip install -r requirements.txt" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
