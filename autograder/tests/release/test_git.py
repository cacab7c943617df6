"""`release --solutions-branch`: the same commits no matter who makes them, and nobody's work is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.release import release
from autograder.release.contents import answers
from autograder.release.writing import GIVEN_LIST
from autograder.tests.support.student_repository import as_if_given_earlier, git, run, snapshot


@pytest.fixture(scope="module")
def released(assignment: Assignment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released") / "student"
    release(folder, assignment, solutions_branch=True)
    return folder


@pytest.fixture
def student(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / "student"))


def write_hooks(folder: Path, trace: Path) -> None:
    """Programs that git would run, each of which leaves a trace and forbids what is being done."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("pre-commit", "post-commit", "reference-transaction", "post-index-change", "commit-msg"):
        (folder / name).write_text(f"#!/bin/sh\ntouch '{trace}'\nexit 1\n")
        (folder / name).chmod(0o755)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Everything in a person's settings that could change a commit, or stop it. Hooks leave a trace here."""
    home = tmp_path / "home"
    hooks, trace = home / "template" / "hooks", home / "a hook ran"
    write_hooks(hooks, trace)
    (home / ".gitconfig").write_text(
        f"""
[commit]
gpgSign = true
[gpg]
program = false
[user]
useConfigOnly = true
[core]
autocrlf = true
hooksPath = {hooks}
fsmonitor = {hooks}/pre-commit
[init]
defaultBranch = trunk
templateDir = {hooks.parent}
[i18n]
commitEncoding = latin1
"""
    )
    monkeypatch.setenv("HOME", str(home))
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2011-11-11T11:11:11+11:00")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Somebody")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere.git"))
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    yield home
    assert not trace.exists()
    assert not (tmp_path / "elsewhere.git").exists()


def tips(folder: Path) -> list[str]:
    return git(folder, "rev-parse", "main", "solutions").split()


def names(folder: Path, *arguments: str) -> set[str]:
    return set(git(folder, "diff", "--name-only", *arguments).split())


def test_a_person_s_settings_change_nothing(
    settings: Path, released: Path, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settings.parent / "again"
    release(folder, assignment, solutions_branch=True)
    assert release(folder, assignment, solutions_branch=True)[-1] == (
        "Nothing to commit: main and solutions are up to date."
    )
    monkeypatch.delenv("GIT_DIR")
    assert tips(folder) == tips(released)
    assert snapshot(folder) == snapshot(released)
    assert git(folder, "config", "--list", "--local").count("\n") < 8  # what `git init` writes, and no more


def test_main_is_at_hand_and_solutions_are_a_commit_away(released: Path, assignment: Assignment) -> None:
    assert git(released, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert git(released, "status", "--porcelain") == ""
    assert git(released, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", "refs/heads/solutions"]
    assert git(released, "rev-list", "--count", "solutions") == "2\n"
    assert names(released, "main", "solutions") == answers(assignment).keys()
    assert set(git(released, "ls-files").split()) == {
        str(path.relative_to(released))
        for path in released.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(released).parts
    }
    text = git(released, "show", "solutions:assignment/q1_conv2d.py")
    assert "BEGIN SOLUTION" not in text
    assert "NotImplementedError" not in text
    git(released, "fsck", "--strict")


@pytest.mark.slow  # all public tests once more
def test_on_the_solutions_branch_everything_is_green(released: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--branch", "solutions", str(released), "solutions")
    done = run(tmp_path / "solutions", "pytest", "-q")
    assert done.returncode == 0, done.stdout
    assert "All public tests are green." in done.stdout
    assert "failed" not in done.stdout


def test_an_empty_clone_gets_the_commits(released: Path, assignment: Assignment, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk", "clone")
    release(tmp_path / "clone", assignment, solutions_branch=True)
    assert tips(tmp_path / "clone") == tips(released)
    assert git(tmp_path / "clone", "status", "--porcelain", "--branch") == "## main\n"


def test_a_student_s_work_is_neither_committed_nor_lost(student: Path, assignment: Assignment, tmp_path: Path) -> None:
    as_if_given_earlier(student, "tests/checks.py", "# as it was\n")
    as_if_given_earlier(student, "tests/old.py", "# given no longer\n")
    (student / "assignment" / "q2_relu.py").write_text("# my first try\n")
    (student / "helper.py").write_text("mine = True\n")
    git(student, "add", "-A")
    git(student, "commit", "-qm", "my first try")
    (student / "assignment" / "q2_relu.py").write_text("# my second try\n")
    (student / "assignment" / "q3_max_pool2d.py").write_text("# staged\n")
    git(student, "add", "assignment/q3_max_pool2d.py")
    (student / "notes.md").write_text("mine")
    mine, before = git(student, "rev-parse", "main").strip(), tips(student)[1]
    write_hooks(student / ".git" / "hooks", tmp_path / "a hook ran")
    git(student, "config", "core.fsmonitor", str(student / ".git" / "hooks" / "pre-commit"))
    lines = release(student, assignment, solutions_branch=True)
    git(student, "config", "--unset", "core.fsmonitor")
    assert not (tmp_path / "a hook ran").exists()
    shutil.rmtree(student / ".git" / "hooks")
    assert lines[-2:] == [
        "main: committed, the assignment, brought up to date.",
        "solutions: committed, with assignment/ answered.",
    ]
    assert names(student, mine, "main") == {"tests/checks.py", "tests/old.py", GIVEN_LIST}
    assert git(student, "status", "--porcelain").splitlines() == [
        " M assignment/q2_relu.py",
        "M  assignment/q3_max_pool2d.py",
        "?? notes.md",
    ]
    assert git(student, "rev-parse", "main~1").strip() == mine
    assert git(student, "rev-parse", "solutions~1").strip() == before  # it goes on, so that it can be pushed
    assert names(student, "main", "solutions") == answers(assignment).keys()
    assert (student / "assignment" / "q2_relu.py").read_text() == "# my second try\n"


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ([["switch", "-q", "solutions"]], "is on the branch solutions; --solutions-branch commits on main"),
        ([["switch", "-q", "--detach"]], "is on no branch"),
        ([["merge", "-q", "--no-ff", "--no-commit", "solutions"]], "in the middle of a merge"),
    ],
)
def test_it_commits_on_main_or_not_at_all(
    student: Path, assignment: Assignment, commands: list[list[str]], message: str
) -> None:
    for arguments in commands:
        git(student, *arguments)
    (student / "tests" / "checks.py").unlink()
    before, at = snapshot(student), tips(student)
    with pytest.raises(UnusableRequest, match=message):
        release(student, assignment, solutions_branch=True)
    assert (snapshot(student), tips(student)) == (before, at)


def test_a_repository_around_it_is_another_one(assignment: Assignment, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    release(tmp_path / "student", assignment, solutions_branch=True)
    assert (tmp_path / "student" / ".git").is_dir()
    assert git(tmp_path, "status", "--porcelain") == "?? student/\n"
