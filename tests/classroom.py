"""Points per question of the public tests, for `.github/workflows/classroom.yml`: `python -m tests.classroom q1,q2`.

Each question is tested in its own process, and each test's points are read from its file, so that a module that loops,
crashes or ends the process costs its own question's tests and no others. The results are written where the runner
expects them, in the form that GitHub Classroom's reporter reads.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from assignment.given.question_files import operation_of
from assignment.given.scoreboard import Outcome, lines, scores

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 240  # for all tests of a question
FOR_THE_RUNNER = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE")

PASSED, FAILED, NOT_ENDED = "pass", "fail", "error"

_RUN = "import sys; from tests.classroom import run_here; sys.exit(run_here(*sys.argv[1:]))"


class Recorder:
    """Writes each test's outcome at once: a written line survives a crash of the process."""

    def __init__(self, path: str) -> None:
        self._path = path

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self._write(item.nodeid, "collected")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self._write(report.nodeid, FAILED)
        elif report.when == "teardown":
            self._write(report.nodeid, PASSED)

    def _write(self, test: str, what: str) -> None:
        with open(self._path, "a", encoding="utf-8") as file:  # noqa: PTH123  (a student may have changed Path too)
            file.write(json.dumps([test.partition("::")[2].partition("[")[0], what]) + "\n")


def run_here(record: str, file: str) -> int:
    """Run a file's tests in this process."""
    return int(pytest.main(["-p", "no:cacheprovider", file], plugins=[Recorder(record)]))


def tests_of(question: str) -> tuple[Path | None, dict[str, tuple[str, int]]]:
    """The file with a question's tests, and each one's category and points; the file is read, not run."""
    for file in sorted((ROOT / "tests").glob(f"test_{question}_*.py")):
        found = {}
        with contextlib.suppress(OSError, ValueError, SyntaxError, KeyError, IndexError):
            for node in ast.parse(file.read_text("utf-8")).body:
                if not isinstance(node, ast.FunctionDef):
                    continue
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.points":
                        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in decorator.keywords}
                        category, points = str(named["category"]), int(ast.literal_eval(decorator.args[0]))
                        found[node.name] = category, points
        if found:
            return file, found
    return None, {}


def ends(record: str) -> dict[str, str]:
    """Each test's outcome, from the lines of its process; the worst if several have the same name."""
    found: dict[str, list[str]] = {}
    with contextlib.suppress(OSError):
        for line in Path(record).read_text("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError):
                name, what = json.loads(line)
                found.setdefault(name, []).append(what)
    return {name: _end(states) for name, states in found.items()}


def _end(states: Sequence[str]) -> str:
    ended = {"collected": 0, PASSED: 0, FAILED: 0}
    for what in states:
        ended[what] += 1
    if ended[FAILED]:
        return FAILED
    return PASSED if ended[PASSED] == ended["collected"] > 0 else NOT_ENDED


def run_question(file: Path, seconds: float) -> dict[str, str]:
    """Run a question's tests in their own process, and return each one's outcome."""
    environment = {name: value for name, value in os.environ.items() if name not in FOR_THE_RUNNER}
    with tempfile.TemporaryDirectory() as folder:
        record = f"{folder}/record"
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, record, f"tests/{file.name}"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
        finally:
            _kill(process)
        return ends(record)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and its children."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def result(tests: dict[str, tuple[str, int]], ended: dict[str, str]) -> dict[str, Any]:
    """A question's results as the reporter reads them.

    There is one entry per point: the reporter's table counts the entries that passed, and its notice adds up their
        scores, so only this way do both agree. The messages are ours: no output of a student's code goes into the
        runner's files.
    """
    entries = []
    for name, (category, points) in tests.items():
        status = ended.get(name, NOT_ENDED)
        message = f"{category}: did not come to its end; see the log of the step before" if status == NOT_ENDED else ""
        for point in range(1, points + 1):
            of = f" ({point} of {points})" if points > 1 else ""
            entries.append(_entry(f"{category}{of}", status, int(status == PASSED), message))
    if not entries:
        return {
            "version": 1,
            "status": NOT_ENDED,
            "max_score": 0,
            "tests": [_entry("tests", NOT_ENDED, 0, "This question's file in tests/ is missing, or cannot be read")],
        }
    statuses = {entry["status"] for entry in entries}
    status = next(status for status in (NOT_ENDED, FAILED, PASSED) if status in statuses)
    return {"version": 1, "status": status, "max_score": len(entries), "tests": entries}


def _entry(name: str, status: str, score: int, message: str) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "score": score,
        "message": message,
        "test_code": "",
        "filename": "",
        "line_no": 0,
        "duration": 0,
    }


@contextlib.contextmanager
def quoted(title: str) -> Iterator[None]:
    """In a job's log: a group of lines in which none is interpreted as a command to the runner."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        print()  # the process may have ended in the middle of a line
        return
    end = secrets.token_hex(16)
    print(f"::group::{title}\n::stop-commands::{end}", flush=True)
    try:
        yield
    finally:
        print(f"\n::{end}::\n::endgroup::", flush=True)


def main(questions: Sequence[str]) -> None:
    """Test these questions, and write their results and a summary for the runner."""
    board: list[Outcome] = []
    for question in questions:
        file, tests = tests_of(question)
        ended: dict[str, str] = {}
        if file is None:
            board.append(Outcome(question, "", "its file in tests/ is missing, or cannot be read", 0, passed=False))
        else:
            with quoted(question):
                ended = run_question(file, SECONDS)
            operation = operation_of(file)
            for name, (category, points) in tests.items():
                board.append(Outcome(question, operation, category, points, passed=ended.get(name) == PASSED))
        results = json.dumps(result(tests, ended)).encode()
        _append("GITHUB_OUTPUT", f"{question}={base64.b64encode(results).decode()}\n")
    text = "\n".join(lines(scores(board)))
    print(text)
    _append(
        "GITHUB_STEP_SUMMARY",
        f"## Public tests\n\n```text\n{text}\n```\n\nWhat each test says is in this job's log, under "
        '"Public tests"; the same command shows it on your own machine.\n',
    )


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)


if __name__ == "__main__":
    main(sys.argv[1].split(","))
