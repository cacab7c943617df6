"""Students' repositories are fetched with git: what is laid out of them, and what a hostile one cannot do."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from autograder.course import Assignment
from autograder.intake import read_submission
from autograder.places.github import git as git_module
from autograder.places.github.git import MAX_FILES, NotFetched, Repository
from autograder.tests.support import stand_in_gh
from autograder.tests.support.commands import git
from autograder.tests.support.processes import assert_gone, began_at


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


def test_if_a_file_and_a_folder_have_one_name_the_first_counts(student: Student) -> None:
    student.write("q1_conv2d.py", b"x = 1\n")
    folder, file = student.tree(), git("-C", str(student.here), "hash-object", "q1_conv2d.py")
    both = [f"100644 blob {file}\tassignment", f"040000 tree {folder}\tassignment"]
    student.repository.lay_out(student.push_tree(student.tree_of(both)), WANTED, student.out)
    assert [path.name for path in student.out.rglob("*")] == ["assignment"]
    assert (student.out / "assignment").is_file()


def test_only_a_few_folders_of_a_large_tree_are_looked_at(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_files_that_are_too_large_together_are_refused(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_what_matters_in_a_large_folder_is_there(student: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "MAX_ENTRIES", 5)
    for number in range(30):
        student.write(f"f{number}", b"")
        student.write(f"assignment/f{number}", b"")
    student.write("assignment/q1_conv2d.py", b"x = 1\n")
    student.repository.lay_out(student.push(), WANTED, student.out)
    assert (student.out / "assignment" / "q1_conv2d.py").read_bytes() == b"x = 1\n"
    assert len([path for path in student.out.rglob("f*") if path.is_file()]) <= 5


def test_git_that_is_killed_is_reported(student: Student, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nkill -9 $$\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NotFetched, match="could not be fetched: git was ended by SIGKILL"):
        student.repository.head()


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
def test_a_commit_with_an_impossible_date_counts_nowhere(student: Student, date: bytes) -> None:
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
