"""The versions of Python and torch that graded a submission, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VERSION = re.compile(r"[\w.+]{1,40}")  # anything else is not a version, and is kept out of pages and terminals


def graded_with(environment: Mapping[str, str | None]) -> str:
    """A sentence for everybody; "" if the report does not have the versions.

    Args:
        environment: the report's.
    """
    named = versions_in_words(environment)
    return f"Graded with {named}." if named else ""


def versions_in_words(environment: Mapping[str, str | None]) -> str:
    """Only the versions: "Python 3.12.3 and torch 2.9.1"; "" if the report does not have them."""
    python, torch = _version(environment, "python"), _version(environment, "torch")
    return f"Python {python} and torch {torch}" if python and torch else ""


def other_python(environment: Mapping[str, str | None]) -> str:
    """A remark for staff if the Python that graded is not the course's; "" if it is, or if that is unknown."""
    python, expected = _version(environment, "python"), _version(environment, "course_python")
    if not python or not expected or f"{python}.".startswith(f"{expected}."):
        return ""
    return (
        f"Graded with Python {python}, while assignment.toml says that the course grades with {expected}: "
        "answers that only one of them understands fare otherwise with the other."
    )


def _version(environment: Mapping[str, str | None], name: str) -> str:
    given = environment.get(name) or ""
    return given if _VERSION.fullmatch(given) else ""
