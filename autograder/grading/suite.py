"""Run the public and hidden tests against a submission, with pytest and the tests' fixtures bound to the sandbox.

At home `tests/conftest.py` passes the student's module itself to a test. Here a plugin passes a stand-in that sends
calls to a worker, records each test's outcome and decides what the student may read about it.
"""

from __future__ import annotations

import contextlib
import hmac
import io
import os
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
import pytest_timeout
import torch
from _pytest.fixtures import FixtureLookupError
from _pytest.runner import runtestprotocol

from autograder.course import HIDDEN_TESTS, ROOT, Question
from autograder.errors import GraderFault, KilledFromOutside
from autograder.grading.calls import Calls, KeptFailure
from autograder.grading.digests import suite_files
from autograder.grading.evidence import evidence_of
from autograder.grading.report import Status, TestResult
from autograder.grading.short_run import ShortRun
from autograder.sandbox.failures import SubmissionFailure, Unusable
from autograder.sandbox.launch import SandboxError, WorkerKilled
from autograder.sandbox.proxy import RemoteFunction, RemoteQuestion
from autograder.sandbox.session import Session
from tests.checks import CheckFailed
from tests.messages import full_message

# Parts of pytest for people at a terminal; without them a run starts and ends in milliseconds. Fixtures that a test may
# need stay.
_NOT_NEEDED = (
    *("cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "legacypath", "logging", "pastebin"),
    *("setuponly", "setupplan", "stepwise", "terminal", "threadexception", "unittest", "unraisableexception"),
    "warnings",
)

_NEEDS_MEMORY = (
    "A machine that grades needs memory for what a submission may use (submission_memory_mb in assignment.toml)."
)

TRUSTED_SECONDS = 3600  # for one test, in case the trusted side hangs; the worker's own limits are lower

Progress = Callable[[str, int, int], None]
"""Called after each test with the question's id, the number of tests done, and the number of all tests."""


@dataclass
class _Record:
    """A test while it runs."""

    question: str
    points: int
    category: str
    visibility: Literal["public", "hidden"]
    remarks: list[str] = field(default_factory=list)
    result: TestResult | None = None


def _stand_in(question: str) -> Callable[..., RemoteQuestion]:
    """The fixture that stands for the student's module in tests."""

    @pytest.fixture
    def fixture(self: SuitePlugin) -> RemoteQuestion:
        return self._modules[question]

    return fixture


class SuitePlugin:
    """Binds fixtures to sessions and collects results.

    Args:
        questions: the questions to grade.
        sessions: the session in which each question's code runs, by question id.
        seed: the seed of the random cases.
        runs: the short run of each question's network; without any, tests marked `training` are left out.
        progress: called after each test.
        failures: a list to which failing hidden tests are added with all their calls, if staff want that.
        alone: whether to use one worker at a time.
    """

    def __init__(
        self,
        questions: tuple[Question, ...],
        sessions: Mapping[str, Session],
        seed: bytes,
        *,
        runs: Mapping[str, ShortRun],
        progress: Progress | None,
        alone: bool,
        failures: list[KeptFailure] | None = None,
    ) -> None:
        self.fault: GraderFault | None = None
        self._failures = failures
        self._calls = Calls(keep=failures is not None)
        for session in sessions.values():
            session.noted = self._calls
        self._questions = {question.id: question for question in questions}
        self._sessions = sessions
        self._modules = {question: RemoteQuestion(session) for question, session in sessions.items()}
        self._seed = seed
        self._runs = runs
        self._progress = progress
        self._alone = alone
        self._records: dict[str, _Record] = {}
        self._done = 0

    def results(self, question: str) -> list[TestResult]:
        """The results of all tests of a question. A test that has no result for any reason gets no points."""
        return [
            record.result
            or TestResult(name, record.category, "error", record.visibility, 0, record.points, "It did not run.", "", 0)
            for name, record in self._records.items()
            if record.question == question
        ]

    q1, q2, q3, q4, q5, q6, q7 = map(_stand_in, ("q1", "q2", "q3", "q4", "q5", "q6", "q7"))

    @pytest.fixture
    def table_model(self, request: pytest.FixtureRequest) -> RemoteFunction:
        """A model that answers from a table, in the student's worker."""
        question = self._records[request.node.nodeid].question
        return RemoteFunction(self._sessions[question], "TableModel", module="given.table_model")

    @pytest.fixture
    def afresh(self, request: pytest.FixtureRequest) -> Callable[[], None]:
        """Continue in a new worker, which knows nothing of earlier calls; objects in the old one are lost."""
        return self._sessions[self._records[request.node.nodeid].question].renew

    @pytest.fixture
    def short_run(self, request: pytest.FixtureRequest) -> ShortRun:
        """The training of the question's network, which started when grading did."""
        return self._runs[self._records[request.node.nodeid].question]

    @pytest.fixture
    def from_scratch(self) -> Callable[[Any], Any]:
        """At home this watches for the library's own kernels; here the worker always does."""
        return lambda function: function

    @pytest.fixture
    def seed(self, request: pytest.FixtureRequest) -> int:
        """A seed for this test's random cases, different for each submission but always the same for one."""
        return self._seed_of(request.node)

    @pytest.fixture
    def tell(self, request: pytest.FixtureRequest) -> Callable[[str], None]:
        """Add a sentence for the student that costs no points."""
        return self._records[request.node.nodeid].remarks.append

    def pytest_configure(self, config: pytest.Config) -> None:
        know_markers(config)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            raise pytest.UsageError(f"A suite cannot be collected. {report.longrepr}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        skipped = [] if self._runs else [item for item in items if item.get_closest_marker("training")]
        points = dict.fromkeys(self._questions, 0)
        for item in items:
            record = _record(item)
            points[record.question] += record.points
            if item not in skipped:
                self._records[item.nodeid] = record
        for question in self._questions.values():
            if points[question.id] != question.automatic:
                raise pytest.UsageError(
                    f"The tests of {question.id} are worth {points[question.id]} points; by assignment.toml a "
                    f"program gives {question.automatic} ({question.points}, {question.written} of them written)."
                )
        items[:] = [item for item in items if item not in skipped]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        record = self._records[item.nodeid]
        session = self._sessions[record.question]
        session.begin_test()
        self._calls.forget()
        # Not torch.manual_seed, which on a CUDA build takes as long as the test, to record its caller.
        torch.default_generator.manual_seed(self._seed_of(item))
        begun = time.perf_counter()
        calls: list[pytest.CallInfo[None]] = []
        item.stash[_CALLS] = calls
        runtestprotocol(item, log=False, nextitem=nextitem)
        printed, banned = session.end_test()
        if self.fault is not None:
            item.session.shouldstop = "the grader failed"
        if nextitem is None or self._records[nextitem.nodeid].question != record.question:
            session.close() if self._alone else session.rest()
        seconds = round(time.perf_counter() - begun, 3)
        record.result = self._with_evidence(item, calls, banned, _result(item, record, calls, printed, banned, seconds))
        blamed = _fault_of_the_suite(item, calls, answered=session.heard)
        if blamed and self.fault is None:
            self.fault = GraderFault(blamed)
        if self.fault is not None:
            item.session.shouldfail = str(self.fault)  # whatever else runs: there will be no report
        if record.result.status == "error":
            session.flag(f"the test {record.result.name} could not be decided")
        # A failing test's values, tensors of any size, must not be kept until the last test is done or garbage is
        # collected: pytest's frames hold the error, which holds them.
        for call in calls:
            if call.excinfo is not None:
                traceback.clear_frames(call.excinfo.tb)
                call.excinfo = None
        calls.clear()
        self._calls.forget()
        self._done += 1
        if self._progress is not None:
            self._progress(record.question, self._done, len(self._records))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Record how a phase ended. Replaces pytest's own, which would spend most of a failing run on tracebacks."""
        item.stash[_CALLS].append(call)
        if call.excinfo is not None and isinstance(error := call.excinfo.value, SandboxError):
            killed = isinstance(error, WorkerKilled)
            self.fault = KilledFromOutside(f"{error} {_NEEDS_MEMORY}") if killed else GraderFault(str(error))
        outcome: Literal["passed", "failed"] = "passed" if call.excinfo is None else "failed"
        assert call.when != "collect"
        return pytest.TestReport(item.nodeid, ("", None, ""), {}, outcome, None, call.when)

    def _with_evidence(
        self,
        item: pytest.Item,
        calls: list[pytest.CallInfo[None]],
        banned: SubmissionFailure | None,
        result: TestResult,
    ) -> TestResult:
        """The result, with the evidence for staff if it is a hidden test that did not pass."""
        if result.status == "passed" or result.visibility != "hidden":
            return result
        raised = next((call.excinfo for call in calls if call.excinfo is not None), None)
        error = banned or (raised.value if raised is not None else None)
        evidence = evidence_of(item, error, raised, self._calls)
        if self._failures is not None:
            question = self._records[item.nodeid].question
            self._failures.append(KeptFailure.of(question, item.name, result, evidence, error, self._calls))
        return replace(result, evidence=evidence)

    def _seed_of(self, item: pytest.Item) -> int:
        return int.from_bytes(hmac.digest(self._seed, f"{item.path.stem} {item.name}".encode(), "sha256")[:8]) >> 1


_CALLS = pytest.StashKey[list["pytest.CallInfo[None]"]]()


def run_suite(
    questions: tuple[Question, ...],
    sessions: Mapping[str, Session],
    seed: bytes,
    *,
    runs: Mapping[str, ShortRun] | None = None,
    progress: Progress | None = None,
    failures: list[KeptFailure] | None = None,
    alone: bool = False,
) -> SuitePlugin:
    """Run every test of these questions.

    Raises:
        KilledFromOutside: a worker was killed, and the submission is not to blame.
        GraderFault: the suites are broken, or pytest could not run them.
    """
    plugin = SuitePlugin(questions, sessions, seed, runs=runs or {}, progress=progress, alone=alone, failures=failures)
    files = [file for question in questions for file in suite_files(question)]
    status, said = run_pytest(files, plugin)
    if plugin.fault is not None:
        raise plugin.fault
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise GraderFault(f"The suites could not be run: {said or status}")
    return plugin


def run_pytest(files: Sequence[Path], plugin: object, *arguments: str) -> tuple[int, str]:
    """Run pytest as for a grade, ignoring the settings of people's own runs; return its exit status and its output."""
    timing, limit = _time_limit()
    given = [
        *("-c", str(HIDDEN_TESTS / "pytest.ini"), "--rootdir", str(ROOT)),
        *("--noconftest", "--disable-plugin-autoload", "--assert=plain", "-s"),
        *(argument for plugin_name in _NOT_NEEDED for argument in ("-p", f"no:{plugin_name}")),
        *(*limit, *arguments, *map(str, files)),
    ]
    said = io.StringIO()
    with _without_pytest_settings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = pytest.main(given, plugins=[plugin, _Collecting(files), *timing])
    return status, said.getvalue().strip()


class _Collecting:
    """Makes pytest look only at the given files, not at everything beside them and their folders."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._wanted = {path: None for file in files for path in (file, *file.parents)}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> _Folder:
        folder: _Folder = _Folder.from_parent(parent, path=path)
        folder.wanted = [each for each in self._wanted if each.parent == path and each != path]
        return folder


class _Folder(pytest.Directory):
    """A folder of which only some paths are collected."""

    wanted: Sequence[Path] = ()

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        for path in self.wanted:
            if path.is_dir():
                folder = self.ihook.pytest_collect_directory(path=path, parent=self)
                if folder is not None:
                    yield folder
            else:
                yield from self.ihook.pytest_collect_file(file_path=path, parent=self)


def public_points(questions: tuple[Question, ...]) -> dict[str, int]:
    """The points of each question's public tests.

    Raises:
        GraderFault: the suites are broken.
    """
    counted = _Count()
    status, said = run_pytest([suite_files(question)[0] for question in questions], counted, "--collect-only")
    if status != pytest.ExitCode.OK:
        raise GraderFault(f"The public tests cannot be collected: {said or status}")
    return {question.id: counted.points[question.id] for question in questions}


class _Count:
    """Adds up the points of each question's tests."""

    def __init__(self) -> None:
        self.points: Counter[str] = Counter()

    def pytest_configure(self, config: pytest.Config) -> None:
        know_markers(config)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            record = _record(item)
            self.points[record.question] += record.points


def shown_name(item: pytest.Item) -> str:
    """A test's name in a report."""
    return item.name.removeprefix("test_").replace("_", " ")


def know_markers(config: pytest.Config) -> None:
    """Register the suites' markers with pytest."""
    config.addinivalue_line("markers", "points(points, category): what the test is worth, and its category")
    config.addinivalue_line("markers", "training: trains a network")


def _record(item: pytest.Item) -> _Record:
    where = f"{item.path}: {item.name}"
    marker = item.get_closest_marker("points")
    if marker is None:
        raise pytest.UsageError(f"{where} has no points marker.")
    points, category = marker.args[0] if len(marker.args) == 1 else None, marker.kwargs.get("category")
    if type(points) is not int or points < 0 or type(category) is not str:
        raise pytest.UsageError(f'{where} must be marked like this: @pytest.mark.points(2, category="stride").')
    if category.replace(" ", "_").replace("-", "_") not in item.name:
        raise pytest.UsageError(f"{where} does not have its category, {category}, in its name.")
    return _Record(
        question=item.path.stem.split("_")[1],
        points=points,
        category=category,
        visibility="hidden" if item.path.is_relative_to(HIDDEN_TESTS) else "public",
    )


def _result(
    item: pytest.Item,
    record: _Record,
    calls: list[pytest.CallInfo[None]],
    printed: str,
    banned: SubmissionFailure | None,
    seconds: float,
) -> TestResult:
    """Decide the outcome: a test passed only if all its phases completed."""
    error = next((call.excinfo.value for call in calls if call.excinfo is not None), None)
    complete = [call.when for call in calls] == ["setup", "call", "teardown"]
    if banned is not None:
        error = banned
    status: Status = "passed"
    message, staff, likely = " ".join(record.remarks), "", None
    hidden = record.visibility == "hidden"
    if isinstance(error, CheckFailed):
        status = "failed"
        staff, likely = error.detail, error.likely
        message = sentences(error.summary, likely) if hidden else full_message(item, error)
    elif isinstance(error, SubmissionFailure):
        status = error.status
        notes = [] if isinstance(error, Unusable) else getattr(error, "__notes__", [])
        staff = "\n".join([error.detail, *notes])
        likely = getattr(error, "likely", None)
        message = f"{error.summary} {sentences(likely)}".strip() if hidden else staff
    elif error is not None or not complete:
        status = "error"
        if error is not None and _is_timeout(error):
            status = "timeout"
        message = "This test could not be decided: it cannot judge an answer of this kind. Please ask the course staff."
        staff = f"{type(error).__name__}: {error}" if error else "the test did not run to its end"
    if printed:
        staff = f"{staff}\n--- printed ---\n{printed}".strip()
    score = record.points if status == "passed" else 0
    return TestResult(
        *(shown_name(item), record.category, status, record.visibility, score, record.points, message, staff, seconds),
        likely=sentences(likely),
    )


# Exceptions that only a test's own mistakes raise, never an answer's value: an undefined name, a missing module,
# invalid syntax, an unknown fixture, a test that skips itself.
_OWN_MISTAKES = (NameError, ImportError, SyntaxError, FixtureLookupError, pytest.skip.Exception, pytest.xfail.Exception)


def _fault_of_the_suite(item: pytest.Item, calls: list[pytest.CallInfo[None]], *, answered: bool) -> str:
    """A sentence that names the file to mend, if a test failed by its own fault and not the answer's; otherwise "".

    It is the test's own fault if it had not called the student's code when it raised, or if no answer can cause the
    exception. All others may come from an odd answer: those tests are undecided, and `grade` runs them on the solution.
    """
    failed = next((call for call in calls if call.excinfo is not None), None)
    if failed is None or failed.excinfo is None:
        return ""
    error = failed.excinfo.value
    if isinstance(error, CheckFailed | SubmissionFailure | SandboxError) or _is_timeout(error):
        return ""
    of_a_module = isinstance(error, AttributeError) and isinstance(error.obj, ModuleType)
    if answered and not (isinstance(error, _OWN_MISTAKES) or of_a_module):
        return ""
    if isinstance(error, FixtureLookupError):
        said = f"there is no fixture {error.argname}"
    else:
        said = f"{type(error).__name__}: {error}"
    return unusable_test(item.path, item.name, said, failed.excinfo)


def unusable_test(path: Path, name: str, said: str, raised: pytest.ExceptionInfo[BaseException] | None = None) -> str:
    """A sentence about a test that cannot judge any answer.

    Args:
        path: the test's file.
        name: the test's name.
        said: what is wrong.
        raised: the exception with its traceback; the innermost line in that file is named.
    """
    lines = [entry.lineno + 1 for entry in raised.traceback if Path(entry.path) == path] if raised is not None else []
    place = f"{path}, line {lines[-1]}" if lines else str(path)
    return f"{place}: {name} cannot be run, whatever is handed in: {said}. Mend the test."


def _is_timeout(error: BaseException) -> bool:
    # pytest-timeout has no exception class of its own.
    return isinstance(error, pytest.fail.Exception) and str(error).startswith("Timeout")


def sentences(*texts: str | None) -> str:
    """Texts as sentences, one after another."""
    return " ".join(text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".") for text in texts if text)


def _time_limit() -> tuple[list[object], list[str]]:
    """pytest-timeout and its options; nothing outside the main thread, which alone receives the signal it uses.

    The plugin is an object: to find one by name, pytest reads the metadata of every installed package.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        return [], []
    return [pytest_timeout], [f"--timeout={TRUSTED_SECONDS}", "--timeout-method=signal"]


@contextlib.contextmanager
def _without_pytest_settings() -> Iterator[None]:
    """Ignore settings for people's own pytest runs (PYTEST_ADDOPTS=-x …), which must not change a grade."""
    settings = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in settings:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(settings)
