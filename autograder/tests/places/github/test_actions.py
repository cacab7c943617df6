"""The parts of grading in GitHub Actions: who, which commits, how they are fetched, what is refused."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.course.deadline import Deadline, LateRule
from autograder.errors import UnusableRequest
from autograder.intake import read_submission
from autograder.places.bundle import SECRET_NAME, grader_files
from autograder.places.github import fetch as fetch_module
from autograder.places.github import folders, github
from autograder.places.github import git as git_module
from autograder.places.github.export import WORKFLOW, repository_files, write_repository
from autograder.places.github.fetch import fetch_all
from autograder.places.github.folders import Commit, Fetched, Outcome
from autograder.places.github.git import MAX_FILES, NotFetched, Repository
from autograder.places.github.plan import MAX_SHARDS, read_plan, shard_count
from autograder.places.github.publish import description
from autograder.places.github.pushes import History, by_dates, by_pushes, read_history
from autograder.tests.support import stand_in_gh
from autograder.tests.support.commands import git
from autograder.tests.support.processes import assert_gone, began_at

DUE = datetime(2026, 10, 1, 12, tzinfo=UTC)
DEADLINE = Deadline(DUE, LateRule(grace_minutes=10, percent_per_day=10, days=3))
TEMPLATE = Path(course.ROOT, "autograder", "places", "github", "template")


def _at(**after: float) -> str:
    return (DUE + timedelta(**after)).isoformat().replace("+00:00", "Z")


def _history(*pushes: tuple[str, str, str]) -> History:
    entries = [
        {"timestamp": when, "before": before or "0" * 40, "after": after or "0" * 40} for when, before, after in pushes
    ]
    return read_history(entries[::-1], _at(days=-30))


@pytest.mark.parametrize(
    ("pushes", "counting"),
    [
        ([(_at(days=-2), "", "a"), (_at(minutes=9), "a", "b"), (_at(days=9), "b", "c")], [("b", 0)]),
        ([(_at(days=-2), "", "a"), (_at(minutes=11), "a", "b")], [("a", 0), ("b", 1)]),
        ([(_at(days=-2), "", "a"), (_at(days=1), "a", "b"), (_at(days=2, hours=1), "b", "c")], [("a", 0), ("c", 3)]),
        ([(_at(days=2), "", "b")], [("b", 2)]),
        ([(_at(days=4), "", "b")], []),
        ([(_at(days=-2), "", "a"), (_at(days=-1), "a", "")], []),  # the branch was deleted
        ([(_at(days=-1), "", "b"), (_at(days=1), "b", "a"), (_at(days=2), "a", "b")], [("b", 0)]),  # there and back
        ([(_at(days=9), "t", "b")], [("t", 0)]),  # made from a template, pushed to when it was too late
        ([], []),
    ],
)
def test_what_the_branch_was_when_time_was_over(
    pushes: list[tuple[str, str, str]], counting: list[tuple[str, int]]
) -> None:
    commits = by_pushes(_history(*pushes), DEADLINE)
    assert [(commit.sha, commit.days) for commit in commits] == counting
    assert all(commit.certain and commit.percent == 10 * commit.days for commit in commits)


def test_a_repository_that_was_made_too_late_held_nothing_before() -> None:
    history = read_history([{"timestamp": _at(days=9), "before": "t" * 40, "after": "b" * 40}], _at(days=8))
    assert by_pushes(history, DEADLINE) == []


def test_dates_of_commits_are_believed_only_where_nothing_else_is_known_and_it_is_said() -> None:
    log = [("c", DUE + timedelta(days=9)), ("b", DUE + timedelta(days=1)), ("a", DUE - timedelta(days=1))]
    commits = by_dates(log, DEADLINE)
    assert [(commit.sha, commit.days, commit.certain) for commit in commits] == [("a", 0, False), ("b", 1, False)]


@pytest.mark.parametrize(("students", "shards"), [(1, 1), (25, 1), (26, 2), (1000, MAX_SHARDS)])
def test_a_class_of_any_size_gets_a_sensible_number_of_shards(students: int, shards: int) -> None:
    assert shard_count(students) == shards


def test_shards_share_the_class_among_them(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student\n" + "".join(f"s {number}/\n" for number in range(10)))
    plan = read_plan(roster)
    parts = [plan.part(f"{number}/3") for number in (1, 2, 3)]
    assert sorted(entry.key for part in parts for entry in part) == [entry.key for entry in plan.entries]
    assert [len(part) for part in parts] == [4, 3, 3]
    assert plan.entries[3].key == "0004-s-3"
    assert shard_count(10, "40") == 10


@pytest.mark.parametrize("shard", ["0/3", "4/3", "a", "1/0", ""])
def test_what_is_no_shard_is_refused(tmp_path: Path, shard: str) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\n")
    with pytest.raises(UnusableRequest, match="is no part of a class"):
        read_plan(tmp_path / "roster.csv").part(shard)


@pytest.mark.parametrize("wanted", ["0", "257", "many", "-1"])
def test_a_matrix_that_github_would_not_take_is_refused(wanted: str) -> None:
    with pytest.raises(UnusableRequest, match="is no number from 1 to 256"):
        shard_count(5, wanted)


def test_only_some_students_and_who_is_unknown(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student\nada\nBob\ncleo\n")
    plan = read_plan(roster, "cleo, bob,zoe")
    assert [(entry.key, entry.student.student) for entry in plan.entries] == [
        ("0002-Bob", "Bob"),
        ("0003-cleo", "cleo"),
    ]
    assert plan.problems == ("zoe: the roster has no such student.",)
    with pytest.raises(UnusableRequest, match="zoe: the roster has no such student"):
        read_plan(roster, "zoe")
    roster.write_text("student\n")
    with pytest.raises(UnusableRequest, match="names no student"):
        read_plan(roster)


def test_a_status_fits() -> None:
    assert description(Outcome(score=71, max_score=93, pending=7)) == "71 of 93 points, 7 more await a reader"
    assert len(description(Outcome(score=10**9, max_score=10**9, pending=10**100, percent=20))) == 140


class Student:
    """A student's repository on this disk, and one of ours to fetch it into."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.here, self.out = (folder / name for name in ("student.git", "work", "out"))
        git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        for setting in ("allowFilter", "allowAnySHA1InWant"):
            git("-C", str(self.bare), "config", f"uploadpack.{setting}", "true")
        git("init", "--quiet", "--initial-branch=main", str(self.here))
        self.repository = Repository(folder / "ours", self.bare.as_uri())

    def push(self) -> str:
        git("-C", str(self.here), "add", "--all", "--force")
        git("-C", str(self.here), "commit", "--quiet", "-m", "work")
        git("-C", str(self.here), "push", "--quiet", "--force", str(self.bare), "HEAD:main")
        return git("-C", str(self.here), "rev-parse", "HEAD")

    def tree(self) -> str:
        """What was written, as a tree that a commit may hold in any place."""
        git("-C", str(self.here), "add", "--all", "--force")
        return git("-C", str(self.here), "write-tree")

    def folders_of(self, tree: str, count: int) -> str:
        """A tree of so many folders, each of which is the same one."""
        return self.tree_of([f"040000 tree {tree}\td{number:03}" for number in range(count)])

    def tree_of(self, entries: Sequence[str]) -> str:
        """A tree of entries as `git ls-tree` prints them."""
        done = subprocess.run(
            ["git", "-C", str(self.here), "mktree"],
            input="".join(f"{entry}\n" for entry in entries),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def push_tree(self, tree: str) -> str:
        commit = git("-C", str(self.here), "commit-tree", tree, "-m", "work")
        git("-C", str(self.here), "push", "--quiet", "--force", str(self.bare), f"{commit}:refs/heads/main")
        return commit

    def write(self, name: str, contents: bytes) -> None:
        path = self.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)


