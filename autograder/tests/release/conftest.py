"""What the tests of a release share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder import course
from autograder.release import contents


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the staff's checkout, to change things in, as a release needs it."""
    folder = tmp_path_factory.mktemp("staff")
    not_needed = shutil.ignore_patterns("__pycache__", "attacks", "fuzz", "tests")
    for name in ("assignment", "solutions", "autograder"):
        shutil.copytree(course.ROOT / name, folder / name, ignore=not_needed)
    shutil.copytree(course.ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in contents.ROOT_FILES:
        shutil.copy(course.ROOT / name, folder)
    return folder
