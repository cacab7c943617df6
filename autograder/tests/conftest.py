"""What the grader's own tests share: one sandbox for all, and ways to write a submission."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from assignment.given import cifar10
from autograder import course
from autograder.course import Assignment
from autograder.course.limits import Limits
from autograder.grading import kept
from autograder.grading.grade import grade
from autograder.grading.report import Report
from autograder.intake import Submission, read_submission
from autograder.sandbox.proxy import RemoteQuestion
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.tests.support.grading import Grade, Remote
from autograder.tests.support.half_right import half_right

# The same examples in every run, and no time limit: a busy machine is not a counterexample.
settings.register_profile("graders", derandomize=True, deadline=None, database=None)
settings.load_profile("graders")


_HOW_IT_IS_SHOWN = re.compile(r"-[qv]+|--durations=\d+|--tb=\w+|-r\w+|--color=\w+")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads its options
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Plain `pytest` uses two processes. With options that choose tests or debug them it uses one, as usual."""
    plain = all(_HOW_IT_IS_SHOWN.fullmatch(argument) for argument in config.invocation_params.args)
    installed = hasattr(config.option, "numprocesses")
    if plain and installed and not config.option.usepdb and not hasattr(config, "workerinput"):
        config.option.numprocesses = 2
        config.option.dist = "loadfile"  # a module's fixtures are made once
        config.option.loadscopereorder = False  # see below


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few tests go first: they are the long ones, and with the last file only one process would be busy."""
    here = Path(__file__).parent
    tests = Counter(item.path for item in items if item.path.is_relative_to(here))
    items.sort(key=lambda item: tests[item.path])  # the public tests come first, as they are


def pytest_configure() -> None:
    torch.set_num_threads(1)  # as in grading: threads of two processes on two cores mostly wait for one another


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """`pytest --target FOLDER` tests somebody's answers, not the grader."""
    return True if config.getoption("--target") else None


@pytest.fixture(scope="session", autouse=True)
def _a_terminal_like_any_other() -> Iterator[None]:
    """Colours and widths are what a test asks for, wherever and by whom the tests are run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
            patch.delenv(name, raising=False)
        patch.setenv("TERM", "xterm-256color")
        yield


@pytest.fixture(scope="session", autouse=True)
def _runs_of_the_tests_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests train is kept for tests alone, and what was trained on this machine before is unknown to them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "FOLDER", tmp_path_factory.mktemp("trained"))
        yield


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    return course.load()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def graded(sandbox: Sandbox, assignment: Assignment) -> Grade:
    def grade_it(what: Path | str, *, question: str = "q1", limits: Limits | None = None) -> Report:
        chosen = assignment if limits is None else assignment.limited(limits)
        module = next(each.module for each in assignment.questions if each.id == question)
        submission = (
            read_submission(what, assignment)
            if isinstance(what, Path)
            else Submission("a student", {f"{module}.py": what.encode()})
        )
        return grade(submission, chosen, sandbox, questions=(question,))

    return grade_it


@pytest.fixture(scope="session")
def solutions_report(sandbox: Sandbox, assignment: Assignment) -> Report:
    return grade(read_submission(course.SOLUTIONS, assignment), assignment, sandbox)


@pytest.fixture(scope="session")
def half_right_report(sandbox: Sandbox, assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What the command line makes of the submission `half_right`, for every place that grades it, too."""
    folder = half_right(tmp_path_factory.mktemp("half right") / "assignment")
    return grade(read_submission(folder, assignment), assignment, sandbox)


@pytest.fixture
def remote(sandbox: Sandbox) -> Iterator[Remote]:
    sessions = []

    def make(
        text: str, *, limits: Limits | None = None, box: Sandbox = sandbox, key: bytes = b"the tests'"
    ) -> RemoteQuestion:
        folder = box.stage({"q1_conv2d.py": text.encode()})
        session = Session(box, folder, "q1_conv2d", ["conv2d"], limits or Limits(), key=key)
        sessions.append(session)
        return RemoteQuestion(session)

    yield make
    for session in sessions:
        session.close()


@pytest.fixture(scope="session")
def released(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student repository as it is released; tests that change something take a copy, `student`."""
    from autograder.release import release

    folder = tmp_path_factory.mktemp("released") / "student"
    release(folder, assignment)
    return folder


@pytest.fixture
def student(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / "student"))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, which does not exist yet."""
    folder = tmp_path / "data"
    monkeypatch.setattr(cifar10, "DATA", folder)
    monkeypatch.delenv("CIFAR10_DIR", raising=False)
    return folder