@pytest.fixture
def student(tmp_path: Path) -> Student:
    return Student(tmp_path)


WANTED = {"q1_conv2d.py", "q1_conv2d.ipynb", "q2_relu.py", "explanations.md"}


def test_the_assignment_is_laid_out_as_it_lay_and_nothing_else_is_fetched(
    student: Student, assignment: Assignment
) -> None:
    student.write("assignment/q1_conv2d.py", b"x = 1  # $Id$\n")
    student.write("assignment/helpers.py", b"secret = 1\n")
    student.write("assignment/.gitattributes", b"*.py filter=lfs text eol=crlf ident\n")
    student.write(".lfsconfig", b"[lfs]\n\turl = https://example.org\n")
    student.write("data/large.bin", os.urandom(3 << 20))
    (student.here / "assignment" / "explanations.md").symlink_to("/etc/passwd")
    student.write("assignment/q2_relu.py", b"#" * (5 << 20))
    student.repository.lay_out(student.push(), WANTED, student.out)
    assert (student.out / "assignment/q1_conv2d.py").read_bytes() == b"x = 1  # $Id$\n"
    assert (student.out / "assignment/helpers.py").read_bytes() == b""
    assert (student.out / "assignment/explanations.md").readlink() == Path("nowhere")
    assert (student.out / "assignment/q2_relu.py").stat().st_blocks == 0
    assert not list((student.out / "data").iterdir())
    fetched = sum(path.stat().st_size for path in student.repository._folder.rglob("*") if path.is_file())
    assert fetched < 1 << 20
    submission = read_submission(student.out, assignment)
    assert submission.modules == {"q1_conv2d.py": b"x = 1  # $Id$\n"}
    assert submission.problems == {
        "q2_relu.py": "q2_relu.py has 5,242,880 bytes; 65,536 are allowed.",
        "explanations.md": "explanations.md is a link; hand in the file itself.",
    }
    assert "helpers.py" in submission.left_out


