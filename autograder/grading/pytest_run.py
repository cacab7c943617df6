"""pytest as a grade needs it: without people's own settings, and without its parts for a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest
import pytest_timeout

from autograder.course import HIDDEN_TESTS, ROOT
from tests.markers import know_points

# Parts of pytest for people at a terminal; without them a run starts and ends in milliseconds. Fixtures that a test may
# need stay.
_NOT_NEEDED = (
    *("cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "legacypath", "logging", "pastebin"),
    *("setuponly", "setupplan", "stepwise", "terminal", "threadexception", "unittest", "unraisableexception"),
    "warnings",
)

TRUSTED_SECONDS = 3600  # for one test, in case the trusted side hangs; the worker's own limits are lower


def know_markers(config: pytest.Config) -> None:
    """Register the suites' markers with pytest."""
    know_points(config)
    config.addinivalue_line("markers", "training: trains a network")


def question_fixtures(modules: Mapping[str, object]) -> ModuleType:
    """A plugin for pytest with the fixtures q1, q2, … of the tests.

    Args:
        modules: what each of them is: the student's module, or what stands for it, by question id.
    """
    fixtures = ModuleType("question_fixtures")
    for question, module in modules.items():
        setattr(fixtures, question, _fixture_of(module))
    return fixtures


def _fixture_of(module: object) -> object:
    @pytest.fixture
    def fixture() -> object:
        return module

    return fixture


def run_pytest(files: Sequence[Path], plugin: object, *arguments: str) -> tuple[int, str]:
    """Run pytest as for a grade, ignoring the settings of people's own runs; return its exit status and its output."""
    timing, limit = _time_limit()
    given = [
        *("-c", str(HIDDEN_TESTS / "pytest.ini"), "--rootdir", str(ROOT)),
        *("--noconftest", "--disable-plugin-autoload", "--assert=plain", "-s"),
        *(argument for plugin_name in _NOT_NEEDED for argument in ("-p", f"no:{plugin_name}")),
        *(*limit, *arguments, *map(str, files)),
    ]
    output = io.StringIO()
    with _without_pytest_settings(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = pytest.main(given, plugins=[plugin, _Collecting(files), *timing])
    return status, output.getvalue().strip()


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
