"""The public tests in a notebook: `check("q1")` tests what its cells defined, and prints what `pytest` would."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assignment.given.handed_in import not_handed_in, remark
from assignment.given.question_files import question_of, suites_in
from assignment.given.scoreboard import Outcome, newer_python, scores

# This module is also a pytest plugin, so pytest finds fixtures and hooks by their names here.
from tests.at_home import notebook_cells
from tests.conftest import (
    OWN_FILES,
    _same_random_numbers_every_time,
    afresh,
    from_scratch,
    outcomes,
    pytest_collection_finish,
    pytest_runtest_makereport,
    table_model,
)
from tests.markers import know_points, points_marker
from tests.messages import AGAIN

__all__ = [
    "_same_random_numbers_every_time",
    "afresh",
    "check",
    "from_scratch",
    "pytest_collection_finish",
    "pytest_runtest_makereport",
    "table_model",
]

FOLDER = Path(__file__).resolve().parent
MOST_PRINTED = 2_000  # characters of the student's output that a test shows; the search for likely causes prints again


def check(question: str, category: str = "") -> int:
    """Run the public tests of a question on what the notebook's cells defined, and print what is wrong.

    Args:
        question: "q1".
        category: run only the tests of this category, "dilation"; all if "".

    Returns:
        The number of points reached.

    Raises:
        ValueError: there are no such tests.
    """
    __tracebackhide__ = True
    files = suites_in(FOLDER)
    chosen = [file for file in files if question_of(file) == question]
    if not chosen:
        known = ", ".join(map(question_of, files))
        raise ValueError(f"There are no tests of {question}; there are tests of {known}.")
    run = _Run(category)
    output = io.StringIO()
    arguments = [
        *("-c", os.devnull, "--rootdir", str(FOLDER.parent), "--noconftest", "--import-mode=importlib"),
        *("--assert=plain", "--capture=fd", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:warnings"),
        *map(str, chosen),
    ]
    with _quietly(output):
        status = pytest.main(arguments, plugins=[sys.modules[__name__], run])
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if not run.outcomes:
        if category and status == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise ValueError(f"{question} has no tests of {category}; it has {', '.join(run.categories)}.")
        raise RuntimeError(output.getvalue().strip())
    for failure in run.failures:
        print(f"{failure}\n")
    (score,) = scores(run.outcomes)
    print(score.line())
    if not category:
        print("The grade counts hidden tests too.")
    if newer_python():
        print(newer_python())
    for sentence in notebook_cells.left_out_in_grading(chosen[0].read_text("utf-8"), question):
        print(sentence)
    for file in not_handed_in(list(sys.modules.values()), Path.cwd()):
        print(f"If your answer needs it: {remark(file, 'the notebook')}")
    return score.points


def pytest_configure(config: pytest.Config) -> None:
    know_points(config)
    config.stash[AGAIN] = lambda question, marker: f'check("{question}", "{marker.category}")'
    config.stash[OWN_FILES] = _cell


@pytest.fixture
def _definitions() -> ModuleType:
    """What the notebook's cells defined, as the module that tests expect."""
    module = ModuleType("notebook")
    module.__dict__.update(vars(sys.modules["__main__"]))
    module.__file__ = "this notebook"  # its name in messages
    return module


def _fixture() -> Any:
    @pytest.fixture
    def question(_definitions: ModuleType) -> ModuleType:
        return _definitions

    return question


globals().update({question_of(file): _fixture() for file in suites_in(FOLDER)})  # q1, q2, …


class _Run:
    """Collects the tests' outcomes.

    Args:
        category: run only the tests of this category; all if "".
    """

    def __init__(self, category: str) -> None:
        self.outcomes: list[Outcome] = []
        self.failures: list[str] = []
        self.categories: list[str] = []
        self._category = category

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        category = {item: marker.category for item in items if (marker := points_marker(item)) is not None}
        self.categories = list(dict.fromkeys(category.values()))
        items[:] = [item for item in items if self._category in ("", category.get(item))]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self.outcomes = outcomes(terminalreporter.stats, terminalreporter.config)
        failed = [report for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, [])]
        for report in failed:
            printed = [f"--- {title} ---\n{_end(text)}" for title, text in report.sections if text.strip()]
            self.failures.append("\n".join([report.longreprtext, *printed]))


def _end(text: str) -> str:
    """The end of a text."""
    text = text.rstrip()
    return text if len(text) <= MOST_PRINTED else f"…{text[-MOST_PRINTED:]}"


@contextlib.contextmanager
def _quietly(output: io.StringIO) -> Iterator[None]:
    """Keep the output of pytest and warnings out of the notebook: nbgrader gives no points if anything is on stderr.

    Settings of the student's own pytest runs are ignored, and so are other packages' plugins, which take time.
    """
    settings = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in settings:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(settings)


notebook_cells.watch()


def _cell(filename: str) -> str | None:
    """The name shown for a cell, given its file name in tracebacks; None if the file is not a cell."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    name = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(filename)
    if name is not None:
        return " ".join(name)
    is_cell = filename.startswith("<ipython-input-") or f"{os.sep}ipykernel_" in filename  # first: older IPython
    return "a cell" if is_cell else None
