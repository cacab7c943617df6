"""File names chosen by students, made safe to show to people."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.text.inert import visible

MAX_NAME = 200  # characters
MAX_LISTED = 50  # names in a list


def printable(name: str, length: int | None = MAX_NAME) -> str:
    """A name as one line of text: what is not text, or would change how other text is shown, is escaped."""
    cut = length is not None and len(name) > length
    return visible(name[:length], keep="") + ("…" if cut else "")


def shortened(names: Iterable[str], *, whole: bool) -> tuple[str, ...]:
    """A list of limited length, with names that may be code first.

    Args:
        names: the names to list.
        whole: whether these are all there are.
    """
    listed = sorted(names, key=lambda name: (not is_code(name), name))
    more = len(listed) - MAX_LISTED
    shown = [printable(name) for name in listed[:MAX_LISTED]]
    if not whole:
        shown.append(f"… and more than {max(more, 0):,} more")
    elif more > 0:
        shown.append(f"… and {more:,} more")
    return tuple(shown)


def is_code(name: str) -> bool:
    """Whether somebody may expect the file to be run."""
    return name.endswith((".py", ".ipynb"))