@pytest.mark.parametrize(
    ("place", "exact"), [("assignment/", ""), ("a/b/c/assignment/", ""), ("assignment/", "a/b/q1_conv2d.py")]
)
def test_files_that_were_renamed_on_the_way_are_fetched_as_intake_looks_at_them(
    student: Student, assignment: Assignment, place: str, exact: str
) -> None:
    for number in range(MAX_FILES + 1):
        student.write(f"{place}q2_relu ({number:03}).py", b"x = 2\n")
    student.write(f"{place}relu.py", b"x = 3\n")
    if exact:
        student.write(exact, b"x = 1\n")
    student.repository.lay_out(student.push(), WANTED, student.out)
    fetched, meant = read_submission(student.out, assignment), read_submission(student.here, assignment)
    assert fetched.modules == meant.modules == ({"q1_conv2d.py": b"x = 1\n"} if exact else {"q2_relu.py": b"x = 2\n"})
    assert fetched.digest == meant.digest


@pytest.mark.parametrize("place", ["", "lab/", "a/b/c/assignment/"])
def test_it_is_found_where_intake_would_find_it(student: Student, assignment: Assignment, place: str) -> None:
    student.write("README.md", b"mine")
    student.write(f"{place}q1_conv2d.py", b"x = 1\n")
    student.repository.lay_out(student.push(), WANTED, student.out)
    assert read_submission(student.out, assignment).modules == {"q1_conv2d.py": b"x = 1\n"}


def test_of_a_file_and_a_folder_of_one_name_the_first_counts(student: Student) -> None:
    student.write("q1_conv2d.py", b"x = 1\n")
    folder, file = student.tree(), git("-C", str(student.here), "hash-object", "q1_conv2d.py")
    both = [f"100644 blob {file}\tassignment", f"040000 tree {folder}\tassignment"]
    student.repository.lay_out(student.push_tree(student.tree_of(both)), WANTED, student.out)
    assert [path.name for path in student.out.rglob("*")] == ["assignment"]
    assert (student.out / "assignment").is_file()


def test_of_a_tree_of_many_folders_a_few_are_looked_at(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "MAX_FOLDERS", 5)
    student.write("f", b"")
    tree = student.tree()
    for _ in range(2):  # 931 folders
        tree = student.folders_of(tree, 30)
    commit = student.push_tree(tree)
    student.repository.lay_out(commit, WANTED, student.out)
    assert len(list(student.out.rglob("*"))) == 30


