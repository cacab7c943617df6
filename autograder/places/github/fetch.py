"""Fetch what counts of each student: which commits, by when they were pushed, and the assignment's files of each."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from urllib.parse import quote

from autograder.course import EXPLANATIONS, Assignment
from autograder.course.deadline import Deadline
from autograder.places.github import folders, github, pushes
from autograder.places.github.folders import Commit, Fetched
from autograder.places.github.git import NotFetched, Repository
from autograder.places.github.plan import PlannedStudent
from autograder.text.inert import for_actions_log

_NAME = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}"


class _Problem(Exception):
    """Nothing of this student can be graded. The text follows the student's name."""

    ours = False


class _NotAsked(_Problem):
    """GitHub did not answer: nothing is known of what was handed in, which must not become a 0."""

    ours = True


class _Unseen(_Problem):
    """GitHub says that nothing has this name, which it also says of what a token may not see."""


def fetch_all(entries: Sequence[PlannedStudent], assignment: Assignment, work: Path) -> int:
    """Fetch for each student; a problem with one does not affect the others. Returns the exit status."""
    github.require_token()
    wanted = [f"{question.module}{end}" for question in assignment.questions for end in (".py", ".ipynb")]
    unseen = []
    for entry in entries:
        folder = work / folders.FETCHED / entry.key
        shutil.rmtree(folder, ignore_errors=True)
        try:
            deadline = entry.student.deadline(assignment.due, assignment.late)
            fetched = _fetch(entry.student.repository, deadline, {*wanted, EXPLANATIONS}, folder)
            message = ", ".join(f"{commit.sha[:7]} {commit.when}".strip() for commit in fetched.commits)
        except _Problem as problem:
            fetched = Fetched(repository=entry.student.repository, problem=str(problem), ours=problem.ours)
            message = fetched.problem
            if isinstance(problem, _Unseen):
                unseen.append(folder)
        except Exception as error:  # noqa: BLE001  (a fault of ours with one student; the others are fetched)
            shutil.rmtree(folder, ignore_errors=True)
            message = f"the grader failed to fetch it: {github.without_token(f'{type(error).__name__}: {error}')}"
            fetched = Fetched(repository=entry.student.repository, problem=message, ours=True)
        try:
            folders.write(fetched, folder / "fetched.json")
        except OSError as error:  # the next step says that nothing was fetched
            message = f"what was fetched cannot be written: {error.strerror}"
        print(for_actions_log(f"{entry.student.student}: {message}"), flush=True)
    if 1 < len(unseen) == len(entries):
        _blame_the_token(unseen)
    return 0


def _blame_the_token(unseen: Sequence[Path]) -> None:
    """Note that the token is at fault: not one repository of several students can be seen. Nobody loses points."""
    problem = (
        f"none of the {len(unseen)} repositories of this job can be seen: the token may have expired, or may not read "
        "them (the secret STUDENTS_TOKEN)."
    )
    print(for_actions_log(problem), flush=True)
    for folder in unseen:
        fetched = folders.read_fetched(folder)
        if fetched is not None:
            folders.write(replace(fetched, problem=problem, ours=True), folder / "fetched.json")


def _fetch(given: str, deadline: Deadline, wanted: set[str], folder: Path) -> Fetched:
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    name = given.removeprefix(f"{server}/").rstrip("/").removesuffix(".git")
    if not name:
        raise _Problem("the roster names no repository.")
    if not re.fullmatch(_NAME, name) or name.endswith(("/.", "/..")):
        raise _Problem(f"the roster's repository {given} is not of the form owner/name.")
    try:
        about = github.get(f"repos/{name}")
        branch, created = about["default_branch"], about["created_at"]
    except github.Refused as refused:
        if refused.status in (404, 451):
            raise _Unseen(f"the repository {name} is gone, or the token may not see it.") from None
        raise _NotAsked(f"the repository {name} cannot be asked: {refused}.") from None
    except (KeyError, TypeError):
        raise _NotAsked(f"the repository {name} cannot be asked: GitHub's answer lacks its default branch.") from None
    with tempfile.TemporaryDirectory(prefix="cnn-autograder-git-") as bare:
        try:
            repository = Repository(Path(bare) / "repository", f"{server}/{name}.git")
            commits = _counting(repository, name, branch, created, deadline)
        except NotFetched as reason:
            raise _Problem(f"the repository {name} {reason}.") from None
        came, missing = [], []
        for commit in commits:
            try:
                repository.lay_out(commit.sha, wanted, folder / commit.sha)
                came.append(commit)
            except NotFetched as reason:  # it may have been pushed away, and be gone from the server
                missing.append(f"Commit {commit.sha[:7]} {commit.when} {reason}. A person has to look.")
    if not came:
        raise _Problem(f"the repository {name}: {' '.join(missing)}")
    return Fetched(name, tuple(came), remarks=tuple(missing))


def _counting(repository: Repository, name: str, branch: str, created: str, deadline: Deadline) -> list[Commit]:
    head = repository.head()
    if deadline.closes is None:
        if not head:
            raise _Problem(f"the repository {name} is empty.")
        return [Commit(head)]
    history = _history(name, branch, created)
    if history is None or not history.pushes:
        if not head:
            raise _Problem(f"the repository {name} is empty.")
        commits = pushes.by_dates(repository.log(head), deadline)
    else:
        commits = pushes.by_pushes(history, deadline)
    if not commits:
        closes = f"{deadline.closes.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise _Problem(f"the repository {name} held no commit before {closes}, when this student's time was over.")
    return commits


def _history(name: str, branch: str, created: str) -> pushes.History | None:
    """All pushes and their times, by the server's clock; None if the server does not say."""
    try:
        activity = github.pages(f"repos/{name}/activity?ref={quote(branch, safe='')}&per_page=100")
        return pushes.read_history(activity, created)
    except (github.Refused, ValueError, KeyError, TypeError, AttributeError):
        return None
