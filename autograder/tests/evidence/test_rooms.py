"""Rooms of the code: no circles between them, all arrows go down, and a breach of either is noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograder import course
from autograder.evidence.rooms import ORDER, House, look_at


@pytest.fixture(scope="module")
def ours() -> House:
    return look_at(course.ROOT)


def test_rooms_import_from_those_below_them(ours: House) -> None:
    assert ours.circles == []
    assert len(ours.upward) <= 1
    assert len(ours.loose) <= 3
    assert set(ours.rooms) == set(ORDER)  # each has its place, and there is no place without a room


def test_what_students_are_given_imports_nothing_of_staffs(ours: House) -> None:
    given = {"assignment", "tests"}
    assert [target for source, target in ours.arrows if source in given and target not in given] == []


def made(checkout: Path, modules: dict[str, str]) -> House:
    for name, text in modules.items():
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return look_at(checkout)


@pytest.mark.parametrize(
    "line",
    [
        "import autograder.pages.student",
        "from autograder import pages",
        "from autograder.pages import student as page",
        "from autograder.pages.student import page, other",
        "from ..pages import student",
        "def later():\n    from autograder.pages.student import page",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from autograder.pages.student import Page",
    ],
)
def test_an_import_is_an_arrow_wherever_it_stands(tmp_path: Path, line: str) -> None:
    pages = {"autograder/pages/__init__.py": "", "autograder/pages/student.py": ""}
    house = made(tmp_path, {**pages, "autograder/text/inert.py": line})
    (found,) = house.arrows["text", "pages"]
    assert (found.source, found.line) == ("autograder/text/inert.py", line.count("\n") + 1)
    assert house.upward == [("text", "pages")]
    assert house.circles == []
    assert house.loose == []


def test_circles_are_found_whole(tmp_path: Path) -> None:
    house = made(
        tmp_path,
        {
            "assignment/q1.py": "",
            "autograder/text/a.py": "import autograder.course.b",
            "autograder/course/b.py": "import autograder.later\nimport assignment.q1",  # it leaves the circle
            "autograder/later.py": "import autograder.text.a",
            "autograder/pages/d.py": "import autograder.batch.e",
            "autograder/batch/e.py": "import autograder.pages.d",
            "autograder/commands/f.py": "import autograder.text.a",  # nothing leads back
        },
    )
    assert house.circles == [["text", "course", "later"], ["pages", "batch"]]
    assert house.loose == ["later"]


def test_imports_of_code_that_is_not_the_graders_make_no_arrow(tmp_path: Path) -> None:
    reads = "import autograder.pages.student\n"
    others = ("tests/text", "attacks/corpus/odd", "evidence/bank/right/q1_conv2d", "release/template")
    house = made(
        tmp_path,
        {"autograder/pages/student.py": "\n", **{f"autograder/{folder}/it.py": reads for folder in others}},
    )
    assert house.rooms == ("pages",)
    assert house.arrows == {}
    assert house.lines == {"autograder/pages": 1, "autograder/tests": 1}


def test_the_command_describes_any_checkout(tmp_path: Path) -> None:
    made(tmp_path, {"assignment/q1.py": "import tests.checks\n", "tests/checks.py": "import assignment.q1\n"})
    command = [sys.executable, "-m", "autograder.evidence.rooms", "--checkout", str(tmp_path)]
    printed = subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, check=True).stdout
    assert "1 circle\n  assignment, tests\n" in printed
    assert "1 arrow upward\n  assignment -> tests: assignment/q1.py, line 1, imports tests.checks\n" in printed
    assert "2 lines of Python\n  assignment: 1\n  tests: 1\n" in printed
