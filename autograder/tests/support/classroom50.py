"""What Classroom 50 says to a job that grades, and how it wants its result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = json.loads(Path(__file__).with_name("classroom50_result.schema.json").read_text("utf-8"))
RUNNER = {
    "CLASSROOM": "deep-learning",
    "ASSIGNMENT": "cnn",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "anna",
    "USERNAME": "anna",
    "SUBMISSION_TAG": "submit/2026-12-18T23-10-05Z-a1b2c3d",
    "COMMIT_URL": "https://github.example/course/cnn-anna/commit/a1b2c3d",
    "RELEASE_URL": "https://github.example/course/cnn-anna/releases/tag/submit",
    "REVIEW_URL": "https://github.example/course/cnn-anna/compare/0...a1b2c3d",
}


@dataclass(frozen=True)
class Job:
    """A grading job that has ended."""

    checkout: Path
    status: int
    output: str

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.checkout / "result.json").read_text("utf-8"))  # type: ignore[no-any-return]

    @property
    def body(self) -> str:
        return (self.checkout / "release-body.md").read_text("utf-8")


def start(folder: Path, checkout: Path, **environment: str) -> Job:
    """What the runner does: the bundle's autograder.py, by the runner's Python, in the checkout."""
    ended = subprocess.run(
        [sys.executable, str(folder / "autograder.py")],
        cwd=checkout, capture_output=True, text=True, check=False, env={**os.environ, **RUNNER, **environment},
    )  # fmt: skip
    return Job(checkout, ended.returncode, ended.stdout + ended.stderr)
