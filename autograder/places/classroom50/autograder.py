"""Grades one submission for Classroom 50, whose runner starts this file in the student's checkout.

Nothing of the checkout is imported or run here: the grader is unpacked elsewhere and started there, with an environment
of its own. It writes ./result.json and ./release-body.md. Exit status: 0 graded, whatever the score; 1 it broke.

What a course may change is in settings.toml beside this file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.places.settings import Settings

BUNDLE = Path(__file__).resolve().parent

# The grader gets only these variables of the job: those that say whose submission it is, and those that Python, pip and
# downloads need. Tokens, and whatever else a workflow sets, stay here.
SUBMISSION = (
    *("CLASSROOM", "ASSIGNMENT", "ASSIGNMENT_TYPE", "OWNER", "USERNAME", "SUBMISSION_TAG"),
    *("COMMIT_URL", "RELEASE_URL", "REVIEW_URL"),
)
SYSTEM = (
    *(
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "RUNNER_TEMP",
        "LD_LIBRARY_PATH",
        "CIFAR10_DIR",
        "CUDA_VISIBLE_DEVICES",
    ),
    *(
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ),
    *("REQUESTS_CA_BUNDLE", "PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CACHE_DIR", "PIP_CERT"),
)


class Failure(Exception):
    """The grader broke. The text says how, to those who read the job's log."""


def main() -> int:
    begun = time.monotonic()
    if sys.version_info < (3, 11):  # noqa: UP036  (the runner's Python is the course's choice)
        raise Failure('Grading needs Python 3.11 or later: set "python" in the assignment\'s runtime block.')
    checkout = Path.cwd()
    settings = BUNDLE / "settings.toml"
    given = os.environ
    with tempfile.TemporaryDirectory(prefix="cnn-autograder-", dir=given.get("RUNNER_TEMP") or None) as work:
        Path(work).chmod(0o711)  # workers of another user pass through it to their Python, and cannot look around
        grader = Path(work) / "grader"
        grader.mkdir(mode=0o700)
        with zipfile.ZipFile(BUNDLE / "grader.zip") as archive:
            archive.extractall(grader)
        chosen = read_settings(settings, grader)
        commands = Commands(grader, begun + 60 * chosen.minutes)
        python = ready_python(commands, Path(work) / "venv", chosen.torch_index)
        ended = commands.run(
            [python, "-m", "autograder.places.classroom50.door", str(checkout), str(settings)], SUBMISSION
        )
    if ended:
        raise Failure(f"The grader ended with status {ended}; the lines above say why. The submission is not to blame.")
    return 0


def read_settings(path: Path, grader: Path) -> Settings:
    """What the course set, checked by the grader's own module for that, which needs nothing that is not installed.

    Raises:
        Failure: a setting cannot be used.
    """
    sys.path.insert(0, str(grader))  # before this file's own folder, where this file has the package's name
    from autograder.errors import GraderFault
    from autograder.places.settings import load

    try:
        return load(path)
    except GraderFault as fault:
        raise Failure(str(fault)) from None


class Commands:
    """Runs programs in the grader's folder until a moment.

    Args:
        folder: where they are run.
        end: by the clock of `time.monotonic`.
    """

    def __init__(self, folder: Path, end: float) -> None:
        self.folder = folder
        self.end = end

    def run(self, command: list[str], more: tuple[str, ...] = (), *, quiet: bool = False) -> int:
        """Run a program and return its exit status.

        Args:
            command: the program and its arguments.
            more: variables that it gets besides those of the system.
            quiet: show nothing of what it says.
        """
        environment = {name: os.environ[name] for name in (*SYSTEM, *more) if name in os.environ}
        output = subprocess.DEVNULL if quiet else None
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=max(1.0, self.end - time.monotonic()),
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise Failure("Grading took longer than settings.toml allows (minutes), and was stopped.") from None


def ready_python(commands: Commands, folder: Path, torch_index: str) -> str:
    """A Python that has all that grading needs: this one if it has, else one in a new environment.

    Args:
        commands: how to run pip.
        folder: of the environment.
        torch_index: a further package index; "" for none.
    """
    requirements = ["--requirement", "requirements.txt", "--disable-pip-version-check"]
    if not commands.run([sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", *requirements], quiet=True):
        return sys.executable
    python = str(folder / "bin" / "python")
    index = ["--extra-index-url", torch_index] if torch_index else []
    for command in (
        [sys.executable, "-m", "venv", "--system-site-packages", str(folder)],
        [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", *index, *requirements],
    ):
        if commands.run(command):
            raise Failure("What grading needs could not be installed; the lines above say why.")
    return python


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"autograder: {failure}")
