"""The suites as Otter-Grader test cases, which run in Otter's kernel beside the student's code, like its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pytest
from otter.test_files import test_case

from autograder import course
from autograder.grading.digests import suite_files
from autograder.grading.pytest_run import run_pytest
from autograder.grading.verdict import shown_name
from autograder.places.nbgrader.own_kernel import OwnKernel


def cases(question: str, points: Mapping[str, int]) -> dict[str, Any]:
    """Otter's cases for a question, one for each of its tests; the first one that is called runs them all.

    Args:
        question: "q1".
        points: each test's points, by its visibility and name, "hidden in place".
    """
    passed: set[str] = set()
    begun: list[bool] = []

    def case(name: str) -> Any:
        def run(env: dict[str, Any]) -> None:
            if not begun:
                begun.append(True)
                passed.update(_passed(question, env))
            if name not in passed:
                raise AssertionError(name)

        return test_case(name=name, points=points[name])(run)

    return {f"case_{number}": case(name) for number, name in enumerate(points)}


def _passed(question: str, env: Mapping[str, Any]) -> set[str]:
    """The tests that pass with the module that a notebook has imported for the question."""
    (chosen,) = course.load().choose([question])
    module = env.get(chosen.module)
    plugin = _Passed(chosen, vars(module) if isinstance(module, ModuleType) else {})
    status, output = run_pytest(suite_files(chosen), plugin, "--capture=fd", "-m", "not training")
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"The tests could not be run: {output or status}")
    return plugin.passed


class _Passed(OwnKernel):
    """Records which tests passed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.passed: set[str] = set()

    @pytest.fixture
    def from_scratch(self) -> Callable[[Any], Any]:
        """The module's functions are already watched."""
        return lambda function: function

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        report = super().pytest_runtest_makereport(item, call)
        if call.when == "call" and report.passed:
            kind = "hidden" if item.path.is_relative_to(course.HIDDEN_TESTS) else "public"
            self.passed.add(f"{kind} {shown_name(item)}")
        return report
