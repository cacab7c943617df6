"""Names of files that students chose, for people to read."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.text.inert import visible

MAX_NAME = 200  # characters
MAX_LISTED = 50  # names in a list


def printable(name: str, length: int | None = MAX_NAME) -> str:
    """A name as text in one line: what is no text, or would change how other text is shown, becomes an escape."""
    cut = length is not None and len(name) > length
    return visible(name[:length], keep="") + ("…" if cut else "")


def shortened(names: Iterable[str], *, whole: bool) -> tuple[str, ...]:
    """A list of bounded length; what may have been meant as code comes first.

    Args:
        names: to be listed.
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
    """Whether somebody may expect it to be run."""
    return name.endswith((".py", ".ipynb"))
