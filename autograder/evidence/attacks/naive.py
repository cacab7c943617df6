"""How other graders run code: submission, tests and verdict in one process, without confinement.

That a defence works shows only in its absence: an attack on the boundary is tried with this grader, and has to succeed.
    It trusts what graders in use trust: that the tests passed if pytest ends with status 0, the results file that is
        left in the end, and the last line that names a score; and, like some of them, it unpickles what a call
        returned. It is a script that imports nothing of this project before it has forked: what the child imports is in
        its workspace.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import torch

SECONDS = 60
_CACHES = shutil.ignore_patterns("__pycache__")
_OURS = ("autograder", "assignment", "tests", "conftest")

# What the tests need besides the fixtures of students' runs.
_FIXTURES = """
import pytest

@pytest.fixture
def seed():
    return 1

@pytest.fixture
def tell():
    return lambda text: None
"""


def lay_out(workspace: Path, repository: Path, module: str) -> None:
    """Create such a grader's folder, without the submission: given files, public and hidden tests."""
    (workspace / "assignment").mkdir()
    for file in (repository / "assignment").glob("*.py"):
        if not file.name.startswith("q"):
            shutil.copy(file, workspace / "assignment")
    shutil.copytree(repository / "assignment" / "given", workspace / "assignment" / "given", ignore=_CACHES)
    shutil.copytree(repository / "tests", workspace / "tests", ignore=shutil.ignore_patterns("__pycache__", "test_*"))
    shutil.copy(repository / "conftest.py", workspace)
    hidden = workspace / "autograder" / "hidden"
    shutil.copytree(repository / "autograder" / "hidden", hidden, ignore=_CACHES)
    (workspace / "autograder" / "__init__.py").touch()
    (workspace / "autograder" / "conftest.py").touch()
    for folder, name in ((repository / "tests", "public"), (hidden, "hidden")):
        (workspace / "tests" / name).mkdir()
        (workspace / "tests" / name / "__init__.py").touch()
        shutil.copy(folder / f"test_{module}.py", workspace / "tests" / name)
    shutil.copy(repository / "tests" / f"test_{module}.py", workspace / "tests")  # hidden tests use them
    (workspace / "tests" / "conftest.py").write_text((workspace / "tests" / "conftest.py").read_text() + _FIXTURES)


def grade(workspace: Path, *, fresh: bool = False) -> dict[str, Any]:
    """Grade the submission in a workspace.

    Args:
        workspace: from `lay_out`, with the submission's files; the attack's printed output ends up there too.
        fresh: start a new interpreter in the workspace, as on the command line, instead of forking this one.

    Returns:
        `share`: the share of all points that this grader would give, from 0 to 1; `output`: what was printed.
    """
    with (workspace / "printed.txt").open("wb") as printed:
        if fresh:
            command = [sys.executable, "-m", "pytest", *_arguments(workspace)]
            child = subprocess.Popen(
                command,
                cwd=workspace,
                env={**os.environ, "PYTHONPATH": str(workspace)},  # as scripts do for tests that import the project
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
            pid = child.pid
        else:
            pid = os.fork()
            if pid == 0:
                os.setsid()
                os.dup2(printed.fileno(), 1)
                os.dup2(printed.fileno(), 2)
                os._exit(_run(workspace))
    status = _wait(pid)
    output = (workspace / "printed.txt").read_text("utf-8", "replace")
    shares = [1.0 if status == 0 else 0.0]
    with contextlib.suppress(OSError, ValueError, ArithmeticError, AttributeError, TypeError):
        results = json.loads((workspace / "results.json").read_text())
        shares.append(results["score"] / results["max_score"])
    for line in output.splitlines():
        with contextlib.suppress(ValueError, ArithmeticError):
            if line.startswith("score: "):
                score, _, most = line.removeprefix("score: ").partition("/")
                shares[-1:] = [float(score) / float(most)]
    with contextlib.suppress(Exception):
        output += repr(pickle.loads((workspace / "returned.pickle").read_bytes()))  # noqa: S301  (that is the point)
    return {"share": max(shares), "output": output}


def take_in(path: Path, folder: Path) -> str:
    """Read a submission as others do: everything is unpacked or copied, links included, and read.

    Returns:
        What was read.
    """
    with contextlib.suppress(OSError, zipfile.BadZipFile, tarfile.TarError):
        if path.is_dir():
            shutil.copytree(path, folder, dirs_exist_ok=True)
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                archive.extraction_filter = lambda member, _: member  # no check, as in earlier Pythons
                archive.extractall(folder)  # noqa: S202
        else:
            _unzip(path, folder)
    texts = []
    for file in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):
            texts.append(file.read_text("utf-8", "replace") if file.is_file() else "")
    return "\n".join(texts)


def serve(connection: Connection, workspace: str, fresh: bool, environment: dict[str, str]) -> None:
    """Grade in a separate process, which an attack may kill."""
    os.environ.update(environment)
    torch.set_num_threads(1)
    with Path(os.environ.get("GRADE_BOOK", os.devnull)).open("rb"):  # kept open, as graders do
        connection.send(grade(Path(workspace), fresh=fresh))


def _unzip(path: Path, folder: Path) -> None:
    """Unpack like a script that simply joins names to a folder."""
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            target = Path(os.path.join(folder, entry.filename))  # noqa: PTH118
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.external_attr >> 28 == 0o12:
                target.symlink_to(archive.read(entry).decode())
            elif not entry.is_dir():
                target.write_bytes(archive.read(entry))


def _arguments(workspace: Path) -> list[str]:
    return [
        *("--rootdir", str(workspace), "-p", "no:cacheprovider", "-q", "-s", "--target", "assignment"),
        *(str(path) for path in sorted((workspace / "tests").glob("*/test_*.py"))),
    ]


def _run(workspace: Path) -> int:
    """The child: everything in one process."""
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
    sys.path[:] = [str(workspace), *(entry for entry in sys.path if "site-packages" in entry or "lib/python" in entry)]
    os.chdir(workspace)
    sys.stdout = sys.stderr = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", write_through=True)
    scores = _Scores()
    status = int(pytest.main(_arguments(workspace), plugins=[scores]))
    scores.write()
    return status


class _Scores:
    """Counts points in the process that runs the tests, and writes them to a file."""

    def __init__(self) -> None:
        self.possible = self.lost = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not item.get_closest_marker("training")]
        self.possible = sum(_points(item) for item in items)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Any:
        outcome = yield
        if outcome.get_result().failed:
            self.lost += _points(item)

    def write(self) -> None:
        score = self.possible - self.lost
        Path("results.json").write_text(json.dumps({"score": score, "max_score": self.possible}))
        print(f"score: {score}/{self.possible}", flush=True)


def _points(item: pytest.Item) -> int:
    marker = item.get_closest_marker("points")
    return int(marker.args[0]) if marker else 0


def _wait(pid: int) -> int:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
