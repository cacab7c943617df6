"""What the names of files say: q1_conv2d.py is the module of question q1, and test_q1_conv2d.py holds its tests."""

from __future__ import annotations

from pathlib import Path, PurePath


def module_of(file: str | PurePath) -> str:
    """The name of a question's module, "q1_conv2d", from the module's own file or one with its tests."""
    return PurePath(file).stem.removeprefix("test_")


def question_of(file: str | PurePath) -> str:
    """A question's id, "q1", from the name or file of its module or from a file with its tests."""
    return module_of(file).partition("_")[0]


def operation_of(file: str | PurePath) -> str:
    """What a question's module is called after its id, "conv2d"; "" if nothing follows."""
    return module_of(file).partition("_")[2]


def suites_in(folder: Path) -> list[Path]:
    """The files in a folder that hold questions' tests, sorted by name."""
    return sorted(folder.glob("test_q*.py"))
