"""Notify the students: a status and a comment on the commit that counts.

A comment on a commit needs neither a pull request nor an issue, and fewer rights than any other way to leave a text:
anyone who may read a repository may comment. Changing a comment needs more rights; a token that lacks them writes a
second one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.places.github import folders, github
from autograder.places.github.folders import RepositoryResult
from autograder.places.github.plan import PlannedStudent
from autograder.text.inert import for_actions_log

MAX_DESCRIPTION = 140  # characters that GitHub takes in a status
_MARK = "<!-- cnn-autograder"


def publish_all(entries: Sequence[PlannedStudent], work: Path) -> int:
    """Publish for each student of whom there is a commit. Returns the exit status: 1 if it failed with somebody."""
    github.require_token()
    mine = _who_we_are()
    failed = False
    for entry in entries:
        results = work / folders.RESULTS / entry.key
        outcome = folders.read_outcome(results)
        if outcome is None or not outcome.commit:
            continue
        try:
            done = _publish(outcome, (results / "feedback.md").read_text("utf-8"), mine)
        except github.Refused as refused:
            failed = True
            done = f"could not be notified in {outcome.repository}: {refused}"
        print(for_actions_log(f"{entry.student.student}: {done}"), flush=True)
    return int(failed)


def description(outcome: RepositoryResult) -> str:
    """The status' text: what a student sees beside the commit."""
    if outcome.score is None:
        return "Nothing in this commit could be graded"
    late = f", {outcome.percent:g} % off for lateness" if outcome.percent else ""
    return f"{outcome.points}{late}"[:MAX_DESCRIPTION]


def _publish(outcome: RepositoryResult, text: str, mine: str | None) -> str:
    """Set the status and write the comment. Returns what was done, for the log."""
    at = f"repos/{outcome.repository}"
    digest = hashlib.sha256(f"{description(outcome)}\n{text}".encode()).hexdigest()
    body = f"{_MARK} {digest[:32]} -->\n{text}"
    ours = [
        comment
        for comment in github.pages(f"{at}/commits/{outcome.commit}/comments?per_page=100")
        if str(comment.get("body", "")).startswith(_MARK) and _is_ours(comment.get("user"), mine)
    ]
    if any(comment["body"].startswith(f"{_MARK} {digest[:32]} -->") for comment in ours):
        return "already notified"
    state = "failure" if outcome.score is None else "success"
    status = {"state": state, "context": "autograder", "description": description(outcome)}
    github.send("POST", f"{at}/statuses/{outcome.commit}", status)
    if ours and _changed(f"{at}/comments/{int(ours[-1]['id'])}", body):
        return "notified again, in the existing comment"
    github.send("POST", f"{at}/commits/{outcome.commit}/comments", {"body": body})
    return "notified"


def _changed(comment: str, body: str) -> bool:
    """Change a comment; False if the token may not."""
    try:
        github.send("PATCH", comment, {"body": body})
    except github.Refused as refused:
        if refused.status in (403, 404):
            return False
        raise
    return True


def _who_we_are() -> str | None:
    """The account whose token this is; None for an app's, which cannot ask."""
    try:
        return str(github.get("user")["login"])
    except (github.Refused, KeyError, TypeError):
        return None


def _is_ours(author: Any, mine: str | None) -> bool:
    """Whether a comment is our own: a student can write the mark, too."""
    if not isinstance(author, dict):
        return False
    return author.get("login") == mine if mine is not None else author.get("type") == "Bot"