def test_a_folder_that_lies_in_many_places_is_looked_at_once(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        student.write(f"f{number}", b"")
    monkeypatch.setattr(git_module, "MAX_NAMES", 200)
    student.repository.lay_out(student.push_tree(student.folders_of(student.tree(), 100)), WANTED, student.out)
    assert len(list(student.out.rglob("*"))) == 100
    assert student.repository._names == 150


def test_the_assignment_in_many_places_is_refused(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "MAX_FILES", 9)
    student.write("q1_conv2d.py", b"x = 1\n")
    with pytest.raises(NotFetched, match="holds 10 files with the assignment's names; 9 are allowed"):
        student.repository.lay_out(student.push_tree(student.folders_of(student.tree(), 10)), WANTED, student.out)
    assert not student.out.exists()


def test_files_that_are_much_together_are_refused(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "MAX_FILE_BYTES", 2 << 20)
    student.write("q1_conv2d.py", b"#" * (1 << 20))
    with pytest.raises(NotFetched, match="holds 3 MB in files with the assignment's names; 2 MB are allowed"):
        student.repository.lay_out(student.push_tree(student.folders_of(student.tree(), 3)), WANTED, student.out)


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("MAX_NAMES", 20, "holds more than 20 names in the folders where the assignment could lie"),
        ("MAX_LISTING_BYTES", 1 << 10, "holds a folder with more than 0 MB of names"),
    ],
)
def test_more_names_than_are_looked_at(
    student: Student, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, words: str
) -> None:
    monkeypatch.setattr(git_module, limit, value)
    for number in range(30):
        student.write(f"data/f{number}", b"")
    with pytest.raises(NotFetched, match=words):
        student.repository.lay_out(student.push(), WANTED, student.out)
    student.write("a/q1_conv2d.py", b"x = 1\n")  # what was found before that counts
    student.repository.lay_out(student.push(), WANTED, student.out)
    assert sorted(path.name for path in student.out.rglob("*")) == ["a", "data", "q1_conv2d.py"]


def test_of_a_large_folder_what_matters_is_there(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "MAX_ENTRIES", 5)
    for number in range(30):
        student.write(f"f{number}", b"")
        student.write(f"assignment/f{number}", b"")
    student.write("assignment/q1_conv2d.py", b"x = 1\n")
    student.repository.lay_out(student.push(), WANTED, student.out)
    assert (student.out / "assignment" / "q1_conv2d.py").read_bytes() == b"x = 1\n"
    assert len([path for path in student.out.rglob("f*") if path.is_file()]) <= 5


def test_git_that_is_killed_is_told(student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nkill -9 $$\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NotFetched, match="could not be fetched: git was ended by SIGKILL"):
        student.repository.head()


