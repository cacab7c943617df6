"""What learning-management systems call the submissions that a teacher downloads in one go. Students choose the ends.

Each function says None of a name that is none of the system's.
"""

from __future__ import annotations

import re

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<participant>\d+)_assignsubmission_.+", re.DOTALL)
_CANVAS = re.compile(r"[^_]+(?:_LATE)?_(?P<user>\d+)_\d+_.+", re.DOTALL)


def moodle_name(label: str) -> str | None:
    """The student's name in "Marie Curie_12_assignsubmission_file"."""
    return _part(_MOODLE, "name", label)


def moodle_participant(label: str) -> str | None:
    """The number there, which grading worksheets call "Participant 12"."""
    return _part(_MOODLE, "participant", label)


def canvas_user(label: str) -> str | None:
    """Canvas's number of the student, 4711 in "curiemarie_LATE_4711_98765_work.zip"."""
    return _part(_CANVAS, "user", label)


def _part(pattern: re.Pattern[str], part: str, label: str) -> str | None:
    found = pattern.fullmatch(label)
    return found[part] if found else None
