"""Programs that tests start: the command line, and git."""

from __future__ import annotations

import os
import subprocess
import sys

from autograder import course

DUE = "2026-10-01T12:00:00+00:00"  # closes three days later


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder", *arguments]
    return subprocess.run(command, cwd=course.ROOT, capture_output=True, text=True, check=False)


def git(*arguments: str, date: str = DUE) -> str:
    identity = {f"GIT_{who}_{what}": "s@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    done = subprocess.run(
        ["git", *arguments],
        capture_output=True, text=True, check=True, env={**os.environ, **identity, **dates},
    )  # fmt: skip
    return done.stdout.strip()
