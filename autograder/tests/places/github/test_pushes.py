"""When something was pushed, and which commits count by that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from autograder.course.deadline import Deadline, LateRule
from autograder.places.github.pushes import History, by_dates, by_pushes, read_history

DUE = datetime(2026, 10, 1, 12, tzinfo=UTC)
DEADLINE = Deadline(DUE, LateRule(grace_minutes=10, percent_per_day=10, days=3))


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
def test_the_branch_as_it_was_at_the_deadline_counts(
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