@pytest.mark.parametrize("trouble", [MemoryError(), OSError(28, "No space left on device"), RecursionError("deep")])
def test_whatever_happens_to_one_student_the_next_is_fetched(
    assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    (tmp_path / "roster.csv").write_text("student,repository\nada,o/ada\nben,o/ben\n")
    entries = read_plan(tmp_path / "roster.csv").entries

    def fetch(given: str, *_: object) -> Fetched:
        if given == "o/ada":
            raise trouble
        return Fetched(given, (Commit("b" * 40),))

    monkeypatch.setenv("GH_TOKEN", "hush")
    monkeypatch.setattr(fetch_module, "_fetch", fetch)
    assert fetch_all(entries, assignment, tmp_path) == 0
    ada, ben = (folders.read_fetched(tmp_path / folders.FETCHED / entry.key) for entry in entries)
    assert ada is not None
    assert ada.ours
    assert ada.problem.startswith(f"the grader failed to fetch it: {type(trouble).__name__}")
    assert ben == Fetched("o/ben", (Commit("b" * 40),))


@pytest.mark.parametrize(("status", "ours"), [(0, True), (500, True), (404, False)])
def test_a_repository_that_github_says_nothing_of_is_no_zero(
    assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, ours: bool
) -> None:
    def refuse(_: str) -> None:
        raise github.Refused(status, "no answer")

    (tmp_path / "roster.csv").write_text("student,repository\nada,o/ada\n")
    entries = read_plan(tmp_path / "roster.csv").entries
    monkeypatch.setenv("GH_TOKEN", "hush")
    monkeypatch.setattr(github, "get", refuse)
    fetch_all(entries, assignment, tmp_path)
    fetched = folders.read_fetched(tmp_path / folders.FETCHED / entries[0].key)
    assert fetched is not None
    assert fetched.ours == ours


@pytest.mark.parametrize("seen", [(), ("o/ben",)])
def test_a_token_that_sees_no_repository_at_all_makes_no_zeros(
    assignment: Assignment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    seen: tuple[str, ...],
) -> None:
    def get(what: str) -> None:
        raise github.Refused(500 if what.removeprefix("repos/") in seen else 404, "no answer")

    (tmp_path / "roster.csv").write_text("student,repository\nada,o/ada\nben,o/ben\n")
    entries = read_plan(tmp_path / "roster.csv").entries
    monkeypatch.setenv("GH_TOKEN", "hush")
    monkeypatch.setattr(github, "get", get)
    fetch_all(entries, assignment, tmp_path)
    ada = folders.read_fetched(tmp_path / folders.FETCHED / entries[0].key)
    assert ada is not None
    assert ada.ours == (not seen)  # where another's is seen, it is this one that is gone
    assert ("STUDENTS_TOKEN" in ada.problem) == ("none of the 2" in capsys.readouterr().out) == (not seen)


def test_a_submodule_is_left_alone(student: Student, assignment: Assignment) -> None:
    student.write("q1_conv2d.py", b"x = 1\n")
    head = student.push()
    student.write(".gitmodules", b'[submodule "s"]\n\tpath = s\n\turl = ../elsewhere.git\n')
    git("-C", str(student.here), "update-index", "--add", "--cacheinfo", f"160000,{head},s")
    git("-C", str(student.here), "add", ".gitmodules")
    git("-C", str(student.here), "commit", "--quiet", "-m", "s")
    git("-C", str(student.here), "push", "--quiet", str(student.bare), "HEAD:main")
    student.repository.lay_out(student.repository.head(), WANTED, student.out)
    assert not list((student.out / "s").iterdir())
    assert read_submission(student.out, assignment).modules == {"q1_conv2d.py": b"x = 1\n"}


def test_what_is_too_large_does_not_fill_the_disk(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "MAX_FETCHED_BYTES", 1 << 20)
    student.write("q1_conv2d.py", os.urandom(3 << 20))
    commit = student.push()
    with pytest.raises(NotFetched, match="is larger than 1 MB"):
        student.repository.lay_out(commit, WANTED, student.out)
    assert not student.out.exists()
    fetched = sum(path.stat().st_size for path in student.repository._folder.rglob("*") if path.is_file())
    assert fetched < 2 << 20


def test_what_does_not_come_in_time_is_given_up(
    student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nsleep 1000 & echo $! > sleeper; wait\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(git_module, "SECONDS", 1)
    student.repository._ends = time.monotonic() + 1  # of all that is asked of it
    with pytest.raises(NotFetched, match="did not come within 1 seconds"):
        student.repository.head()
    sleeper = int((student.repository._folder / "sleeper").read_text())
    assert_gone({sleeper: began_at(sleeper)})


def test_only_protocols_that_start_nothing_are_spoken(tmp_path: Path) -> None:
    for url in ("ext::sh -c touch% pwned", "git://localhost:1/a.git", "ssh://localhost:1/a.git", "http://localhost:1/"):
        with pytest.raises(NotFetched, match=r"transport '\w+' not allowed"):
            Repository(tmp_path / url[:4], url).head()
    assert not list(tmp_path.rglob("pwned"))


def test_what_was_not_fetched_is_not_fetched_by_the_way(student: Student) -> None:
    student.write("q1_conv2d.py", b"x = 1\n")
    student.write("other.py", b"y = 1\n")
    student.repository.lay_out(student.push(), {"q1_conv2d.py"}, student.out)
    with pytest.raises(NotFetched, match="could not be fetched"):
        student.repository._run("cat-file", "blob", git("-C", str(student.here), "rev-parse", "HEAD:other.py"))


def test_the_token_reaches_the_server_by_the_helper_and_lies_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str | None] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["Authorization"])
            self.send_response(404 if heard[-1] else 401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "gh").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stand_in_gh.__file__}" "$@"\n')
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN_GH", str(tmp_path))
    monkeypatch.setenv("GH_TOKEN", "hush")
    monkeypatch.setattr(git_module, "_PROTOCOLS", ("http",))  # no certificate has to be made
    with HTTPServer(("localhost", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        repository = Repository(tmp_path / "ours", f"http://localhost:{server.server_port}/o/n.git")
        with pytest.raises(NotFetched, match=r"could not be fetched: fatal: .* not found") as reason:
            repository.head()
        server.shutdown()
    assert heard == [None, f"Basic {base64.b64encode(b'x-access-token:hush').decode()}"]
    assert "hush" not in str(reason.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hush" in path.read_bytes()]


def test_a_commit_that_is_not_there_any_more(student: Student) -> None:
    student.write("q1_conv2d.py", b"")
    student.push()
    with pytest.raises(NotFetched, match="could not be fetched: "):
        student.repository.lay_out("1" * 40, WANTED, student.out)


def test_a_log_of_dates(student: Student) -> None:
    student.write("q1_conv2d.py", b"")
    first = student.push()
    student.write("q1_conv2d.py", b"#")
    second = student.push()
    assert [sha for sha, _ in student.repository.log(second)] == [second, first]


@pytest.mark.parametrize("date", [b"", b" -5 +0000", b" 99999999999999999999 +0000"])
def test_a_commit_whose_date_is_none_counts_nowhere(student: Student, date: bytes) -> None:
    student.write("q1_conv2d.py", b"")
    student.push()
    who = b"a <a@example.org>"
    text = b"tree %b\nauthor %b\ncommitter %b%b\n\nwork\n" % (student.tree().encode(), who, who, date)
    made = subprocess.run(
        ["git", "-C", str(student.bare), "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        input=text, capture_output=True, check=True,
    )  # fmt: skip
    commit = made.stdout.decode().strip()
    (student.bare / "refs" / "heads" / "main").write_text(f"{commit}\n")
    assert [(sha, when.year > 6000) for sha, when in student.repository.log(commit)] == [(commit, True)]


def test_a_branch_or_a_tag_called_head_is_not_the_newest_commit(student: Student) -> None:
    student.write("q1_conv2d.py", b"")
    commit = student.push()
    for name in ("heads", "tags"):
        git("-C", str(student.bare), "update-ref", f"refs/{name}/HEAD", commit)
    assert student.repository.head() == commit
    git("-C", str(student.bare), "update-ref", "-d", "refs/heads/main")
    assert student.repository.head() == ""


def test_a_commit_that_another_is_to_replace_is_laid_out_as_it_was(student: Student) -> None:
    student.write("q1_conv2d.py", b"on time\n")
    on_time = student.push()
    student.write("q1_conv2d.py", b"too late\n")
    too_late = student.push()
    for name in (f"refs/replace/{on_time}", f"refs/heads/{on_time}", f"refs/tags/{on_time}"):
        git("-C", str(student.here), "push", "--quiet", str(student.bare), f"{too_late}:{name}")
    student.repository.lay_out(on_time, WANTED, student.out)
    assert (student.out / "q1_conv2d.py").read_bytes() == b"on time\n"


def test_no_token_no_fetching(assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    with pytest.raises(UnusableRequest, match="STUDENTS_TOKEN is not set"):
        fetch_all((), assignment, tmp_path)


def test_a_token_where_students_code_runs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\n")
    done = subprocess.run(
        [sys.executable, "-m", "autograder.places.github", "grade", "--roster", str(tmp_path / "roster.csv")],
        cwd=course.ROOT, capture_output=True, text=True, check=False, env={**os.environ, "GH_TOKEN": "x"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("autograder: GH_TOKEN is in the environment of the step that runs students' code")


@pytest.mark.parametrize("step", [["shards"], ["summary", "--csv", "{}/scores.csv", "--work", "{}"]])
def test_what_comes_before_and_after_grading_needs_no_package(tmp_path: Path, step: list[str]) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\n")
    words = [word.replace("{}", str(tmp_path)) for word in [*step, "--roster", "{}/roster.csv"]]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "autograder.places.github", *words],
        cwd=course.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.endswith({"shards": "1 student in 1 shard.\n", "summary": "0 of 1 students graded.\n"}[step[0]])
    assert done.returncode == (step[0] == "summary")


def test_being_asked_too_often_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = '[ -e asked ] && echo 7 && exit\ntouch asked\necho "gh: $WORDS (HTTP 403)" >&2\nexit 1\n'
    (tmp_path / "gh").write_text(f"#!/bin/sh\ncd {tmp_path}\n{first}")
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(github, "WAITS", (0.01,))
    monkeypatch.setenv("WORDS", "You have exceeded a secondary rate limit.")
    assert github.get("user") == 7
    (tmp_path / "asked").unlink()
    monkeypatch.setenv("GH_TOKEN", "hush")
    monkeypatch.setenv("WORDS", "hush is not allowed")
    with pytest.raises(github.Refused, match=r"gh: \*\*\* is not allowed") as refused:
        github.get("user")
    assert refused.value.status == 403


def test_the_private_repository_is_written_and_brought_up_to_date(tmp_path: Path) -> None:
    staff = tmp_path / "staff"
    (staff / ".git").mkdir(parents=True)
    (staff / "README.md").write_text("made by GitHub")
    write_repository(staff)
    written = {path.relative_to(staff).as_posix(): path.read_bytes() for path in staff.rglob("*") if path.is_file()}
    assert json.loads(written.pop(".exported.json"))["files"].keys() == repository_files().keys()
    assert written == {**repository_files(), "README.md": b"made by GitHub"}
    (staff / "roster.csv").write_text("student\nada\n")
    (staff / "autograder" / "assignment.toml").write_text("title = 'Ours'\n")
    (staff / WORKFLOW).write_text("old")
    (staff / "autograder" / "grading" / "grade.py").write_text("old")
    (staff / "autograder" / "ours.py").write_text("")
    assert write_repository(staff) == [
        f"{staff}: 2 of {len(written) - 5} files written.",
        *(f"{name} is the course's own: left as it is." for name in ("roster.csv", "autograder/assignment.toml")),
        *(f"{name} is the course's own: left as it is." for name in ("README.md", ".gitignore", SECRET_NAME)),
        *(f"{name} was changed here, and is the grader's again." for name in (WORKFLOW, "autograder/grading/grade.py")),
        "autograder/ours.py is not part of the grader: remove it unless it is yours.",
    ]
    assert (staff / "roster.csv").read_text() == "student\nada\n"
    assert (staff / "autograder" / "assignment.toml").read_text() == "title = 'Ours'\n"
    assert (staff / WORKFLOW).read_bytes() == repository_files()[WORKFLOW]


def test_what_the_grader_has_no_longer_leaves_the_private_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = tmp_path / "staff"
    older = {"autograder/old.py": b"", "autograder/used.py": b"", ".github/workflows/old.yml": b"", "tests/old.py": b""}
    with monkeypatch.context() as earlier:
        earlier.setattr("autograder.places.github.export.grader_files", lambda: {**grader_files(), **older})
        write_repository(staff)
    (staff / "autograder" / "used.py").write_text("# ours now\n")
    (staff / ".github" / "workflows" / "old.yml").write_text("# ours now\n")
    (staff / "tests" / "old.py").unlink()
    told = write_repository(staff)
    assert [line for line in told if "old" in line or "used" in line] == [
        "autograder/old.py was removed: the grader has it no longer.",
        ".github/workflows/old.yml is not part of the grader: remove it unless it is yours.",
        "autograder/used.py is not part of the grader: remove it unless it is yours.",
    ]
    assert not (staff / "autograder" / "old.py").exists()
    assert (staff / "autograder" / "used.py").read_text() == "# ours now\n"


def test_a_private_repository_from_before_there_was_a_record_is_brought_up_to_date(tmp_path: Path) -> None:
    staff = tmp_path / "staff"
    write_repository(staff)
    (staff / ".exported.json").unlink()
    (staff / "autograder" / "grade.py").write_text("old")
    told = write_repository(staff)
    assert told[0].startswith(f"{staff}: 0 of ")
    assert told[-1] == "autograder/grade.py is not part of the grader: remove it unless it is yours."


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UnusableRequest, match="holds something else"):
        write_repository(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_private_repository_holds_no_answers() -> None:
    names = repository_files()
    assert {name for name in names if name.startswith("solutions/")} == {"solutions/explanations.md"}
    assert not [name for name in names if "/tests/" in name or "/bank/" in name or "/attacks/" in name]
    assert {"autograder/places/github/__main__.py", "autograder/hidden/test_q1_conv2d.py", "roster.csv"} <= set(names)


def test_workflows_are_what_github_takes() -> None:
    paths = [str(TEMPLATE / WORKFLOW), str(course.ROOT / ".github" / "workflows" / "ci.yml")]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *paths],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
