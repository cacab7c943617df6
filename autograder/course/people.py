"""Names, accounts and e-mail addresses of people, as they are compared wherever two of them meet.

Only the standard library and `inert` are imported: everything may use this.
"""

from __future__ import annotations

import re
import unicodedata

from autograder.text.inert import one_line


def shown(name: str) -> str:
    """A name for people, on one line: with composed letters, whatever system wrote it down."""
    return one_line(unicodedata.normalize("NFC", name))


def comparable(name: str) -> str:
    """A name as it is compared: two that give the same text are one name.

    Composed and decomposed letters (a folder that macOS made), capitals, and the number and kind of blanks make no
    difference; nor does it whether a text has been made inert before.
    """
    folded = shown(name).casefold()  # which may take composed letters apart
    return " ".join(unicodedata.normalize("NFC", folded).split())


def without_zeros(number: str) -> str:
    """A student number without its leading zeros, which spreadsheets take; "" if the text is not a number."""
    digits = comparable(number)
    return (digits.lstrip("0") or "0") if re.fullmatch(r"[0-9]+", digits) else ""


def squeezed(name: str) -> frozenset[str]:
    """What Canvas may make of a name in a file's name: its words in any of their cyclic orders, without blanks.

    Whether letters other than a to z are kept depends on Canvas's release, so both are in it.
    """
    words = [re.sub(r"[\W_]+", "", word) for word in comparable(name).split()]
    orders = {"".join(words[at:] + words[:at]) for at in range(len(words))}
    return frozenset(orders | {re.sub(r"[^a-z0-9]+", "", order) for order in orders}) - {""}
