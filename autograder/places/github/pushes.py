"""Which commit counts. When something was pushed is the server's to say; the dates of commits are the student's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from autograder.course.deadline import Deadline, moment
from autograder.places.github.folders import Commit

_NOTHING = "0" * 40  # where a branch did not exist before, or exists no longer


@dataclass(frozen=True)
class Push:
    """A change of the branch: from one commit to another. "" stands for no branch."""

    when: datetime
    before: str
    after: str


@dataclass(frozen=True)
class History:
    """All pushes to a branch, oldest first, and when its repository was created."""

    pushes: tuple[Push, ...]
    created: datetime

    def head(self, at: datetime) -> tuple[str, datetime] | None:
        """The branch's head at a moment, and since when it had been that; None if there was none."""
        earlier = [push for push in self.pushes if push.when <= at]
        if earlier:
            return (earlier[-1].after, earlier[-1].when) if earlier[-1].after else None
        # What a repository was made with, from a template for instance, was never pushed.
        if self.pushes and self.pushes[0].before and self.created <= at:
            return self.pushes[0].before, self.created
        return None


def read_history(activity: Sequence[dict[str, Any]], created: str) -> History:
    """The history of a repository, from GitHub's list of its activity in any order.

    Raises:
        ValueError, KeyError, TypeError: it is not such a list.
    """
    pushes = [
        Push(moment(entry["timestamp"]), entry["before"].replace(_NOTHING, ""), entry["after"].replace(_NOTHING, ""))
        for entry in reversed(activity)
    ]
    return History(tuple(sorted(pushes, key=lambda push: push.when)), moment(created))


def by_pushes(history: History, deadline: Deadline) -> list[Commit]:
    """The commits that may count: the last on time, and the last that came late and still counts."""
    found = [history.head(moment) for moment in _moments(deadline)]
    return [_commit(*each, deadline) for each in _distinct(found)]


def by_dates(log: Sequence[tuple[str, datetime]], deadline: Deadline) -> list[Commit]:
    """The same by the dates of commits, which prove nothing.

    Args:
        log: commits and their dates, from the head back, along the first parents.
    """
    found = [next((each for each in log if each[1] <= moment), None) for moment in _moments(deadline)]
    return [_commit(*each, deadline, certain=False) for each in _distinct(found)]


def _moments(deadline: Deadline) -> list[datetime]:
    return [moment for moment in (deadline.on_time, deadline.closes) if moment is not None]


def _distinct(found: Sequence[tuple[str, datetime] | None]) -> list[tuple[str, datetime]]:
    """Those that are there, each commit once, with the time it was first found for."""
    commits: dict[str, tuple[str, datetime]] = {}
    for each in found:
        if each is not None:
            commits.setdefault(each[0], each)
    return list(commits.values())


def _commit(sha: str, when: datetime, deadline: Deadline, *, certain: bool = True) -> Commit:
    late = deadline.lateness(when)
    return Commit(sha, when.astimezone(UTC).isoformat(timespec="seconds"), late.days, late.percent, certain)
