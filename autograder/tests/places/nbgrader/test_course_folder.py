"""The course folder for nbgrader: what is in it, and what becomes of it when it is exported again."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.utils import ignore_patterns
from traitlets.config import Config

from autograder.course import ROOT, Assignment
from autograder.errors import UnusableRequest
from autograder.places.nbgrader.configuration import configure
from autograder.places.nbgrader.course_folder import course_files, write_course_folder


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_holds_notebooks_given_files_settings_and_the_grader(assignment: Assignment) -> None:
    files = course_files(assignment)
    notebooks = {name for name in files if name.endswith(".ipynb")}
    assert notebooks == {f"source/cnn/{question.module}.ipynb" for question in assignment.questions}
    answers = {"source/cnn/assignment/explanations.md", "source/cnn/assignment/q1_conv2d.py"}
    assert not answers & set(files), "beside the notebooks these would be what is graded"
    assert {
        "source/cnn/assignment/given/training.py",
        "source/cnn/tests/test_q1_conv2d.py",
        "nbgrader_config.py",
    } <= set(files)
    assert not [name for name in files if "hidden" in name and not name.startswith("grader/autograder/hidden/")]
    assert {name.split("/")[1] for name in files if name.startswith("grader/")} >= {"autograder", "assignment", "tests"}


@pytest.mark.slow  # `test_cycle` grades with it, and `test_bundle` with the same files
def test_the_grader_in_it_stands_on_its_own(tmp_path: Path, assignment: Assignment) -> None:
    write_course_folder(tmp_path / "course", assignment)
    grader = tmp_path / "course" / "grader"
    command = [
        sys.executable,
        "-m",
        "autograder",
        "grade",
        str(ROOT / "solutions"),
        "--no-training",
        "--question",
        "q2",
    ]
    done = subprocess.run(command, cwd=grader, capture_output=True, text=True, check=False)
    assert "5 of 5 points" in done.stdout, done.stderr


def test_exported_again_it_is_the_same(tmp_path: Path, assignment: Assignment) -> None:
    folder = tmp_path / "course"
    first = write_course_folder(folder, assignment)
    assert sorted(first.written) == sorted(course_files(assignment))
    before = tree(folder)
    again = write_course_folder(folder, assignment)
    assert (again.written, again.removed, again.kept) == ([], [], [])
    assert tree(folder) == before


def test_work_of_students_and_what_the_course_changed_stay(tmp_path: Path, assignment: Assignment) -> None:
    folder = tmp_path / "course"
    write_course_folder(folder, assignment)
    theirs = {
        "submitted/ada/cnn/q1_conv2d.ipynb": b"handed in",
        "autograded/ada/cnn/q1_conv2d.ipynb": b"graded",
        "feedback/ada/cnn/q1_conv2d.html": b"feedback",
        "gradebook.db": b"points",
        "nbgrader_config.py": b"OWN_KERNEL = True",
        "source/cnn/q2_relu.ipynb": b"our own words",
        "grader/autograder/assignment.toml": b"our own points",
        "source/cnn/q9_more.ipynb": b"a question of our own",
    }
    for name, contents in theirs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(contents)
    (folder / "grader" / "autograder" / "grading" / "grade.py").write_text("damaged", "utf-8")
    (folder / "source" / "cnn" / "q3_max_pool2d.ipynb").unlink()

    dropped = dataclasses.replace(assignment, questions=assignment.questions[:6])
    changes = write_course_folder(folder, dropped)
    assert changes.kept == ["grader/autograder/assignment.toml", "nbgrader_config.py", "source/cnn/q2_relu.ipynb"]
    assert changes.removed == ["source/cnn/q7_efficientnet.ipynb"]
    assert {"grader/autograder/grading/grade.py", "source/cnn/q3_max_pool2d.ipynb"} <= set(changes.written)
    after = tree(folder)
    assert {name: after[name] for name in theirs} == theirs
    assert after["grader/autograder/grading/grade.py"] == (ROOT / "autograder" / "grading" / "grade.py").read_bytes()


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path, assignment: Assignment) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(UnusableRequest, match="is not a course folder of ours"):
        write_course_folder(tmp_path, assignment)
    with pytest.raises(UnusableRequest, match="is not a folder that can be used"):
        write_course_folder(tmp_path / "thesis.txt", assignment)
    assert tree(tmp_path) == {"thesis.txt": b"mine"}


def test_a_page_of_a_students_own_is_not_put_where_feedback_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of it, which nobody may write to, would stop `generate_feedback`: that student would get none."""
    monkeypatch.setenv("PYTHONPATH", "")  # is set for kernels
    notebook = tmp_path / "source" / "cnn" / "q9_[more].ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.touch()
    c = Config()
    configure(c, tmp_path, own_kernel=False)
    left_out = ignore_patterns(exclude=c.CourseDirectory.ignore)
    assert left_out(str(tmp_path), ["q9_[more].html", "q9_[more].ipynb", "notes.html"]) == ["q9_[more].html"]


@pytest.mark.parametrize("sign", "*?[%")
def test_a_path_that_nbgrader_would_misread_is_refused(tmp_path: Path, assignment: Assignment, sign: str) -> None:
    """It would say that there are no notebooks, or keep its database elsewhere."""
    with pytest.raises(UnusableRequest, match="nbgrader cannot work in a folder with"):
        write_course_folder(tmp_path / f"cnn {sign}2026]" / "lab", assignment)
    assert not list(tmp_path.iterdir())


def test_a_record_that_points_elsewhere_removes_nothing(tmp_path: Path, assignment: Assignment) -> None:
    folder = tmp_path / "course"
    write_course_folder(folder, assignment)
    outside = tmp_path / "outside.txt"
    outside.write_text("mine", "utf-8")
    import hashlib
    import json

    digest = hashlib.sha256(b"mine").hexdigest()
    record = folder / "grader" / "exported.json"
    record.write_text(json.dumps({str(outside): digest, "../outside.txt": digest}), "utf-8")
    write_course_folder(folder, assignment)
    assert outside.read_text("utf-8") == "mine"
