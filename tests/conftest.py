"""Fixtures of the public tests: q1 … are the tested modules themselves, so print and debuggers work."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import assignment
from assignment.given import handed_in
from assignment.given.question_files import module_of, operation_of, question_of, suites_in
from assignment.given.scoreboard import Outcome, lines, newer_python, scores
from assignment.given.table_model import TableModel
from tests.at_home.from_scratch import watched
from tests.failures import CheckFailed
from tests.markers import PointsMarker, know_points, points_marker
from tests.messages import full_message, headline, run_again

OWN_FILES = pytest.StashKey[Callable[[str], str | None]]()
"""The name shown to the student for a file in a traceback; None for files that are not the student's."""

_POINTS = "points and category"
_CHOSEN = pytest.StashKey[dict[tuple[str, int], Outcome]]()


def pytest_configure(config: pytest.Config) -> None:
    know_points(config)
    target = _target(config)
    # The package `assignment` takes its modules from the target first, and given files from its own folder.
    if str(target) not in assignment.__path__:
        assignment.__path__.insert(0, str(target))
    handed_in.watch(target)


def pytest_report_header(config: pytest.Config) -> str:
    return f"public tests of: {config.getoption('--target') or config.getini('target')}"


def _target(config: pytest.Config) -> Path:
    given = config.getoption("--target")
    target = Path(given) if given else config.rootpath / config.getini("target")
    if not target.is_dir():
        raise pytest.UsageError(f"--target: {target} is not a folder.")
    return target.resolve()


def _module(config: pytest.Config, name: str) -> ModuleType:
    target = _target(config)
    if not (target / f"{name}.py").exists():
        pytest.fail(f"There is no {name}.py in {target}.", pytrace=False)
    return importlib.import_module(f"assignment.{name}")


def _fixture_for(module: str) -> Callable[..., ModuleType]:
    @pytest.fixture
    def question(pytestconfig: pytest.Config) -> ModuleType:
        return _module(pytestconfig, module)

    return question


# q1, q2, …: for each file of tests beside this one, the module that it tests.
globals().update({question_of(file): _fixture_for(module_of(file)) for file in suites_in(Path(__file__).parent)})


@pytest.fixture
def table_model() -> Callable[[torch.Tensor], torch.nn.Module]:
    """Returns a function that makes a model from a table of answers (number of images, number of classes)."""
    return TableModel


@pytest.fixture
def afresh() -> Callable[[], None]:
    """Forget what the code stored in earlier calls. Grading continues in a new process; here nothing is needed."""
    return lambda: None


@pytest.fixture
def from_scratch() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns a wrapper for functions, whose calls fail if a library does the work."""
    return watched


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a wrong answer by its message alone, and an exception by the student's own lines."""
    report = yield
    marker = points_marker(item)
    if marker is None or not item.path.is_relative_to(Path(__file__).parent):
        return report
    # Properties are sent with the report, also from the processes of pytest-xdist.
    report.user_properties.append((_POINTS, [*marker]))
    if call.excinfo is None or not report.failed:
        return report
    error = call.excinfo.value
    if isinstance(error, CheckFailed):
        report.longrepr = full_message(item, error)
    elif isinstance(error, Exception):
        message = _by_own_lines(item, error)
        if message:
            report.longrepr = message
    return report


def _by_own_lines(item: pytest.Item, error: Exception) -> str:
    """A message about an exception with the target's lines in its traceback; "" if there are none."""
    folders = tuple(assignment.__path__)
    own = item.config.stash.get(OWN_FILES, lambda name: _shown(name) if name.startswith(folders) else None)
    frames = [
        (name, frame)
        for frame in traceback.extract_tb(error.__traceback__)
        if (name := own(frame.filename)) is not None
    ]
    if isinstance(error, NotImplementedError) and frames:
        name, frame = frames[-1]
        return f"TODO: {frame.name} in {name}, line {frame.lineno}"
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType) and error.obj.__file__:
        return f"{headline(item)}\n  missing {_shown(error.obj.__file__)} has no {error.name}"
    lines = [f"  {name}:{frame.lineno}, in {frame.name}: {frame.line}" for name, frame in frames]
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(folders):
        lines.append(f"  {_shown(error.filename or '')}:{error.lineno}: {(error.text or '').strip()}")
    if not lines:
        return ""
    raised = f"  {type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
    notes = [f"  {note}" for note in getattr(error, "__notes__", [])]
    return "\n".join([headline(item), *lines, raised, *notes, f"  {'again':<7} {run_again(item)}"])


def _shown(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The scoreboard, at the end of every run that tested something."""
    ran = outcomes(terminalreporter.stats, terminalreporter.config)
    if ran:
        board = scores(ran)
        terminalreporter.section("public tests", "-")
        for line in filter(None, [*lines(board), newer_python()]):
            terminalreporter.write_line(line)


def outcomes(stats: dict[str, list[Any]], config: pytest.Config) -> list[Outcome]:
    """The outcome of each selected public test, in order; empty if none ran.

    A test that failed in any phase failed; one that was not reached (-x) has not passed.
    """
    found: dict[tuple[str, int], Outcome] = {}
    for report in (report for reports in stats.values() for report in reports):
        marked = dict(getattr(report, "user_properties", ())).get(_POINTS)
        if marked is None or not (report.failed or report.when == "call"):
            continue
        place = report.location[0], report.location[1] or 0
        if place not in found or report.failed:
            message = str(report.longrepr) if report.failed else ""
            found[place] = _outcome(place[0], PointsMarker(*marked), passed=report.passed, message=message)
    chosen = config.stash.get(_CHOSEN, {}) if found else {}
    return [(chosen | found)[place] for place in sorted(chosen | found)]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Record which tests were selected. The processes of pytest-xdist do that themselves."""
    chosen = {}
    for item in session.items:
        marker = points_marker(item)
        if marker is not None and item.path.is_relative_to(Path(__file__).parent):
            place = item.location[0], item.location[1] or 0
            chosen[place] = _outcome(place[0], marker, passed=False, message="It was not run.")
    session.config.stash[_CHOSEN] = chosen


def _outcome(file: str, marker: PointsMarker, *, passed: bool, message: str) -> Outcome:
    return Outcome(question_of(file), operation_of(file), marker.category, marker.points, passed, message)


@pytest.fixture(autouse=True)
def _same_random_numbers_every_time() -> None:
    torch.manual_seed(0)
