"""File names in bulk downloads of learning-management systems. Students choose how the names end.

Each function returns None for a name that is not of the system's form.
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
    """A student's file in one folder with everybody else's.

    Attributes:
        owner: the same for all files of a student, and different for any other student.
        name: the student's name for the file.
        number: of two files, the later one has the greater number.
    """

    owner: str
    name: str
    number: int = 0


def loose_file(label: str) -> LooseFile | None:
    """The owner and original name of a file like "curiemarie_4711_98765_q2_relu.py": Canvas, Blackboard, Moodle."""
    if moodle := _moodles(label):
        return LooseFile(f"{moodle['name']}_{moodle['participant']}_assignsubmission_file", moodle["file"] or label)
    if canvas := _CANVAS.fullmatch(label):
        return LooseFile(f"{canvas['name']}_{canvas['user']}", canvas["file"], int(canvas["number"]))
    if blackboard := _BLACKBOARD.fullmatch(label):
        owner, when = f"{blackboard['assignment']}_{blackboard['user']}", int(blackboard["when"].replace("-", ""))
        return LooseFile(owner, blackboard["file"] or label, when)
    return None


def typist(label: str) -> str | None:
    """The owner, as in `LooseFile.owner`, of Moodle's folder for what a student typed into a text field."""
    whose = loose_file(label) if _TYPED.search(label) else None
    return whose.owner if whose is not None else None


def first_try(name: str) -> tuple[str, int]:
    """The original name and number of a file that Canvas renamed: "q2_relu-1.py" is the second "q2_relu.py"."""
    found = _AGAIN.fullmatch(name)
    return (f"{found['stem']}{found['end']}", int(found["attempt"])) if found else (name, 0)


def moodle_name(label: str) -> str | None:
    """The student's name in "Marie Curie_12_assignsubmission_file"."""
    return _part(_moodles(label), "name")


def moodle_participant(label: str) -> str | None:
    """The number in such a name, "Participant 12" in grading worksheets."""
    return _part(_moodles(label), "participant")


def canvas_user(label: str) -> str | None:
    """Canvas's number for the student, 4711 in "curiemarie_LATE_4711_98765_work.zip"."""
    return _part(_CANVAS.fullmatch(label), "user")


def canvas_name(label: str) -> str | None:
    """The student's name in such a file name, without spaces: "curiemarie"."""
    return _part(_CANVAS.fullmatch(label), "name")


def canvas_late(label: str) -> bool:
    """Whether Canvas marks it as late."""
    return bool(_part(_CANVAS.fullmatch(label), "late"))


def blackboard_user(label: str) -> str | None:
    """The account in "CNN Lab_mcurie_attempt_2026-11-28-12-00-00_q2_relu.py"."""
    return None if _CANVAS.fullmatch(label) or _moodles(label) else _part(_BLACKBOARD.fullmatch(label), "user")


def _moodles(label: str) -> re.Match[str] | None:
    """The parts of Moodle's form of a name. A name that begins like Canvas's is Canvas's, however it ends."""
    return None if _CANVAS.fullmatch(label) else _MOODLE.fullmatch(label)


def _part(found: re.Match[str] | None, part: str) -> str | None:
    return found[part] if found else None
