"""With which Python and torch a submission was graded, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VERSION = re.compile(r"[\w.+]{1,40}")  # anything else is no version, and stays out of pages and terminals


def graded_with(environment: Mapping[str, str | None]) -> str:
    """A sentence for everybody; "" if the report does not say it.

    Args:
        environment: of a report.
    """
    named = versions_in_words(environment)
    return f"Graded with {named}." if named else ""


def versions_in_words(environment: Mapping[str, str | None]) -> str:
    """As `graded_with`, the versions alone: "Python 3.12.3 and torch 2.9.1"."""
    python, torch = _version(environment, "python"), _version(environment, "torch")
    return f"Python {python} and torch {torch}" if python and torch else ""


def other_python(environment: Mapping[str, str | None]) -> str:
    """A remark for staff if the Python that graded is not the course's; "" if it is, or if that is not known."""
    python, wanted = _version(environment, "python"), _version(environment, "course_python")
    if not python or not wanted or f"{python}.".startswith(f"{wanted}."):
        return ""
    return (
        f"Graded with Python {python}, while assignment.toml says that the course grades with {wanted}: "
        "answers that only one of them understands fare otherwise with the other."
    )


def _version(environment: Mapping[str, str | None], name: str) -> str:
    given = environment.get(name) or ""
    return given if _VERSION.fullmatch(given) else ""
