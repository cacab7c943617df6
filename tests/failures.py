"""What a failed check raises: what is wrong, in lines that can be checked by hand, and the values it compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

UNKNOWN: Any = object()
"""Stands for a value that a check does not know."""


class Compared(NamedTuple):
    """What a check compared: the call, the right value, and the actual one. `UNKNOWN` stands for one it did not reach.

    `place` is the position of the argument that was checked after the call; None if the result was.
    """

    arguments: Sequence[Any]
    named: dict[str, Any]
    expected: Any = UNKNOWN
    got: Any = UNKNOWN
    place: int | None = None


class CheckFailed(AssertionError):
    """An answer is wrong.

    Attributes:
        summary: a sentence that says what is wrong, without any of the test's numbers.
        lines: all details, as (label, text).
        likely: a sentence that names the probable mistake, if known.
        compared: the values that were compared, if any.
    """

    def __init__(
        self,
        summary: str,
        lines: Sequence[tuple[str, str]],
        likely: str | None = None,
        compared: Compared | None = None,
    ) -> None:
        self.summary = summary
        self.compared = compared
        self.lines = [*lines, *([("likely", likely)] if likely else [])]
        self.likely = likely
        super().__init__(self.detail)

    @property
    def detail(self) -> str:
        return "\n".join(f"  {label:<7} {text}".rstrip() for label, text in self.lines)
