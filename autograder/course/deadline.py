"""When an assignment is due, and what lateness costs. Nothing here changes a score: lateness is shown beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class LateRule:
    """A course's rule for late work.

    Attributes:
        grace_minutes: work that is this late is still on time.
        percent_per_day: percentage of the points reached, taken off for each day begun after the due date.
        days: after this many days work no longer counts; with 0, late work does not count at all.
    """

    grace_minutes: float = 0
    percent_per_day: float = 0
    days: int = 0

    def __post_init__(self) -> None:
        if min(self.grace_minutes, self.percent_per_day, self.days) < 0:
            raise ValueError("[late]: grace_minutes, percent_per_day and days must be 0 or more")
        if self.percent_per_day * self.days > 100:
            most = f"percent_per_day = {self.percent_per_day:g} for days = {self.days}"
            raise ValueError(f"[late]: {most} takes more off than there is; together they must not exceed 100 per cent")


@dataclass(frozen=True)
class Lateness:
    """How late work was handed in: `percent` of the points reached are taken off; `counts` says whether it counts."""

    days: int
    percent: float
    counts: bool

    @property
    def sentence(self) -> str:
        """A sentence for the student; "" if it was on time."""
        if not self.days:
            return ""
        late = f"Handed in late, on day {self.days} after the due date"
        if not self.counts:
            return f"{late}: by the course's rule it does not count any more."
        return f"{late}: by the course's rule {self.percent:g} % of the points reached are taken off; not yet here."


@dataclass(frozen=True)
class Deadline:
    """The due date of one student: the assignment's, or that of an extension.

    Attributes:
        due: with its time zone; None if there is no due date.
        late: the rule after that.
    """

    due: datetime | None
    late: LateRule

    @property
    def on_time(self) -> datetime | None:
        """The last moment at which work is on time."""
        return None if self.due is None else self.due + timedelta(minutes=self.late.grace_minutes)

    @property
    def closes(self) -> datetime | None:
        """The last moment at which work counts."""
        if self.due is None or self.on_time is None:
            return None
        return max(self.on_time, self.due + timedelta(days=self.late.days))

    def lateness(self, handed_in: datetime) -> Lateness:
        """What handing in at this moment costs."""
        if self.due is None or self.on_time is None or self.closes is None or handed_in <= self.on_time:
            return Lateness(0, 0, counts=True)
        days = math.ceil((handed_in - self.due) / timedelta(days=1))
        if handed_in > self.closes:
            return Lateness(days, 100, counts=False)
        return Lateness(days, self.late.percent_per_day * days, counts=True)


def moment(text: str) -> datetime:
    """Parse a date with time and zone: "2026-12-18T23:59:00+01:00".

    Raises:
        ValueError: it is invalid; the text says what is missing.
    """
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date and time like 2026-12-18T23:59:00+01:00") from None
    if when.tzinfo is None:
        raise ValueError(f"{text!r} lacks its time zone, +01:00 for instance")
    return when
