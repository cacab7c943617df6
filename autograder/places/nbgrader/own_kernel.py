"""Hidden tests in nbgrader's own kernel, the student's code beside them, for a course that wants nbgrader's way.

Nothing here is protected: the student's code shares a process with the tests, can read them and can claim any points.
The sandboxed way, which `nbgrader_config.py` sets up by default, is the one that gives points to be trusted. Here as
there a network is trained for minutes, which the kernel's time limit has to allow.
"""

from __future__ import annotations

import hmac
import warnings
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

import pytest
import torch

from assignment.given import cifar10, training
from autograder import course
from autograder.course import Question
from autograder.grading.digests import suite_digest, suite_files
from autograder.grading.pytest_run import know_markers, question_fixtures, run_pytest
from autograder.grading.report import Accuracy
from autograder.grading.secret import seeds_of
from autograder.grading.short_run import held_out
from autograder.grading.thresholds import network_of, threshold_for
from autograder.grading.verdict import sentences
from tests.at_home.from_scratch import watched
from tests.conftest import afresh, table_model
from tests.failures import CheckFailed
from tests.markers import points_marker
from tests.messages import headline
from tests.rule import OPERATIONS


def hidden(question: str, definitions: Mapping[str, Any]) -> int:
    """Run a question's hidden tests on what a notebook's cells defined, and print what students may know of failures.

    Args:
        question: "q1".
        definitions: the notebook's `globals()`.

    Returns:
        The points that were reached.

    Raises:
        RuntimeError: the suite is not in order.
    """
    (chosen,) = course.load().choose([question])
    plugin = OwnKernel(chosen, definitions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader gives no points where anything is on stderr
        status, complaint = run_pytest([suite_files(chosen)[1]], plugin, "--capture=fd")
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"The hidden tests could not be run: {complaint or status}")
    for failure in plugin.failures:
        print(failure)
    print(f"{question} hidden tests: {plugin.points} of {plugin.most} points")
    return plugin.points


class OwnKernel:
    """Gives tests their fixtures, bound to what is in this very process, and adds up points.

    Args:
        question: whose tests are run.
        definitions: the student's, by name.
    """

    def __init__(self, question: Question, definitions: Mapping[str, Any]) -> None:
        self.points = self.most = 0
        self.failures: list[str] = []
        self._question = question
        self._module = ModuleType("notebook")
        self._module.__dict__.update(definitions)
        for name in set(question.from_scratch) & OPERATIONS.keys():
            if isinstance(definitions.get(name), FunctionType):
                self._module.__dict__[name] = watched(definitions[name])

    afresh, table_model = staticmethod(afresh), staticmethod(table_model)

    @pytest.fixture
    def short_run(self) -> _ShortRun:
        """The training of the question's network, which begins here."""
        return _ShortRun(self._question, self._module)

    @pytest.fixture
    def seed(self, request: pytest.FixtureRequest) -> int:
        """The seed of random cases: the same whenever these tests are run, since what is handed in is not known."""
        return self._seed(request.node.name)

    @pytest.fixture
    def tell(self) -> Callable[[str], None]:
        """What costs no points is not reported here."""
        return lambda _: None

    @pytest.fixture(autouse=True)
    def _random_numbers(self, request: pytest.FixtureRequest) -> None:
        torch.manual_seed(self._seed(request.node.name))

    def pytest_configure(self, config: pytest.Config) -> None:
        know_markers(config)
        config.pluginmanager.register(question_fixtures({self._question.id: self._module}))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Note how a phase ended, in place of pytest's own report with its tracebacks, which hold inputs."""
        marker = points_marker(item)
        points = marker.points if marker is not None else 0
        if call.when == "setup":
            self.most += points
            if call.excinfo is not None:  # no student's code has run yet
                raise call.excinfo.value
        if call.excinfo is not None:
            if points:
                self.failures.append(f"{headline(item)}\n  {_sentence(call.excinfo.value)}")
        elif call.when == "call":
            self.points += points
        outcome: Any = "passed" if call.excinfo is None else "failed"
        when: Any = call.when
        return pytest.TestReport(item.nodeid, ("", None, ""), {}, outcome, None, when)

    def _seed(self, name: str) -> int:
        return int.from_bytes(hmac.digest(suite_digest().encode(), name.encode(), "sha256")[:8]) >> 1


class _ShortRun:
    """What `short_run.ShortRun` is to a test, trained in this process and when it is asked for.

    Attributes:
        threshold: the accuracy that is asked for, in per cent.
        epochs: of the recipe.
    """

    def __init__(self, question: Question, module: ModuleType) -> None:
        self._source = cifar10.resolve("auto")
        self._kind = "synthetic" if self._source == "synthetic" else "cifar10"
        self._network = network_of(question, self._kind)
        self._module = module
        self._question = question
        self._seeds = seeds_of()
        self.threshold = threshold_for(question, self._kind)
        self.epochs = self._network.recipe.epochs

    def accuracy(self) -> Accuracy:
        """Train, and measure on held-out images."""
        train, test = cifar10.load(self._source)
        seed = self._seeds.training(self._question.id)
        unseen = held_out(test, self._kind, self._seeds.held_out(self._question.id))
        torch.manual_seed(seed)
        model = getattr(self._module, self._network.name)(**self._network.settings)
        history = training.fit(model, train, self._network.recipe, seed=seed)
        right = training.predict(model, unseen.images).argmax(1) == unseen.labels
        return Accuracy(100 * right.float().mean().item(), {}, self.threshold, 0.0, [*history.curve])


def _sentence(error: BaseException) -> str:
    """A failure without any of its test's numbers."""
    if isinstance(error, CheckFailed):
        return sentences(error.summary, error.likely)
    return f"Your code raised {type(error).__name__}."
