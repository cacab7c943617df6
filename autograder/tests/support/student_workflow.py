"""The workflow of a student's repository, run as its runner does, and what GitHub Classroom's reporter makes of it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests import classroom

WORKFLOW = ".github/workflows/classroom.yml"


@dataclass(frozen=True)
class Job:
    """What came of a job: the log and the files of its runner."""

    status: int
    log: str
    outputs: dict[str, str]
    summary: str
    folder: Path

    def results(self) -> dict[str, Any]:
        return {name: json.loads(base64.b64decode(value, validate=True)) for name, value in self.outputs.items()}


@dataclass(frozen=True)
class Reported:
    """What the reporter shows: the table's rows and last line, the notice, and how it ends."""

    rows: dict[str, tuple[float, int]]
    total: tuple[float, int]
    notice: tuple[float, int]
    status: int


def reported(runners: str, environment: dict[str, str]) -> Reported:
    """The reporter of GitHub Classroom, by its documentation and what its version 1 was seen to do."""
    results = {
        runner: json.loads(base64.b64decode(environment[f"{runner.strip().upper()}_RESULTS"]))
        for runner in runners.split(",")
    }
    rows = {}
    for runner, result in results.items():
        assert set(result) == {"version", "status", "max_score", "tests"}
        for test in result["tests"]:
            assert set(test) == {
                *("name", "status", "score", "message", "test_code", "filename", "line_no", "duration")
            }
        passed = sum(test["status"] == "pass" for test in result["tests"])
        rows[runner] = passed / len(result["tests"]) * result["max_score"], result["max_score"]
    scored = [result for result in results.values() if result["max_score"]]
    return Reported(
        rows,
        (sum(points for points, _ in rows.values()), sum(most for _, most in rows.values())),
        (
            sum(test["score"] for result in scored for test in result["tests"]),
            sum(result["max_score"] for result in scored),
        ),
        int(any(result["status"] in ("fail", "error") for result in results.values())),
    )


def read(folder: Path) -> dict[str, Any]:
    workflow = YAML(typ="safe").load((folder / WORKFLOW).read_text("utf-8"))
    assert isinstance(workflow, dict)
    return workflow


def steps(folder: Path) -> list[dict[str, Any]]:
    [job] = read(folder)["jobs"].values()
    return list(job["steps"])


def run_job(folder: Path, tmp_path: Path, *, questions: str | None = None) -> Job:
    """Every `run:` step, each in a shell of its own as the runner starts it, until one fails."""
    # `python` is this one. `pip` is the real one without an index: what is asked for has to be here already.
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, arguments in {"python": '"$@"', "pip": '-m pip "$@" --no-index'}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}\n')
        (programs / name).chmod(0o755)
    files = {name: tmp_path / name for name in classroom.FOR_THE_RUNNER}
    for file in files.values():
        file.touch()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PIP_"))}
    environment |= {name: str(file) for name, file in files.items()}
    environment |= {"CI": "true", "GITHUB_ACTIONS": "true", "PATH": f"{programs}:{os.environ['PATH']}"}
    log, status = "", 0
    for step in steps(folder):
        if "run" not in step or status:
            continue
        script = step["run"] if questions is None else re.sub(r"q1,\S+", questions, step["run"])
        assert "${{" not in script  # a value put into a script would be run
        own = {name: re.sub(r"\$\{\{ vars\.\w+ \}\}", "", value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=folder, env={**environment, **own}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=280,
        )  # fmt: skip
        log, status = log + done.stdout, done.returncode
    outputs = {}
    for line in files["GITHUB_OUTPUT"].read_text("utf-8").splitlines():
        name, _, value = line.partition("=")
        assert re.fullmatch(r"\w+", name)
        assert name not in outputs
        outputs[name] = value
    for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"):
        assert files[name].read_text("utf-8") == ""
    return Job(status, log, outputs, files["GITHUB_STEP_SUMMARY"].read_text("utf-8"), folder)


def reporter_of(job: Job) -> Reported:
    """The last step: the reporter, with what the workflow hands it."""
    last = steps(job.folder)[-1]
    assert last["uses"] == "classroom-resources/autograding-grading-reporter@v1"
    environment = {}
    for name, value in last["env"].items():
        expression = re.fullmatch(r"\$\{\{ steps\.points\.outputs\.(\w+) \}\}", value)
        assert expression is not None
        environment[name] = job.outputs.get(expression[1], "")
    runners = last["with"]["runners"]
    assert re.fullmatch(r"([a-zA-Z0-9]+,)*[a-zA-Z0-9]+", runners)  # else its errors say something else
    return reported(runners, environment)
