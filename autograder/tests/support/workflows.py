"""Run a workflow of GitHub Actions here: each `run:` step for real, in a clean checkout, by the rules of the runner.

What needs GitHub itself is stood in for: `actions/checkout` is `git clone` of the repository, artifacts are folders,
`actions/setup-python` and the cache do nothing, and steps that install are only looked at (a test must not need the
network, and what they install is what runs the test). An expression, `${{ … }}`, is looked up in a table that the
test gives: one that is not there fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

INSTALL = "python -m pip install --quiet --requirement requirements.txt"


@dataclass
class Step:
    """A step that was run."""

    job: str
    script: str
    environment: dict[str, str]
    status: int
    output: str


@dataclass
class Runner:
    """A machine for jobs.

    Attributes:
        repository: what is checked out.
        folder: where jobs work and artifacts lie.
        programs: a folder of programs that come before all others.
        common: the environment of every step besides its own.
        steps: those that were run.
        pythons: the versions that were set up.
        page: what they wrote on the job's page.
    """

    repository: Path
    folder: Path
    programs: Path
    common: Mapping[str, str]
    steps: list[Step] = field(default_factory=list)
    pythons: list[str] = field(default_factory=list)
    page: str = ""

    def run(self, job: str, definition: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
        """Run a job and return what its steps put out. Later steps run if an earlier failed and they say so."""
        work = self.folder / "jobs" / f"{len(list(self.folder.glob('jobs/*')))}-{job}"
        work.mkdir(parents=True)
        put_out: dict[str, str] = {}
        failed = False
        for step in definition["steps"]:
            condition = step.get("if", "")
            regardless = any(word in condition for word in ("always()", "!cancelled()"))
            if (failed and not regardless) or (condition and not values[_inner(condition)]):
                continue
            if "uses" in step:
                self._use(step, work, values)
                continue
            if step["run"] == INSTALL:
                continue
            assert "${{" not in step["run"], "an expression in a script is a program that others write"
            environment = {
                name: str(_value(value, values))
                for name, value in {**definition.get("env", {}), **step.get("env", {})}.items()
            }
            failed |= self._execute(job, step["run"], environment, work, put_out) != 0
        return put_out

    def _execute(self, job: str, script: str, environment: dict[str, str], work: Path, put_out: dict[str, str]) -> int:
        output, page = self.folder / "output", self.folder / "page"
        for file in (output, page):
            file.write_text("")
        (self.folder / "script.sh").write_text(script)
        done = subprocess.run(
            ["/bin/bash", "-e", str(self.folder / "script.sh")],  # what the runner does where no shell is named
            cwd=work / "checkout", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={
                "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.defpath}",
                "HOME": str(self.folder),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(page),
                **self.common,
                **environment,
            },
        )  # fmt: skip
        for name, delimiter, rest in re.findall(r"(?ms)^(\w+)<<(\S+)\n(.*?\n)(?=\2$)", output.read_text()):
            del delimiter
            put_out[name] = rest.removesuffix("\n")
        self.page += page.read_text("utf-8")
        self.steps.append(Step(job, script, environment, done.returncode, done.stdout))
        return done.returncode

    def _use(self, step: Mapping[str, Any], work: Path, values: Mapping[str, Any]) -> None:
        action, _, version = step["uses"].partition("@")
        assert re.fullmatch(r"v\d+", version)
        given = step.get("with", {})
        artifacts = self.folder / "artifacts"
        checkout = work / "checkout"
        if action == "actions/checkout":
            assert given["persist-credentials"] is False
            subprocess.run(["git", "clone", "--quiet", str(self.repository), str(checkout)], check=True)
        elif action == "actions/upload-artifact":
            source, target = checkout / given["path"], artifacts / str(_value(given["name"], values))
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.exists():
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        elif action == "actions/download-artifact":
            for found in artifacts.glob(given["pattern"]):
                shutil.copytree(found, checkout / given["path"], dirs_exist_ok=True)
        elif action == "actions/setup-python":
            self.pythons.append(str(_value(given["python-version"], values)))
        else:
            assert action == "actions/cache", action


def load(path: Path) -> dict[str, Any]:
    """A workflow's file as data."""
    read: dict[str, Any] = YAML(typ="safe").load(path.read_text("utf-8"))
    return read


def scripts(workflow: Mapping[str, Any]) -> list[str]:
    """Every script in it."""
    steps: Sequence[Mapping[str, Any]] = [step for job in workflow["jobs"].values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


def _value(text: Any, values: Mapping[str, Any]) -> Any:
    """A value of the workflow with its expressions looked up."""
    if not isinstance(text, str):
        return text
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: _text(values[found[1]]), text)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _inner(condition: str) -> str:
    found = re.fullmatch(r"\$\{\{\s*(.*?)\s*\}\}", condition)
    return found[1] if found else condition
