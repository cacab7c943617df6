"""Fixtures of the public tests: q1 … are the tested modules themselves, so print and debuggers work."""

from __future__ import annotations

import importlib
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
from tests.at_home.endless_loops import TookTooLong, stopped_after
from tests.at_home.from_scratch import watched
from tests.classroom import tests_of
from tests.failures import CheckFailed
from tests.markers import PointsMarker, know_points, points_marker
from tests.messages import FRAMES, full_message, headline, laid_out, own_frames, remark_on, run_again

OWN_FILES = pytest.StashKey[Callable[[str], str | None]]()
"""The name shown to the student for a file in a traceback; None for files that are not the student's."""

MOST_OF_AN_ERROR = 400  # characters
PRINTED = 12  # lines of the student's own output that a failing test shows; the search for likely causes prints again

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
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Stop what does not end, also where pytest-timeout could only end the whole run."""
    own = points_marker(item) is not None and item.path.is_relative_to(Path(__file__).parent)
    known = item.config.pluginmanager.hasplugin("timeout")
    with stopped_after(float(item.config.getini("timeout") or 0) if own and known else 0):
        return (yield)


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
    if OWN_FILES not in item.config.stash:  # a notebook has a limit of its own
        report.sections = [(title, _end(text)) for title, text in report.sections]
    error = call.excinfo.value
    if isinstance(error, CheckFailed):
        report.longrepr = full_message(item, error)
    elif (message := _by_own_lines(item, error)) is not None:
        report.longrepr = message
    return report


def _end(text: str) -> str:
    """The end of what the student's code printed."""
    lines = text.rstrip().splitlines()
    left_out = len(lines) - PRINTED
    return text if left_out <= 0 else "\n".join([f"… {left_out} lines; pytest -s shows all", *lines[-PRINTED:]]) + "\n"


def _by_own_lines(item: pytest.Item, error: BaseException) -> str | None:
    """A message about an exception with the target's lines in its traceback; None if there are none."""
    folders = tuple(assignment.__path__)
    given = str(handed_in.FOLDER)
    own = item.config.stash.get(
        OWN_FILES, lambda name: _shown(name) if name.startswith(folders) and not name.startswith(given) else None
    )
    frames = own_frames(error.__traceback__, own)
    if isinstance(error, NotImplementedError) and frames:
        name, function, number, _ = frames[-1]
        return f"TODO: {function} in {name}, line {number}"
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType) and error.obj.__file__:
        missing = ("missing", f"{_shown(error.obj.__file__)} has no {error.name}")
        return "\n".join([headline(item), *laid_out([missing])])
    again = ("again", run_again(item))
    if isinstance(error, pytest.fail.Exception):
        if not frames or not (isinstance(error, TookTooLong) or "Timeout" in str(error)):
            return None
        name, function, number, line = frames[-1]
        words = f"{name}, line {number}, in {function}: {line}"
        stopped = ("wrong", "it did not end, and was stopped in this line: an endless loop?")
        return "\n".join([headline(item), *laid_out([stopped, ("line", words), again])])
    if not isinstance(error, Exception):
        return None
    shown = [f"{name}:{number}, in {function}: {line}" for name, function, number, line in frames]
    if len(shown) > FRAMES:
        shown = [f"… {len(shown) - FRAMES} calls before", *shown[-FRAMES:]]
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(folders):
        shown.append(f"{_shown(error.filename or '')}:{error.lineno}: {(error.text or '').strip()}")
    if not shown:
        return None
    text = str(error.msg if isinstance(error, SyntaxError) else error)
    lines = [("line" if not place else "", line) for place, line in enumerate(shown)]
    lines.append(("error", f"{type(error).__name__}: {text[:MOST_OF_AN_ERROR]}"))
    for note in getattr(error, "__notes__", []):
        likely, _, rest = str(note).partition("likely: ")
        lines.append(("likely", rest) if not likely and rest else ("", str(note)))
    if remark := remark_on(error, question_of(item.path)):
        lines.append(("try", remark))
    return "\n".join([headline(item), *laid_out([*lines, again])])


def _shown(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Below all that pytest itself reports: what is still a TODO, a line for each, and the scoreboard."""
    failed = terminalreporter.stats.get("failed", [])
    todo = [report for report in failed if _POINTS in dict(report.user_properties) and _is_todo(report)]
    # A section for each of them, as for other failures, would push the first real one off the screen.
    terminalreporter.stats["failed"] = [report for report in failed if report not in todo]
    try:
        yield
    finally:
        terminalreporter.stats["failed"] = failed
        if not failed:
            del terminalreporter.stats["failed"]
    ran = outcomes(terminalreporter.stats, terminalreporter.config)
    if not ran:
        return
    if todo:
        terminalreporter.section("still to do", "-")
        for line in dict.fromkeys(str(report.longrepr) for report in todo):
            terminalreporter.write_line(line)
    terminalreporter.section("public tests", "-")
    for line in filter(None, [*lines(scores(ran), possible_points()), newer_python()]):
        terminalreporter.write_line(line)


def _is_todo(report: pytest.TestReport) -> bool:
    return report.failed and str(report.longrepr).startswith("TODO: ")


def possible_points() -> dict[str, int]:
    """The points of all public tests, by question, wherever only some of them ran."""
    questions = {question_of(file) for file in suites_in(Path(__file__).parent)}
    return {question: sum(points for _, points in tests_of(question)[1].values()) for question in sorted(questions)}


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
