"""Validation of TOML tables of settings: which values their keys may have, with readable errors for all others."""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

MAX_SHOWN = 60  # characters of a value in a message

REQUIRED = object()
"""Stands for a default: the key is required."""


class Misfit(ValueError):
    """A setting cannot be used. The text is a sentence that names the key, what is wrong and what is allowed."""


@dataclass(frozen=True)
class Key:
    """A key of a table, and its allowed values.

    Attributes:
        allowed: the allowed values, in words that follow "must be".
        fits: whether a value is allowed.
        default: the value if the key is absent; `REQUIRED` if it must not be.
    """

    allowed: str
    fits: Callable[[Any], bool]
    default: Any = REQUIRED


def whole(least: int, most: int, default: Any = REQUIRED) -> Key:
    """A whole number from `least` to `most`."""
    return Key(
        f"a whole number from {least} to {most:,}",
        lambda value: type(value) is int and least <= value <= most,
        default,
    )


def number(least: float, most: float, default: Any = REQUIRED) -> Key:
    """A number from `least` to `most`."""
    return Key(
        f"a number from {least:g} to {most:,}",
        lambda value: type(value) in (int, float) and math.isfinite(value) and least <= value <= most,
        default,
    )


def text(default: Any = REQUIRED, *, empty: bool = False) -> Key:
    """One line of text."""
    return Key(
        'one line of text in quotation marks, or ""' if empty else "one line of text in quotation marks",
        lambda value: type(value) is str and value.isprintable() and bool(value.strip() or empty),
        default,
    )


def boolean(default: Any = REQUIRED) -> Key:
    """True or false."""
    return Key("true or false, without quotation marks", lambda value: type(value) is bool, default)


def table(name: str) -> Key:
    """A table, empty if absent."""
    return Key(f"a table that begins with a line [{name}]", lambda value: type(value) is dict, {})


def many(name: str) -> Key:
    """An array of tables, at least one."""
    return Key(
        f"tables that begin with a line [[{name}]] each, at least one",
        lambda value: type(value) is list and bool(value) and all(type(entry) is dict for entry in value),
    )


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        Misfit: it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Misfit(f"it cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError too
        raise Misfit(f"it cannot be read: it is not TOML in UTF-8: {error}") from None


def checked(given: Mapping[str, Any], keys: Mapping[str, Key], where: str = "") -> dict[str, Any]:
    """A table's values by key, with defaults filled in.

    Args:
        given: the table.
        keys: the keys it may have.
        where: the table's name, as in "[late]"; "" for the top level of the file.

    Raises:
        Misfit: a key is unknown, is missing or has an invalid value.
    """
    place = f"{where}: " if where else ""
    for name, value in given.items():
        if name not in keys:
            raise Misfit(f"{place}there is no setting called {shown_name(name)}{nearest(name, keys)}")
        if not keys[name].fits(value):
            raise Misfit(f"{place}{name} = {shown(value)} must be {keys[name].allowed}")
    for name, key in keys.items():
        if name not in given and key.default is REQUIRED:
            raise Misfit(f"{place}{name} is missing: it must be {key.allowed}")
    return {name: given.get(name, key.default) for name, key in keys.items()}


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known name, and the list of all."""
    known = list(known)
    likely = difflib.get_close_matches(name, known, 1)
    return (f"; did you mean {likely[0]}? There are " if likely else "; there are ") + ", ".join(known)


def unlike(values: Collection[str], what: str) -> None:
    """Check that no two values are equal, ignoring case.

    Raises:
        Misfit: two are equal.
    """
    seen: set[str] = set()
    for value in values:
        if value.casefold() in seen:
            raise Misfit(f"{what} {shown(value)} is there twice; each question needs its own")
        seen.add(value.casefold())


def shown(value: object) -> str:
    """A value roughly as the file has it, truncated if it is long."""
    moment = isinstance(value, date | time)
    written = str(value) if moment else json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= MAX_SHOWN else f"{written[:MAX_SHOWN]}…"


def shown_name(name: str) -> str:
    """A key as TOML writes it, quoted if necessary."""
    return name if name.replace("-", "_").isidentifier() else shown(name)
