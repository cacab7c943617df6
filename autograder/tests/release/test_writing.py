"""A student repository: what is in it, that it works on its own, and how an existing one is brought up to date."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.release import release
from autograder.release.contents import Tree, answers, student_tree
from autograder.release.writing import GIVEN_LIST
from autograder.tests.support.student_repository import (
    QUESTIONS,
    as_if_given_earlier,
    board,
    contents_digest,
    git,
    release_from,
    run,
    snapshot,
)

Release = Callable[..., list[str]]


@pytest.fixture(scope="module")
def tree(assignment: Assignment) -> Tree:
    return student_tree(assignment)[0]


def test_two_releases_are_the_same_no_matter_who_makes_them(
    assignment: Assignment, released: Path, tmp_path: Path
) -> None:
    umask = os.umask(0o077)
    try:
        release(tmp_path / "again", assignment)
    finally:
        os.umask(umask)
    again = snapshot(tmp_path / "again")
    assert again == snapshot(released)
    assert {mode & 0o777 for mode, _ in again.values()} == {0o644, 0o755}
    assert not any(b"\r" in data for _, data in again.values())


def test_it_holds_what_students_need_and_nothing_else(released: Path, assignment: Assignment) -> None:
    files = {str(path.relative_to(released)) for path in released.rglob("*") if path.is_file()}
    assert {path.partition("/")[0] for path in files} == {
        *("assignment", "tests", ".github", ".devcontainer", ".vscode", ".gitignore", GIVEN_LIST),
        *("README.md", "LICENSE", "conftest.py", "pyproject.toml", "requirements.txt"),
    }
    assert {f"tests/{path.name}" for path in course.PUBLIC_TESTS.glob("test_q*.py")} < files
    assert answers(assignment).keys() < files
    words = (released / "README.md").read_text("utf-8")
    assert words.startswith(f"# {assignment.title}\n")
    for link in re.findall(r"\]\((.*?)\)", words):
        assert link in files
    for name in (".devcontainer/devcontainer.json", ".vscode/settings.json"):
        json.loads((released / name).read_text("utf-8"))


@pytest.mark.slow  # as in `test_student_tools`, with the same files
def test_everything_is_red_with_a_line_that_says_where(student: Path) -> None:
    done = run(student, "pytest")
    assert done.returncode == 1
    assert [line.split()[0] for line in board(done.stdout)] == QUESTIONS
    assert re.search(r"Public tests: 0 of \d+ points", done.stdout)
    todo = re.findall(r"(?m)^TODO: .* in assignment/(q\d)", done.stdout)
    assert sorted(set(todo)) == QUESTIONS
    assert "Traceback" not in done.stdout
    assert "warning" not in done.stdout.lower()


@pytest.mark.slow  # as in `test_student_tools`, with the same files
def test_status_and_hints_work(student: Path) -> None:
    done = run(student, "assignment", "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in board(done.stdout)] == QUESTIONS
    assert run(student, "assignment", "hint", "q1").returncode == 0


def test_requirements_are_what_the_files_import(tree: Tree) -> None:
    imported = set()
    for path, data in tree.items():
        for node in ast.walk(ast.parse(data)) if path.endswith(".py") else ():
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
    needed = imported - set(sys.stdlib_module_names) - {"assignment", "tests"}
    lines = requirements(tree["requirements.txt"].decode())
    assert lines.keys() == needed | {"pytest-timeout"}  # which the setting `timeout` is for
    staff = requirements((course.ROOT / "requirements.txt").read_text("utf-8"))
    assert lines == {name: staff[name] for name in lines}


def test_what_pip_installs_are_the_packages_that_are_given(tree: Tree) -> None:
    """`pip install -e .` makes `python -m assignment` work in every folder."""
    settings = tomllib.loads(tree["pyproject.toml"].decode())
    packages = {path.rpartition("/")[0].replace("/", ".") for path in tree if path.endswith(".py") and "/" in path}
    assert set(settings["tool"]["setuptools"]["packages"]) == packages
    assert settings["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    assert settings["project"]["requires-python"] == ">=3.11"


def test_the_readme_sets_up_three_systems_each_by_one_line(tree: Tree, assignment: Assignment) -> None:
    text = tree["README.md"].decode()
    lines = re.findall(r"(?s)```(?:sh|powershell)\n(.*?)\n```", text)
    assert len(lines) == 3
    for line in lines:
        assert "\n" not in line
        assert line.endswith("pip install -e . && python -m assignment doctor") or line.startswith("py -m venv")
        assert "--quiet" not in line  # pip's progress is seen
    assert lines[0].index("https://download.pytorch.org/whl/cpu") < lines[0].index("pip install -e .")
    assert f"best {assignment.python}, with which the course grades" in text
    for what in ("Intel processor", "Codespaces", "Colab", "3.11 or later"):
        assert what in text


def requirements(text: str) -> dict[str, str]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return {re.split("[<>=]", line)[0]: line for line in lines if line}


def test_what_lies_about_and_line_ends_of_windows_do_not_show(staff: Path, released: Path, tmp_path: Path) -> None:
    ours = shutil.copytree(staff, tmp_path / "staff")
    for file in [*ours.glob("assignment/*.py"), *ours.glob("tests/*.py"), ours / "conftest.py"]:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    (ours / "assignment" / "data").mkdir()
    for path in (
        *("assignment/__pycache__/q1_conv2d.cpython-311.pyc", "assignment/.ipynb_checkpoints/q1_conv2d.py"),
        *(
            "assignment/data/batch.py",
            "assignment/runs/cache.md",
            "assignment/q1_conv2d.py~",
            "tests/.pytest_cache/x.py",
        ),
        *(
            "assignment/.q1_conv2d.py.swp",
            "assignment/#q1_conv2d.py#",
            "tests/test_q1_conv2d.py.orig",
            "tests/.DS_Store",
        ),
        *("assignment/q1_conv2d (copy).py", "assignment/q1.ipynb", "autograder/release/template/notes.txt"),
    ):
        (ours / path).parent.mkdir(exist_ok=True)
        (ours / path).write_text("print('of no interest')\n")
    done = release_from(ours, str(tmp_path / "student"))
    assert (done.returncode, done.stderr) == (0, "")
    assert snapshot(tmp_path / "student") == snapshot(released)


def test_what_git_does_not_track_is_left_out_and_reported(staff: Path, released: Path, tmp_path: Path) -> None:
    ours = shutil.copytree(staff, tmp_path / "staff")
    git(ours, "init", "-q")
    git(ours, "add", "-A")
    (ours / "tests" / "scratch.py").write_text("import torch\n")
    done = release_from(ours, str(tmp_path / "student"))
    assert done.stdout.splitlines()[0] == "left out    tests/scratch.py, which git does not track"
    assert snapshot(tmp_path / "student") == snapshot(released)


@pytest.mark.slow  # a second release, and all its tests
def test_a_question_that_the_course_dropped_is_not_there(staff: Path, tmp_path: Path) -> None:
    ours = shutil.copytree(staff, tmp_path / "staff")
    settings = ours / "autograder" / "assignment.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text[: text.rindex("[[question]]")].replace('title = "Conv', 'title = "The conv', 1))
    done = release_from(ours, str(tmp_path / "student"))
    assert (done.returncode, done.stderr) == (0, "")
    files = snapshot(tmp_path / "student")
    assert not [path for path in files if "q7" in path]
    assert files["README.md"][1].startswith(b"# The convolutional networks\n")
    workflow = files[".github/workflows/classroom.yml"][1].decode()
    assert workflow.count(f"{','.join(QUESTIONS[:-1])}\n") == 2
    assert "7" not in re.findall(r"q(\d)", workflow, re.IGNORECASE)
    assert [line.split()[0] for line in board(run(tmp_path / "student", "assignment", "status").stdout)] == QUESTIONS[
        :-1
    ]


def test_stubs_that_are_not_in_step_are_not_released(staff: Path, tmp_path: Path) -> None:
    ours = shutil.copytree(staff, tmp_path / "staff")
    stub = ours / "assignment" / "q2_relu.py"
    stub.write_text(stub.read_text("utf-8").replace("inplace: bool = False", "inplace: bool = True"))
    done = release_from(ours, str(tmp_path / "student"))
    assert done.returncode == 1
    assert done.stderr == "autograder: Not in step with solutions/: q2_relu.py. Run `python -m autograder stubs`.\n"
    assert not (tmp_path / "student").exists()


def changed(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_answers_and_other_files_are_left_alone(student: Path, released: Path, assignment: Assignment) -> None:
    (student / "assignment" / "q1_conv2d.py").write_text("def conv2d(:\n")
    (student / "assignment" / "q2_relu.py").write_bytes(b"\xff\x00 no text at all \r\n")
    (student / "assignment" / "explanations.md").write_text("My answer.")
    (student / "assignment" / "q3_max_pool2d.py").unlink()
    (student / "assignment" / "helper.py").write_text("x = 1\n")
    (student / "notes").mkdir()
    (student / "notes" / "mine.md").write_text("mine")
    changed(student / "README.md", "\nMy own words.\n")
    as_if_given_earlier(student, "tests/checks.py", "# as it was\n")
    as_if_given_earlier(student, "tests/old.py", "# given no longer\n")
    as_if_given_earlier(student, "assignment/q4_avg_pool2d.py", "# another stub\n")
    (student / "tests" / "messages.py").unlink()
    before = snapshot(student)
    assert release(student, assignment) == [
        "left alone  README.md, which was changed here",
        "left alone  assignment/explanations.md",
        "left alone  assignment/q1_conv2d.py",
        "left alone  assignment/q2_relu.py",
        "left alone  assignment/q3_max_pool2d.py, which is not here any more",
        "left alone  assignment/q4_avg_pool2d.py; its stub has changed since it was given",
        "updated     tests/checks.py",
        "written     tests/messages.py",
        "removed     tests/old.py, which the course no longer gives",
        f"{student}: {len(snapshot_files(released)) - 9} other files were up to date.",
    ]
    after, as_released = snapshot(student), snapshot(released)
    assert after.keys() == (before.keys() - {"tests/old.py"}) | {"tests/messages.py"}
    updated = {"tests/checks.py", "tests/messages.py", GIVEN_LIST}
    assert {path for path in after if after[path] != before.get(path)} == updated
    assert all(after[path] == as_released[path] for path in updated)


def snapshot_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_given_file_that_was_changed_is_not_overwritten(student: Path, assignment: Assignment) -> None:
    changed(student / "tests" / "checks.py", "print('where am I?')\n")
    as_if_given_earlier(student, "tests/messages.py", "# as it was\n")
    before = snapshot(student)
    with pytest.raises(UnusableRequest, match=r"changes would be lost: tests/checks\.py\. Commit them"):
        release(student, assignment)
    assert snapshot(student) == before

    git(student, "init", "-q")
    git(student, "add", "-A")
    with pytest.raises(UnusableRequest, match="changes would be lost"):  # in the index is not in a commit
        release(student, assignment)
    git(student, "commit", "-qm", "mine")
    changed(student / "assignment" / "q1_conv2d.py", "# not committed\n")
    lines = release(student, assignment)
    assert "updated     tests/checks.py, which was changed here; git has what it was" in lines
    assert (student / "assignment" / "q1_conv2d.py").read_text("utf-8").endswith("# not committed\n")
    assert {line[3:] for line in git(student, "status", "--short").splitlines()} == {
        *("tests/checks.py", "tests/messages.py", "assignment/q1_conv2d.py", GIVEN_LIST)
    }


def test_without_its_list_nothing_that_differs_is_overwritten(student: Path, assignment: Assignment) -> None:
    (student / GIVEN_LIST).unlink()
    changed(student / ".gitignore", "*.log\n")
    changed(student / "assignment" / "q1_conv2d.py", "# mine\n")
    assert release(student, assignment)[:2] == [
        "left alone  .gitignore, which was changed here",
        "left alone  assignment/q1_conv2d.py",
    ]
    (student / GIVEN_LIST).unlink()
    changed(student / "conftest.py", "# mine\n")
    with pytest.raises(UnusableRequest, match=r"conftest\.py"):
        release(student, assignment)


@pytest.mark.parametrize(
    "path", ["../outside.txt", "/etc/outside.txt", "a/../../outside.txt", ".git/config", ".GIT/config"]
)
def test_a_list_that_a_student_wrote_removes_nothing_elsewhere(
    student: Path, assignment: Assignment, path: str
) -> None:
    victim = student / path
    if path.startswith("/"):
        victim = student.parent / "outside.txt"
        path = str(victim)
    victim.parent.mkdir(exist_ok=True, parents=True)
    (student / "a").mkdir(exist_ok=True)
    victim.write_text("precious")
    given = json.loads((student / GIVEN_LIST).read_text("utf-8"))
    given["files"][path] = contents_digest("precious")
    (student / GIVEN_LIST).write_text(json.dumps(given))
    release(student, assignment)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "[" * 100_000, "\0"])
def test_a_list_that_cannot_be_read_is_reported(student: Path, assignment: Assignment, text: str) -> None:
    (student / GIVEN_LIST).write_text(text)
    with pytest.raises(UnusableRequest, match="is not as a release wrote it"):
        release(student, assignment)


def test_links_lead_nowhere(student: Path, assignment: Assignment, tmp_path: Path) -> None:
    elsewhere = shutil.move(student / "tests", tmp_path / "elsewhere")
    (student / "tests").symlink_to(elsewhere)
    before = snapshot(tmp_path)
    with pytest.raises(UnusableRequest, match="is in the way"):
        release(student, assignment)
    (student / "tests").unlink()
    (student / "tests").write_text("a file")
    with pytest.raises(UnusableRequest, match="is in the way"):
        release(student, assignment)
    (student / "tests").unlink()
    (student / "tests").symlink_to(elsewhere)
    assert snapshot(tmp_path) == before


def test_what_is_not_a_regular_file_is_not_read(student: Path, assignment: Assignment) -> None:
    """A pipe would keep the release waiting for ever."""
    (student / "conftest.py").unlink()
    os.mkfifo(student / "conftest.py")
    with pytest.raises(UnusableRequest, match=r"conftest\.py is in the way: a link, or not a file"):
        release(student, assignment)


@pytest.mark.parametrize("path", ["\\ud800", "a\\u0000b", "a\\nb", "tests/" + "n" * 300])
def test_names_that_no_file_can_have_do_not_crash_it(student: Path, assignment: Assignment, path: str) -> None:
    (student / GIVEN_LIST).write_text(f'{{"files": {{"{path}": "0"}}}}')
    before = snapshot(student)
    try:
        release(student, assignment)
    except UnusableRequest as error:
        assert "\n" not in str(error)  # noqa: PT017  (either is fine, as long as nothing is lost)
    after = snapshot(student)
    assert {name for name in before if before[name] != after[name]} <= {GIVEN_LIST}


def test_a_folder_of_something_else_is_refused(assignment: Assignment, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    done = release_from(course.ROOT, str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == (
        f"autograder: {tmp_path} holds other things, and no student's repository: name an empty or a new folder.\n"
    )
    assert snapshot_files(tmp_path) == [tmp_path / "thesis.tex"]
    with pytest.raises(UnusableRequest, match="is not a folder"):
        release(tmp_path / "thesis.tex", assignment)
    with pytest.raises(UnusableRequest, match="holds autograder/, which is for staff alone"):
        release(course.ROOT, assignment)
