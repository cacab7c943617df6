"""Run the public and hidden tests against a submission, with pytest and the tests' fixtures bound to the sandbox.

At home `tests/conftest.py` passes the student's module itself to a test. Here a plugin passes a stand-in that sends
calls to a worker and records each test's result. What the result is, `verdict` decides.
"""

from __future__ import annotations

import hmac
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest
import torch
from _pytest.runner import runtestprotocol

from autograder.course import Question
from autograder.errors import GraderFault, KilledFromOutside, UnusableRequest
from autograder.grading.calls import Calls, KeptFailure
from autograder.grading.digests import suite_files
from autograder.grading.evidence import evidence_of
from autograder.grading.pytest_run import know_markers, question_fixtures, run_pytest
from autograder.grading.report import TestResult
from autograder.grading.short_run import ShortRun
from autograder.grading.verdict import SuiteTest, fault_of_the_suite, result_of, suite_test
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.launch import SandboxError, WorkerKilled
from autograder.sandbox.proxy import RemoteFunction, RemoteQuestion
from autograder.sandbox.session import Session

_NEEDS_MEMORY = (
    "A machine that grades needs memory for what a submission may use (submission_memory_mb in assignment.toml)."
)

Progress = Callable[[str, int, int], None]
"""Called after each test with the question's id, the number of tests done, and the number of all tests."""


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
        self.fault: GraderFault | UnusableRequest | None = None
        self._failures = failures
        self._calls = Calls(keep=failures is not None)
        for session in sessions.values():
            session.noted = self._calls
        self._questions = {question.id: question for question in questions}
        self._sessions = sessions
        self._seed = seed
        self._runs = runs
        self._progress = progress
        self._alone = alone
        self._tests: dict[str, SuiteTest] = {}
        self._done = 0

    def results(self, question: str) -> list[TestResult]:
        """The results of all tests of a question. A test that has no result for any reason gets no points."""
        return [
            test.result
            or TestResult(name, test.category, "error", test.visibility, 0, test.points, "It did not run.", "", 0)
            for name, test in self._tests.items()
            if test.question == question
        ]

    @pytest.fixture
    def table_model(self, request: pytest.FixtureRequest) -> RemoteFunction:
        """A model that answers from a table, in the student's worker."""
        question = self._tests[request.node.nodeid].question
        return RemoteFunction(self._sessions[question], "TableModel", module="given.table_model")

    @pytest.fixture
    def afresh(self, request: pytest.FixtureRequest) -> Callable[[], None]:
        """Continue in a new worker, which knows nothing of earlier calls; objects in the old one are lost."""
        return self._sessions[self._tests[request.node.nodeid].question].renew

    @pytest.fixture
    def short_run(self, request: pytest.FixtureRequest) -> ShortRun:
        """The training of the question's network, which started when grading did."""
        return self._runs[self._tests[request.node.nodeid].question]

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
        return self._tests[request.node.nodeid].remarks.append

    def pytest_configure(self, config: pytest.Config) -> None:
        know_markers(config)
        modules = {question: RemoteQuestion(session) for question, session in self._sessions.items()}
        config.pluginmanager.register(question_fixtures(modules))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            raise pytest.UsageError(f"A suite cannot be collected. {report.longrepr}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        skipped = [] if self._runs else [item for item in items if item.get_closest_marker("training")]
        points = dict.fromkeys(self._questions, 0)
        for item in items:
            test = suite_test(item)
            points[test.question] += test.points
            if item not in skipped:
                self._tests[item.nodeid] = test
        for question in self._questions.values():
            if points[question.id] != question.automatic:
                raise pytest.UsageError(
                    f"The tests of {question.id} are worth {points[question.id]} points; by assignment.toml a "
                    f"program gives {question.automatic} ({question.points}, {question.written} of them written)."
                )
        items[:] = [item for item in items if item not in skipped]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        test = self._tests[item.nodeid]
        session = self._sessions[test.question]
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
        if nextitem is None or self._tests[nextitem.nodeid].question != test.question:
            session.close() if self._alone else session.rest()
        seconds = round(time.perf_counter() - begun, 3)
        result = result_of(item, test, calls, printed, banned, seconds)
        test.result = self._with_evidence(item, calls, banned, result)
        blamed = fault_of_the_suite(item, calls, answered=session.heard)
        if blamed and self.fault is None:
            self.fault = GraderFault(blamed)
        if self.fault is not None:
            item.session.shouldfail = str(self.fault)  # whatever else runs: there will be no report
        if test.result.status == "error":
            session.flag(f"the test {test.result.name} could not be decided")
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
            self._progress(test.question, self._done, len(self._tests))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Record how a phase ended. Replaces pytest's own, which would spend most of a failing run on tracebacks."""
        item.stash[_CALLS].append(call)
        if call.excinfo is not None and isinstance(error := call.excinfo.value, SandboxError):
            killed = isinstance(error, WorkerKilled)
            self.fault = KilledFromOutside(f"{error} {_NEEDS_MEMORY}") if killed else GraderFault(str(error))
        if call.excinfo is not None and isinstance(error := call.excinfo.value, GraderFault | UnusableRequest):
            self.fault = error  # a device that cannot be used, or is full, for instance: no submission is to blame
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
            question = self._tests[item.nodeid].question
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
        UnusableRequest: a device cannot be used, or is full.
        GraderFault: the suites are broken, or pytest could not run them.
    """
    plugin = SuitePlugin(questions, sessions, seed, runs=runs or {}, progress=progress, alone=alone, failures=failures)
    files = [file for question in questions for file in suite_files(question)]
    status, output = run_pytest(files, plugin)
    if plugin.fault is not None:
        raise plugin.fault
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise GraderFault(f"The suites could not be run: {output or status}")
    return plugin


def public_points(questions: tuple[Question, ...]) -> dict[str, int]:
    """The points of each question's public tests.

    Raises:
        GraderFault: the suites are broken.
    """
    counted = _Count()
    status, output = run_pytest([suite_files(question)[0] for question in questions], counted, "--collect-only")
    if status != pytest.ExitCode.OK:
        raise GraderFault(f"The public tests cannot be collected: {output or status}")
    return {question.id: counted.points[question.id] for question in questions}


class _Count:
    """Adds up the points of each question's tests."""

    def __init__(self) -> None:
        self.points: Counter[str] = Counter()

    def pytest_configure(self, config: pytest.Config) -> None:
        know_markers(config)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            test = suite_test(item)
            self.points[test.question] += test.points
