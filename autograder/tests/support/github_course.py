"""A course on GitHub, on this disk: students' repositories, what GitHub says about them, and the staff's repository."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder import course
from autograder.tests.support import stand_in_gh, workflows
from autograder.tests.support.commands import DUE, git

TOKEN = "github_pat_11TESTTOKEN"


@dataclass
class World:
    """The outside: students' repositories and what GitHub says about them."""

    folder: Path
    commits: dict[str, str] = field(default_factory=dict)

    @property
    def github(self) -> Path:
        return self.folder / "github"

    def answer(self, path: str, value: Any) -> None:
        file = self.github / f"{path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value))

    def student(self, name: str, *pushes: tuple[str, str, dict[str, str]], activity: bool = True) -> None:
        """A student's repository.

        Args:
            name: the student's.
            pushes: when each came, the date that its commit claims, and the files of `assignment/`.
            activity: whether GitHub says when something was pushed.
        """
        bare = self.folder / "server" / "our-course" / f"cnn-{name}.git"
        git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        for setting in ("allowFilter", "allowAnySHA1InWant"):  # as GitHub has them
            git("-C", str(bare), "config", f"uploadpack.{setting}", "true")
        here = self.folder / "students" / name
        git("init", "--quiet", "--initial-branch=main", str(here))
        activities, before = [], "0" * 40
        for number, (pushed, dated, files) in enumerate(pushes, 1):
            shutil.rmtree(here / "assignment", ignore_errors=True)
            for file, text in files.items():
                path = here / "assignment" / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            git("-C", str(here), "add", "--all")
            git("-C", str(here), "commit", "--quiet", "--allow-empty", "-m", "work", date=dated)
            git("-C", str(here), "push", "--quiet", str(bare), "HEAD:main")
            sha = git("-C", str(here), "rev-parse", "HEAD")
            self.commits[f"{name}{number}"] = sha
            activities.append(
                {"timestamp": pushed, "before": before, "after": sha, "ref": "refs/heads/main", "activity_type": "push"}
            )
            before = sha
        about = {"full_name": f"our-course/cnn-{name}", "default_branch": "main", "created_at": "2026-09-01T08:00:00Z"}
        self.answer(f"repos/our-course/cnn-{name}", about)
        if activity:
            self.answer(f"repos/our-course/cnn-{name}/activity", activities[::-1])


@dataclass
class Run:
    """One run of the workflow."""

    runner: workflows.Runner
    folder: Path

    @property
    def output(self) -> str:
        return "".join(step.output for step in self.runner.steps)

    def row(self, student: str) -> dict[str, str]:
        with (self.folder / "artifacts" / "scores" / "scores.csv").open(newline="") as file:
            return next(row for row in csv.DictReader(file) if row["student"] == student)

    def results(self, student: str) -> Path:
        return next(self.folder.glob(f"artifacts/results-*/*-{student}"))


@dataclass
class Course:
    """A world, and the staff's repository in it."""

    world: World
    repository: Path
    programs: Path

    def grade(self, folder: Path) -> Run:
        workflow = workflows.load(self.repository / ".github/workflows/grade.yml")
        common = {
            "GITHUB_SERVER_URL": f"file://{self.world.folder / 'server'}",
            "STAND_IN_GH": str(self.world.github),
        }
        runner = workflows.Runner(self.repository, folder, self.programs, common)
        values: dict[str, Any] = {
            "inputs.students": "",
            "inputs.shards": "2",
            "inputs.training": "false",
            "inputs.data == 'cifar10'": False,
            "inputs.data || 'synthetic'": "synthetic",
            "inputs.device || 'cpu'": "cpu",
            "secrets.STUDENTS_TOKEN": TOKEN,
            # Another user for each worker needs root.
            "vars.GRADE_ALLOW_MISSING_ISOLATION && '--allow-missing-isolation' || ''": (
                "" if os.geteuid() == 0 else "--allow-missing-isolation"
            ),
            "!cancelled() && (inputs.publish || github.event_name == 'schedule')": True,
            "always()": True,
        }
        jobs = workflow["jobs"]
        put_out = runner.run("plan", jobs["plan"], values)
        values["needs.plan.outputs.python"] = put_out["python"]
        for index, shard in enumerate(json.loads(put_out["shards"])):
            runner.run("grade", jobs["grade"], {**values, "matrix.shard": shard, "strategy.job-index": index})
        runner.run("summary", jobs["summary"], values)
        return Run(runner, folder)


def staff_repository(world: World, roster: str, *, questions: int | None = None) -> Course:
    """The staff's repository, exported and committed, for a class that is due; with the first questions alone."""
    for path in (world.folder, *world.folder.parents):  # workers have users of their own
        if path.owner() == world.folder.owner():
            path.chmod(path.stat().st_mode | 0o055)
        if path.name.startswith("pytest-of"):
            break
    repository = world.folder / "staff"
    exported = subprocess.run(
        [sys.executable, "-m", "autograder", "export", "github", str(repository)],
        cwd=course.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    (repository / "roster.csv").write_text(roster)
    settings = repository / "autograder" / "assignment.toml"
    first, *asked = settings.read_text("utf-8").split("[[question]]")
    dated = re.sub(r"(?m)^# due = .*$", f"due = {DUE}", first)
    settings.write_text("[[question]]".join([dated, *asked[:questions]]))
    git("init", "--quiet", "--initial-branch=main", str(repository))
    git("-C", str(repository), "add", "--all")
    git("-C", str(repository), "commit", "--quiet", "-m", "The grader")
    world.answer("user", {"login": "course-bot"})
    (world.github / "token").write_text(TOKEN)
    programs = world.folder / "programs"
    programs.mkdir()
    _program(programs / "gh", f'exec "{sys.executable}" "{stand_in_gh.__file__}" "$@"')
    _program(programs / "sudo", 'shift; exec env -i PATH="$PATH" "$@"')
    return Course(world, repository, programs)


def _program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
