"""The course's Python stands in assignment.toml, and from there goes wherever submissions are written or graded."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path

import pytest

from assignment.given import scoreboard
from autograder import course
from autograder.course import Assignment, load
from autograder.errors import GraderFault
from autograder.places.classroom50 import export as classroom50
from autograder.places.github import export as github
from autograder.places.gradescope import export as gradescope
from autograder.places.nbgrader import notebooks
from autograder.places.shared_files import with_python
from autograder.release.contents import student_tree
from autograder.tests.support import workflows

FOLDERS = (
    "autograder/places",
    "autograder/release/template",
    "autograder/guides",
)
# The oldest that the grader runs on is the grader's own matter.
OLDEST = re.compile(r"3\.11 or later|\(3, 11\)|Ubuntu 24\.04 has 3\.\d+")
ANOTHER = "3.42"


def _of_course(tmp_path: Path, line: str) -> Path:
    text = course.SETTINGS.read_text("utf-8")
    given = re.search(r'(?m)^python = ".*"\n', text)
    assert given is not None
    path = tmp_path / "assignment.toml"
    path.write_text(text.replace(given[0], f"{line}\n"), "utf-8")
    return path


@pytest.fixture
def another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """The course with another Python, as the exports read it."""
    assignment = load(_of_course(tmp_path, f'python = "{ANOTHER}"'))
    monkeypatch.setattr(course, "load", lambda: assignment)
    return assignment


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "python is missing"),
        ("python = 3.12", "python = 3.12 must be"),
        ('python = "3.10"', 'python = "3.10" must be'),
        ('python = "3"', 'python = "3" must be'),
        ('python = "3.12.1"', "must be"),
        ('python = "3.12\\n"', "must be"),
        ('python = "python3.12"', "must be"),
    ],
)
def test_it_is_checked_when_it_is_read(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(GraderFault, match=re.escape(words)) as caught:
        load(_of_course(tmp_path, line))
    here = f'like "{sys.version_info.major}.{sys.version_info.minor}".'
    assert str(caught.value).endswith(
        f"the version that the course grades with, in quotation marks, 3.11 or later, {here}"
    )


def test_no_version_is_written_by_hand() -> None:
    files = [path for folder in FOLDERS for path in (course.ROOT / folder).rglob("*") if path.is_file()]
    found = [
        f"{path.relative_to(course.ROOT)}: {line.strip()}"
        for path in files
        if path.suffix != ".pyc"
        for line in OLDEST.sub("", path.read_text("utf-8")).splitlines()
        if re.search(r"\b3\.1\d\b|python:?3\.?\d", line)
    ]
    assert len(files) > 20
    assert not found


def test_a_release_has_it_everywhere(another: Assignment) -> None:
    tree, _ = student_tree(another)
    workflow = tree[".github/workflows/classroom.yml"].decode()
    assert f'python-version: "{ANOTHER}"' in workflow
    container = json.loads(tree[".devcontainer/devcontainer.json"])
    assert container["image"].endswith(f":{ANOTHER}")
    assert tomllib.loads(tree["pyproject.toml"].decode())["tool"]["course"]["python"] == ANOTHER
    assert not [path for path, data in tree.items() if course.PYTHON_PLACE.encode() in data]


def test_the_exports_have_it(another: Assignment) -> None:
    assert f'"python": "{another.python}"' in classroom50.bundle()["README.md"].decode()
    setup = with_python(Path(gradescope.__file__).with_name("setup.sh")).decode()
    assert f"\npython=python{ANOTHER}\n" in setup
    for files in (classroom50.bundle(), github.repository_files()):
        held = [name for name, data in files.items() if course.PYTHON_PLACE.encode() in data]
        assert held in ([], ["autograder/course/__init__.py"])


def test_the_staff_s_workflow_asks_the_course(tmp_path: Path) -> None:
    template = Path(github.__file__).parent / "template" / github.WORKFLOW
    jobs = workflows.load(template)["jobs"]
    assert jobs["plan"]["outputs"]["python"] == "${{ steps.shards.outputs.python }}"
    (setup,) = (step for step in jobs["grade"]["steps"] if step.get("uses", "").startswith("actions/setup-python"))
    assert setup["with"]["python-version"] == "${{ needs.plan.outputs.python }}"
    put_out = tmp_path / "output"
    roster = tmp_path / "roster.csv"
    roster.write_text("student\nada\n")
    subprocess.run(
        [sys.executable, "-m", "autograder.places.github", "shards", "--roster", str(roster)],
        cwd=course.ROOT, env={"GITHUB_OUTPUT": str(put_out)}, check=True, capture_output=True,
    )  # fmt: skip
    assert re.search(rf"(?m)^python<<(\S+)\n{re.escape(load().python)}\n\1$", put_out.read_text())


def test_a_notebook_that_is_alone_has_it(another: Assignment) -> None:
    texts = json.loads(zlib.decompress(base64.b64decode(notebooks._packed(another))))
    assert tomllib.loads(texts["pyproject.toml"])["tool"]["course"]["python"] == ANOTHER


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ('[tool.course]\npython = "3.12"', True),
        ('[tool.course]\npython = "3.13"', False),
        ('[tool.course]\npython = "3.9"', True),
        ('[tool.course]\npython = "4.0"', False),
        ('[tool.course]\npython = "of ours"', False),
        ("[tool.course]\npython = 3", False),
        ("tool = 3", False),
        ("[tool", False),
        (None, False),
    ],
)
def test_students_with_a_newer_python_are_warned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, *, warned: bool
) -> None:
    monkeypatch.setattr(scoreboard, "SETTINGS", tmp_path / "pyproject.toml")
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    line = scoreboard.newer_python((3, 13))
    assert bool(line) == warned
    assert not warned or line.startswith("Your Python is 3.13, and the course grades with 3.")


@pytest.mark.parametrize(("minor", "warned"), [(sys.version_info.minor - 1, True), (sys.version_info.minor, False)])
def test_the_public_tests_warn_in_a_student_s_repository(student: Path, minor: int, *, warned: bool) -> None:
    settings = student / "pyproject.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace(f'python = "{load().python}"', f'python = "3.{minor}"'), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_q2_relu.py"],
        cwd=student, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Public tests: " in done.stdout
    assert done.stdout.count("Your Python is") == int(warned)


def test_the_staff_s_checkout_warns_nobody() -> None:
    assert "course" not in tomllib.loads(scoreboard.SETTINGS.read_text("utf-8"))["tool"]
