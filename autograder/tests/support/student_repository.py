"""A student's repository: what is run in it, and what a release finds there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from autograder import course
from autograder.release.writing import GIVEN_LIST

QUESTIONS = [question.id for question in course.load().questions]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """`python -m` with these words, in this folder."""
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False)


def solve(folder: Path, *modules: str) -> None:
    """Put the solutions of these modules in place of the student's."""
    for module in modules:
        shutil.copy(course.SOLUTIONS / f"{module}.py", folder / "assignment")


def board(text: str) -> list[str]:
    """The scoreboard's lines in what pytest or `status` wrote, one for each question."""
    return [line for line in text.splitlines() if re.match(r"q\d \w+ +[█░]{20}", line)]


def release_from(staff: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command `release`, run in this copy of the staff's checkout."""
    return subprocess.run(
        [sys.executable, "-m", "autograder", "release", *arguments],
        cwd=staff, capture_output=True, text=True, check=False,
    )  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    """What git says, as a person without settings of their own would run it."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    program = [shutil.which("git") or "git", "-c", "user.name=Anna", "-c", "user.email=anna@example.org"]
    done = subprocess.run(
        [*program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and contents of all files, and modes of all folders, git's own aside."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
        if ".git" not in path.relative_to(folder).parts
    }


def as_if_given_earlier(student: Path, path: str, text: str) -> None:
    """The repository as an earlier release, with another text in this file, would have left it."""
    given = json.loads((student / GIVEN_LIST).read_text("utf-8"))
    (student / path).write_text(text)
    given["files"][path] = contents_digest(text)
    (student / GIVEN_LIST).write_text(json.dumps(given))


def contents_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
