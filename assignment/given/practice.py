"""Run the public tests and remember what was green, for `status` and `watch` of `python -m assignment`.

You have nothing to write here.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assignment.given.question_files import question_of, suites_in
from assignment.given.scoreboard import Outcome

ROOT = Path(__file__).resolve().parents[2]
MEMORY = ROOT / ".pytest_cache" / "assignment-status.json"  # the tests that were green last time; may be deleted

_RUN = "import sys; from assignment.given.practice import run_here; run_here(sys.argv[1:])"


def run_tests(target: str, questions: Sequence[str] = ()) -> list[Outcome]:
    """Run the public tests in a separate process, so that edited modules are read again.

    Args:
        target: the folder with the modules to test.
        questions: the questions to test; all if empty.

    Returns:
        Each test's outcome, in order.

    Raises:
        RuntimeError: pytest could not run; the text is its output.
    """
    arguments = [f"--target={target}", *(f"tests/{path.name}" for path in _files(questions))]
    if hasattr(os, "fork") and sys.platform == "linux" and "torch" in sys.modules:
        text = _in_fork(arguments)  # torch is already loaded: a tenth of a second instead of three
    else:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", errors="replace",
            env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False,
        )  # fmt: skip
        text = done.stdout or done.stderr
    try:
        return [Outcome(**fields) for fields in json.loads(text)]
    except (ValueError, TypeError):
        raise RuntimeError(text.strip() or "The tests ended without a word.") from None


def run_here(arguments: list[str]) -> None:
    """Run pytest in this process and print only the outcomes, as JSON."""
    print(_collect(arguments))


def changes_since_last_time(outcomes: Sequence[Outcome]) -> tuple[list[str], list[str]]:
    """The tests that turned green and those that turned red since the last call. Remembers the new outcomes."""
    try:
        before = set(json.loads(MEMORY.read_text("utf-8")))
    except (OSError, ValueError):
        before = set()
    names = {f"{outcome.question} {outcome.category}": outcome.passed for outcome in outcomes}
    green = {name for name, passed in names.items() if passed}
    with contextlib.suppress(OSError):
        MEMORY.parent.mkdir(exist_ok=True)
        MEMORY.write_text(json.dumps(sorted(green | (before - names.keys()))), "utf-8")
    return sorted(green - before), sorted(name for name in before - green if name in names)


def _files(questions: Sequence[str]) -> list[Path]:
    files = suites_in(ROOT / "tests")
    return [file for file in files if not questions or question_of(file) in questions]


def _collect(arguments: list[str]) -> str:
    import pytest

    class Collector:
        text = ""

        # Before the summary is written, which leaves reports out while pytest's own sections are made.
        def pytest_sessionfinish(self, session: pytest.Session) -> None:
            config = session.config
            terminalreporter: Any = config.pluginmanager.get_plugin("terminalreporter")
            conftest: Any = config.pluginmanager.get_plugin(str(ROOT / "tests" / "conftest.py"))
            if conftest is None:  # it could not be loaded, of which pytest's own output speaks
                return
            outcomes: list[Outcome] = conftest.outcomes(terminalreporter.stats, config)
            self.text = json.dumps([asdict(outcome) for outcome in outcomes])

    collector = Collector()
    output = io.StringIO()
    os.chdir(ROOT)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        pytest.main(["-q", "-p", "no:cacheprovider", *arguments], plugins=[collector])
    return collector.text if collector.text not in ("", "[]") else output.getvalue()


def _in_fork(arguments: list[str]) -> str:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "w", encoding="utf-8") as pipe:
                pipe.write(_collect(arguments))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return text
