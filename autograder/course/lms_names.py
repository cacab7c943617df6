"""What learning-management systems call the submissions that a teacher downloads in one go. Students choose the ends.

Each function says None of a name that is none of the system's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<participant>\d+)_assignsubmission_(?=.)[^_]*_?(?P<file>.*)", re.DOTALL)
_TYPED = re.compile(r"_assignsubmission_onlinetext_?$")
_CANVAS = re.compile(
    r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<number>\d+)_(?!assignsubmission_)(?P<file>.+)", re.DOTALL
)
_BLACKBOARD = re.compile(
    r"(?P<assignment>.+?)_(?P<user>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
)
_AGAIN = re.compile(r"(?P<stem>.+)-(?P<attempt>\d{1,3})(?P<end>\.[^.]+)", re.DOTALL)


@dataclass(frozen=True)
class LooseFile:
    """A student's file beside everybody else's.

    Attributes:
        owner: the same for all files of the student, and nobody else's.
        name: what the student called it.
        number: of two, the later one has the greater number.
    """

    owner: str
    name: str
    number: int = 0


def loose_file(label: str) -> LooseFile | None:
    """Whose "curiemarie_4711_98765_q2_relu.py" is, and what it was: Canvas's, Blackboard's, Moodle's loose files."""
    if moodle := _moodles(label):
        return LooseFile(f"{moodle['name']}_{moodle['participant']}_assignsubmission_file", moodle["file"] or label)
    if canvas := _CANVAS.fullmatch(label):
        return LooseFile(f"{canvas['name']}_{canvas['user']}", canvas["file"], int(canvas["number"]))
    if blackboard := _BLACKBOARD.fullmatch(label):
        owner, when = f"{blackboard['assignment']}_{blackboard['user']}", int(blackboard["when"].replace("-", ""))
        return LooseFile(owner, blackboard["file"] or label, when)
    return None


def typist(label: str) -> str | None:
    """Whose folder it is, as `LooseFile.owner` says it, if it is Moodle's for what a student typed into a field."""
    whose = loose_file(label) if _TYPED.search(label) else None
    return whose.owner if whose is not None else None


def first_try(name: str) -> tuple[str, int]:
    """What Canvas calls "q2_relu-1.py", the second file of that name that a student hands in: the name, and which."""
    found = _AGAIN.fullmatch(name)
    return (f"{found['stem']}{found['end']}", int(found["attempt"])) if found else (name, 0)


def moodle_name(label: str) -> str | None:
    """The student's name in "Marie Curie_12_assignsubmission_file"."""
    return _part(_moodles(label), "name")


def moodle_participant(label: str) -> str | None:
    """The number there, which grading worksheets call "Participant 12"."""
    return _part(_moodles(label), "participant")


def canvas_user(label: str) -> str | None:
    """Canvas's number of the student, 4711 in "curiemarie_LATE_4711_98765_work.zip"."""
    return _part(_CANVAS.fullmatch(label), "user")


def canvas_name(label: str) -> str | None:
    """The student's name there, squeezed: "curiemarie"."""
    return _part(_CANVAS.fullmatch(label), "name")


def canvas_late(label: str) -> bool:
    """Whether Canvas calls it late."""
    return bool(_part(_CANVAS.fullmatch(label), "late"))


def blackboard_user(label: str) -> str | None:
    """The account in "CNN Lab_mcurie_attempt_2026-11-28-12-00-00_q2_relu.py"."""
    return None if _CANVAS.fullmatch(label) or _moodles(label) else _part(_BLACKBOARD.fullmatch(label), "user")


def _moodles(label: str) -> re.Match[str] | None:
    """What Moodle put into a name. One that begins as Canvas's do is Canvas's, however its student let it end."""
    return None if _CANVAS.fullmatch(label) else _MOODLE.fullmatch(label)


def _part(found: re.Match[str] | None, part: str) -> str | None:
    return found[part] if found else None
