"""Where tests are: a module's at its own path, and what several share in `support/` or in a fixture."""

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


def elsewhere(test: str, modules: set[str]) -> list[str]:
    """The modules with a test's name, if none of them lies where it does.

    Args:
        test: its path below the folder of tests.
        modules: paths below `autograder/`, without ".py"; of a package the folder's.
    """
    folder, _, name = test.removesuffix(".py").rpartition("test_")
    alike = sorted(module for module in modules if module.rpartition("/")[2] == name)
    return [] if f"{folder}{name}" in modules else alike


def test_a_test_that_is_named_like_a_module_lies_where_the_module_does() -> None:
    package = HERE.parent
    ours = [path.relative_to(package).as_posix() for path in package.rglob("*.py")]
    modules = {name.removesuffix(".py").removesuffix("/__init__") for name in ours if not name.startswith("tests/")}
    modules = {name for name in modules if not {"corpus", "right", "template"} & set(name.split("/"))}
    tests = {path.relative_to(HERE).as_posix() for path in HERE.rglob("test_*.py")}
    # These two mirror other folders: what students are given.
    tests = {name for name in tests if not name.startswith(("assignment/", "public_tests/"))}
    assert len(tests) > 60
    assert {name: found for name in tests if (found := elsewhere(name, modules))} == {}


def test_a_test_at_another_path_is_noticed() -> None:
    modules = {"text/inert", "places/github", "grading/calls", "sandbox/calls"}
    assert elsewhere("render/test_inert.py", modules) == ["text/inert"]
    assert elsewhere("test_inert.py", modules) == ["text/inert"]
    assert elsewhere("render/test_calls.py", modules) == ["grading/calls", "sandbox/calls"]
    for name in ("text/test_inert.py", "places/test_github.py", "sandbox/test_calls.py", "text/test_own_theme.py"):
        assert elsewhere(name, modules) == []
