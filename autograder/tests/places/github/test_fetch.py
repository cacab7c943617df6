"""A class's repositories are fetched one after the other: what goes wrong with one, and what without a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.places.github import fetch as fetch_module
from autograder.places.github import folders, github
from autograder.places.github.fetch import fetch_all
from autograder.places.github.folders import Commit, Fetched
from autograder.places.github.plan import read_plan


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
def test_a_repository_that_github_says_nothing_of_is_not_a_zero(
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


def test_no_token_no_fetching(assignment: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    with pytest.raises(UnusableRequest, match="STUDENTS_TOKEN is not set"):
        fetch_all((), assignment, tmp_path)
