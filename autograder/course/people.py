"""Names, accounts and e-mail addresses of people, and how they are compared everywhere.

Only the standard library and `inert` are imported: everything may use this.
"""

from __future__ import annotations

import re
import unicodedata

from autograder.text.inert import one_line


def shown(name: str) -> str:
    """A name for display, on one line and with composed letters, whichever system it came from."""
    return one_line(unicodedata.normalize("NFC", name))


def comparable(name: str) -> str:
    """A name in the form in which names are compared: two names with the same form are the same.

    Composed or decomposed letters (as in folders from macOS), capitals, the number and kind of spaces, and whether the
    text was made inert before make no difference.
    """
    folded = shown(name).casefold()  # may decompose letters
    return " ".join(unicodedata.normalize("NFC", folded).split())


def without_zeros(number: str) -> str:
    """A student number without its leading zeros, which spreadsheets drop; "" if the text is not a number."""
    digits = comparable(number)
    return (digits.lstrip("0") or "0") if re.fullmatch(r"[0-9]+", digits) else ""


def squeezed(name: str) -> frozenset[str]:
    """The forms a name may have in Canvas's file names: its words in any cyclic order, without spaces.

    Whether letters other than a to z are kept depends on Canvas's release, so both forms are included.
    """
    words = [re.sub(r"[\W_]+", "", word) for word in comparable(name).split()]
    orders = {"".join(words[at:] + words[:at]) for at in range(len(words))}
    return frozenset(orders | {re.sub(r"[^a-z0-9]+", "", order) for order in orders}) - {""}
