"""The verdict on one test: whether it gives its points, and what the student may read about it.

A hidden test's points are decided here, in `result_of`. `suite` runs the tests and calls it after each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest
from _pytest.fixtures import FixtureLookupError

from assignment.given.question_files import question_of
from autograder.course import HIDDEN_TESTS
from autograder.grading.report import Status, TestResult
from autograder.sandbox.failures import SubmissionFailure, Unusable
from autograder.sandbox.launch import SandboxError
from tests.failures import CheckFailed
from tests.markers import points_marker
from tests.messages import full_message


@dataclass
class SuiteTest:
    """A test of a suite, and its result once it has run.

    Attributes:
        question: "q1".
        points: what it is worth.
        category: what it is about.
        visibility: whether students have it.
        remarks: sentences for the student that cost no points.
        result: None until it has run.
    """

    question: str
    points: int
    category: str
    visibility: Literal["public", "hidden"]
    remarks: list[str] = field(default_factory=list)
    result: TestResult | None = None


def suite_test(item: pytest.Item) -> SuiteTest:
    """A collected test, by its file's name and its marker.

    Raises:
        pytest.UsageError: the marker is missing, incomplete, or does not fit the test's name.
    """
    where = f"{item.path}: {item.name}"
    marker = points_marker(item)
    if marker is None:
        raise pytest.UsageError(f"{where} has no points marker.")
    if marker.words not in item.name:
        raise pytest.UsageError(f"{where} does not have its category, {marker.category}, in its name.")
    return SuiteTest(
        question=question_of(item.path),
        points=marker.points,
        category=marker.category,
        visibility="hidden" if item.path.is_relative_to(HIDDEN_TESTS) else "public",
    )


def shown_name(item: pytest.Item) -> str:
    """A test's name in a report."""
    return item.name.removeprefix("test_").replace("_", " ")


def result_of(
    item: pytest.Item,
    test: SuiteTest,
    calls: list[pytest.CallInfo[None]],
    printed: str,
    banned: SubmissionFailure | None,
    seconds: float,
) -> TestResult:
    """The verdict: a test passed only if all its phases completed."""
    error = next((call.excinfo.value for call in calls if call.excinfo is not None), None)
    complete = [call.when for call in calls] == ["setup", "call", "teardown"]
    if banned is not None:
        error = banned
    status: Status = "passed"
    message, staff, likely = " ".join(test.remarks), "", None
    hidden = test.visibility == "hidden"
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
    score = test.points if status == "passed" else 0
    return TestResult(
        *(shown_name(item), test.category, status, test.visibility, score, test.points, message, staff, seconds),
        likely=sentences(likely),
    )


# Exceptions that only a test's own mistakes raise, never an answer's value: an undefined name, a missing module,
# invalid syntax, an unknown fixture, a test that skips itself.
_OWN_MISTAKES = (NameError, ImportError, SyntaxError, FixtureLookupError, pytest.skip.Exception, pytest.xfail.Exception)


def fault_of_the_suite(item: pytest.Item, calls: list[pytest.CallInfo[None]], *, answered: bool) -> str:
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
        problem = f"there is no fixture {error.argname}"
    else:
        problem = f"{type(error).__name__}: {error}"
    return unusable_test(item.path, item.name, problem, failed.excinfo)


def unusable_test(
    path: Path, name: str, problem: str, raised: pytest.ExceptionInfo[BaseException] | None = None
) -> str:
    """A sentence about a test that cannot judge any answer.

    Args:
        path: the test's file.
        name: the test's name.
        problem: what is wrong.
        raised: the exception with its traceback; the innermost line in that file is named.
    """
    lines = [entry.lineno + 1 for entry in raised.traceback if Path(entry.path) == path] if raised is not None else []
    place = f"{path}, line {lines[-1]}" if lines else str(path)
    return f"{place}: {name} cannot be run, whatever is handed in: {problem}. Mend the test."


def _is_timeout(error: BaseException) -> bool:
    # pytest-timeout has no exception class of its own.
    return isinstance(error, pytest.fail.Exception) and str(error).startswith("Timeout")


def sentences(*texts: str | None) -> str:
    """Texts as sentences, one after another."""
    return " ".join(text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".") for text in texts if text)
