"""The zip file for Gradescope, laid out and run as Gradescope does, below a root of the test's own."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.places.gradescope.export import archive
from autograder.tests.support.gradescope_reader import read_results

METADATA = {
    "id": 1,
    "created_at": "2026-12-18T23:10:05.365935-08:00",
    "assignment": {"due_date": "2026-12-17T23:00:00.000000-08:00", "late_due_date": None, "title": "Lab"},
    "users": [{"email": "anna@example.edu", "id": 2, "name": "Anna"}],
    "previous_submissions": [],
}


@dataclass(frozen=True)
class Container:
    """A run of `run_autograder` that has ended."""

    root: Path
    status: int
    output: str

    @property
    def results(self) -> dict[str, Any]:
        return read_results((self.root / "results" / "results.json").read_text("utf-8"))


def image(root: Path, **settings: Any) -> Path:
    """What Gradescope lays out of the zip file, and, of setup.sh's work, a Python: this one."""
    for name in ("source", "submission", "results"):
        (root / name).mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(archive(**settings))) as packed:
        for entry in packed.infolist():
            packed.extract(entry, root / "source")
            (root / "source" / entry.filename).chmod(entry.external_attr >> 16 & 0o777)
    (root / "submission_metadata.json").write_text(json.dumps(METADATA))
    script(root / "venv" / "bin" / "python", f'exec {shlex.quote(sys.executable)} "$@"')
    return root


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(root: Path) -> Container:
    environment = {**os.environ, "AUTOGRADER_ROOT": str(root), "AWS_SECRET_ACCESS_KEY": "s3cret"}
    command = [str(root / "source" / "run_autograder")]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=environment)
    return Container(root, ended.returncode, ended.stdout + ended.stderr)
