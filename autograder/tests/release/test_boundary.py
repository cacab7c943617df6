"""What students receive does not know that staff code exists."""

from __future__ import annotations

import ast
import re

import pytest

from autograder import course
from autograder.sandbox.launch import REPOSITORY, launch

RELEASED = sorted([*course.STUBS.rglob("*.py"), *course.PUBLIC_TESTS.rglob("*.py"), course.ROOT / "conftest.py"])


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: str(path.relative_to(course.ROOT)))
def test_nothing_released_imports_staff_code(path: object) -> None:
    text = path.read_text("utf-8")  # type: ignore[attr-defined]
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not [name for name in names if re.match(r"(autograder|solutions)\b", name)]
    assert "SOLUTION" not in text


def test_the_fork_server_knows_nothing_worth_stealing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_TOKEN", "a secret")
    server = launch()
    try:
        environment = open(f"/proc/{server.process.pid}/environ", "rb").read()  # noqa: PTH123, SIM115
        arguments = open(f"/proc/{server.process.pid}/cmdline", "rb").read()  # noqa: PTH123, SIM115
    finally:
        server.close()
    assert b"GRADER_TOKEN" not in environment
    assert b"secret" not in arguments
    assert REPOSITORY == course.ROOT


# Files of the grader in which Python's parser or tokenizer is at work, and on what.
PARSES = {
    "intake/encoding.py": "modules of at most 64 kB that are not all UTF-8 or not all ASCII, into tokens",
    "places/nbgrader/notebooks.py": "the course's own modules",
    "sandbox/loading.py": "a student's module, in the worker that imports it",
    "sandbox/notebook_loading.py": "a student's notebook, in the worker that imports it",
    "sandbox/notebook_needs.py": "the same",
    "grading/thresholds.py": "the given code that draws patterns",
}


def test_what_a_student_wrote_is_parsed_only_where_it_is_confined() -> None:
    package = course.ROOT / "autograder"
    no_submission = course.NOT_FOR_GRADING - {"batch", "gradebook", "pages", "records", "review"}
    files = [path.relative_to(package) for path in package.rglob("*.py")]
    parsing = {
        str(file)
        for file in files
        if file.parts[0] not in no_submission and _parsers(ast.parse((package / file).read_text("utf-8")))
    }
    assert parsing <= PARSES.keys()


def _parsers(tree: ast.Module) -> set[str]:
    """What of Python's own parser and compiler a module uses."""
    used: set[str | None] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            used.add(node.module)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            used.add(node.func.id)
    return used & {"ast", "tokenize", "linecache", "symtable", "compile", "exec", "eval"}  # type: ignore[return-value]
