"""The time, as everything that is written here has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal


def now(timespec: Literal["seconds", "microseconds"] = "seconds") -> str:
    """The time in ISO's form, UTC, with a Z. Of two such texts with the same precision, the later is the greater."""
    return datetime.now(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
