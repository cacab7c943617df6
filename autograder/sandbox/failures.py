"""What can go wrong with a student's code in the sandbox, as sentences for the student and for staff.

`summary` may be shown for a hidden test: it holds nothing that the student's code wrote while the test ran.
`detail` may hold the hidden inputs, since the code saw them: it is for public tests and for staff.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from autograder.course.limits import Limits
from autograder.text import inert
from tests.rule import OWN_WORK, RULE


class SubmissionFailure(Exception):
    """The submission failed in some way other than by wrong values.

    Attributes:
        summary: one sentence for the student.
        detail: the exception's text and the traceback.
        status: the test's status in the report, "failed" or "timeout".
        is_own: whether the student's code itself failed, in this very call.
        kind, place: the type of the student's exception and the line that raised it, "" if unknown. They are only
            compared with those of other calls, never shown.
    """

    status: Literal["failed", "timeout"] = "failed"
    is_own = False
    kind = ""
    place = ""

    def __init__(self, summary: str, detail: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail or summary


class TimedOut(SubmissionFailure):
    """A call was stopped because it took too long."""

    status: Literal["failed", "timeout"] = "timeout"


class Unusable(SubmissionFailure):
    """Nothing in this question can be tried: the module does not import, or too much time was lost already."""


MAX_LINE = 200  # characters of a line from a worker
MAX_TEXT = 2_000  # of an exception's text
MAX_FRAMES = 20  # of a traceback, the last ones


def one_line(text: str, length: int = MAX_LINE) -> str:
    """Text from a worker as one line, without control characters that a terminal would obey."""
    return inert.one_line(text, length)


@dataclass(frozen=True)
class Frame:
    """One line of a student's traceback; `place` is its location, as the student knows it."""

    file: str
    line: int
    function: str
    source: str
    place: str

    def __str__(self) -> str:
        where = self.place + (f", in {self.function}" if self.function else "")
        return f"{where}: {self.source}" if self.source else where


# The exceptions that Python and torch raise when a resource limit is exceeded.
_AT_A_LIMIT = (
    ("MemoryError", "", "{memory_mb:,} MB may be allocated"),
    ("RuntimeError", "can't allocate memory", "{memory_mb:,} MB may be allocated"),
    ("OSError", "Cannot allocate memory", "{memory_mb:,} MB may be allocated"),
    ("RuntimeError", "can't start new thread", "{threads} threads may run, in {memory_mb:,} MB"),
    ("OSError", "Too many open files", "{open_files} files may be open at once"),
    ("OSError", "File too large", "a file may have {file_mb} MB"),
)


def limit_met(type_name: str, text: str, limits: Limits) -> str:
    """The limit that an exception refers to, with its figure; "" if none. Only a hint: a worker can say anything."""
    for name, words, hint in _AT_A_LIMIT:
        if type_name == name and words in text:
            return hint.format_map(vars(limits))
    return ""


def raised(
    call: str, type_name: str, text: str, frames: Sequence[Frame], hint: str = "", beside: str = ""
) -> SubmissionFailure:
    """The student's function ended with an exception.

    Args:
        call, type_name, text, frames: the call, the exception's type and text, and its traceback.
        hint: from `limit_met`.
        beside: a sentence about files the student may have meant instead, for a function that is still a TODO.
    """
    if type_name == "NotImplementedError" and frames:
        return SubmissionFailure(f"{call} is still a TODO: {frames[-1].place}. {beside}".strip())
    where = f" at {frames[-1]}" if frames else " before any line of your code ran: look at its signature"
    # An exception type that the student named could reveal what the code saw.
    known = type_name if isinstance(getattr(builtins, type_name, None), type) else "an exception"
    limit = f" ({hint})" if hint else ""
    summary = f"{call} raised {known}{limit}{where}"
    lines = [*(f"  {frame}" for frame in frames), f"{type_name}: {text}" if text else type_name]
    failure = SubmissionFailure(
        summary, f"{call} raised {type_name}{limit}{'' if frames else where}.\n" + "\n".join(lines)
    )
    failure.is_own = True
    failure.kind, failure.place = type_name, frames[-1].place if frames else ""
    return failure


def cannot_import(
    module: str,
    file: str,
    type_name: str,
    text: str,
    frames: Sequence[Frame],
    hint: str = "",
    left_out: Sequence[str] = (),
    newer: str = "",
    beside: str = "",
) -> Unusable:
    """The student's module cannot be imported. Importing sees no hidden input, so all of it may be shown.

    Args:
        module, file: the names of the module and of the file that was handed in for it.
        type_name, text, frames: of the exception.
        hint: which limit it met, if it did.
        left_out: names of files that were handed in and are not graded; the module may miss one of them.
        newer: a sentence about the Python that it needs, if a newer one.
        beside: a sentence about files the student may have meant instead, for a module that is missing.
    """
    where = f" at {frames[-1]}" if frames else ""
    if type_name == "ModuleNotFoundError" and not frames and module in text:
        return Unusable(f"{file} was not handed in. {beside}".strip())
    limit = f" ({hint})" if hint else ""
    summary = f"{file} cannot be imported: {type_name}{limit}{where}: {one_line(text)}"
    missed = _missed(text, left_out)
    if missed:
        summary += (
            f". {missed} was left out: only the assignment's own modules are graded. "
            f"Put what you need from {missed} into {file} itself."
        )
    return Unusable(f"{summary}. {newer}" if newer else summary)


def _missed(text: str, left_out: Sequence[str]) -> str:
    """The file, among those left out, that an import did not find; "" if that is not why it failed."""
    wanted = re.match(r"No module named '(?:assignment\.)?(\w+)|cannot import name '(\w+)' from 'assignment'", text)
    if wanted is None:
        return ""
    name = wanted[1] or wanted[2]
    return next((file for file in left_out if PurePosixPath(file).name in (name, f"{name}.py", f"{name}.ipynb")), "")


def used_kernels(call: str, kernels: Sequence[str]) -> SubmissionFailure:
    """A question that asks for an operation was answered with the library's own.

    Which ones, and in which order, could reveal what the code saw: for a hidden test the student sees only the first.
    """
    first = f"{kernels[0]} among others" if len(kernels) > 1 else kernels[0]
    return SubmissionFailure(
        f"{call} used torch's own operation ({first}). {OWN_WORK}",
        f"{call} used torch's own operation ({', '.join(kernels)}). {OWN_WORK}",
    )


def used_package(call: str, package: str, known: str) -> SubmissionFailure:
    """A question that asks for an operation was answered with another package.

    Args:
        call, package: the call, and the package it used.
        known: what the student may see instead of the package's name, which could reveal what the code saw.
    """
    return SubmissionFailure(f"{call} used {known}. {RULE}", f"{call} used {package}. {RULE}")


def disabled_guard(call: str) -> SubmissionFailure:
    """It can no longer be seen whether torch's own operation was used."""
    return SubmissionFailure(
        f"{call} could not be watched: something that your code does keeps uses of torch's own operation from "
        f"being noticed. {OWN_WORK}"
    )
