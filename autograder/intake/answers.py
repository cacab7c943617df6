"""The written answers in notebooks, as the text of an `explanations.md`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from autograder.intake.notebook import WRITTEN, nbgrader_of, why_unreadable
from autograder.intake.source import Unreadable

MAX_ANSWER_BYTES = 1 << 17  # of one notebook; a long answer takes 4 kB

TURNED = "has become a code cell; its text is taken as the written answer."  # a cell

_STUB_OF_NBGRADER = "YOUR ANSWER HERE"


def written_answer(contents: bytes, question: str) -> str | None:
    """A notebook's answer to its written question; None if it has no place for one.

    That place is known by nbgrader's id, whatever the cell's type is now, or by the question's heading if a tool
    dropped the id. Markdown cells that follow belong to it too, since students like to add one.

    Args:
        contents: the notebook's bytes.
        question: its id, "q1".

    Raises:
        Unreadable: it is not a notebook, or its answer is too long.
    """
    heading = re.compile(rf"(?im)^##\s*{re.escape(question)}\b.*$")
    parts: list[str] = []
    for cell in _text_cells(contents, question):
        if parts or cell.is_the_place or heading.search(cell.text):
            parts.append(heading.sub("", cell.text))
    answer = "\n\n".join(parts)
    size = len(answer.encode(errors="replace"))
    if size > MAX_ANSWER_BYTES:
        raise Unreadable(f"has {size:,} bytes of written answers; {MAX_ANSWER_BYTES:,} are allowed")
    return answer if parts else None


def turned_into_code(contents: bytes, question: str, file: str) -> list[str]:
    """Sentences about cells for the written answer that have become code cells.

    Args:
        contents: the notebook's bytes.
        question: the question's id, "q1".
        file: the notebook's name.

    Raises:
        Unreadable: it is not a notebook.
    """
    return [
        f"{file}, cell {cell.number} ({question}{WRITTEN}) {TURNED}"
        for cell in _text_cells(contents, question)
        if cell.is_the_place and cell.is_code
    ]


def as_explanations(answers: Mapping[str, str]) -> str:
    """All answers, by question, as one text; each under its heading, and with inner headings moved below its level."""
    return "\n".join(f"## {question.upper()}\n\n{_below_a_heading(text)}\n" for question, text in answers.items())


def _below_a_heading(text: str) -> str:
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(re.sub(r"^##?(?!#)", "###", line) for line in lines if line.strip() != _STUB_OF_NBGRADER)


@dataclass(frozen=True)
class _Text:
    """A text cell; `number` is its place among all cells."""

    number: int
    text: str
    is_the_place: bool
    is_code: bool


def _text_cells(contents: bytes, question: str) -> list[_Text]:
    """The Markdown cells, and the one for the written answer, whatever its type is now."""
    try:
        cells = json.loads(contents, object_hook=partial(_only_text, f"{question}{WRITTEN}"))["cells"]
        return [
            _text(number, cell, question)
            for number, cell in enumerate(cells, start=1)
            if isinstance(cell, dict)
            and (cell.get("cell_type") == "markdown" or nbgrader_of(cell).get("grade_id") == f"{question}{WRITTEN}")
        ]
    except (LookupError, TypeError, ValueError, RecursionError):
        raise Unreadable(why_unreadable(contents)) from None


def _text(number: int, cell: dict[str, Any], question: str) -> _Text:
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    place = nbgrader_of(cell).get("grade_id") == f"{question}{WRITTEN}"
    return _Text(number, text.encode(errors="replace").decode(), place, cell.get("cell_type") == "code")


def _only_text(place: str, found: dict[str, Any]) -> dict[str, Any]:
    """Part of a notebook without large content that is not a written answer; called as soon as the part is parsed."""
    for key in ("outputs", "attachments", "widgets"):
        found.pop(key, None)
    if found.get("cell_type") in ("code", "raw") and nbgrader_of(found).get("grade_id") != place:
        found.pop("source", None)
    return found
