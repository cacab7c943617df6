"""One clock for all that is written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from autograder import course
from autograder.files.clock import now


def test_the_time_is_of_this_moment_in_utc_and_later_is_greater() -> None:
    before = datetime.now(UTC)
    earlier, later = now("microseconds"), now("microseconds")
    assert earlier <= later
    assert before <= datetime.fromisoformat(earlier) <= datetime.now(UTC)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", earlier)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now())
    assert datetime.now(UTC) - datetime.fromisoformat(now()) < timedelta(seconds=30)


def test_nothing_else_asks_for_the_time() -> None:
    package = course.ROOT / "autograder"
    asking = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "datetime.now(" in path.read_text("utf-8") and not path.is_relative_to(package / "tests")
    }
    assert asking == {"files/clock.py"}
