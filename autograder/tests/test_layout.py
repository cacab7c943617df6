"""Each test module can be read, run and moved by itself: what several share is in `support/`, or a fixture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def imported(text: str) -> Iterator[str]:
    """Dotted names of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def from_tests(text: str) -> list[str]:
    """Imports from the grader's test modules and their `conftest.py`; the public tests' are another matter."""
    return [
        name
        for name in imported(text)
        if name.startswith((".", "autograder.tests."))
        and any(part == "conftest" or part.startswith("test_") for part in name.split("."))
    ]


def test_no_module_imports_from_a_test_module_or_from_conftest() -> None:
    modules = [*HERE.rglob("*.py")]
    assert len(modules) > 100
    found = {str(path.relative_to(HERE)): from_tests(path.read_text("utf-8")) for path in modules}
    assert {name: imports for name, imports in found.items() if imports} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from autograder.tests.text.test_inert import HOSTILE",
        "from autograder.tests.text import test_inert",
        "import autograder.tests.text.test_inert as inert",
        "from autograder.tests import conftest",
        "from .test_inert import HOSTILE",
        "from . import test_inert",
        "def later():\n    from autograder.tests.conftest import Grade",
    ],
)
def test_such_an_import_is_noticed(line: str) -> None:
    assert from_tests(line)
    assert not from_tests("from tests.conftest import afresh\nfrom autograder.tests.support import hostile")
