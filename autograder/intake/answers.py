"""The written answers that stand in notebooks, as the text that `explanations.md` would have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from autograder.intake.notebook import NO_NOTEBOOK
from autograder.intake.source import Unreadable

MAX_ANSWER_BYTES = 1 << 17  # of one notebook; a long answer has 4 kB
WRITTEN = "-written"  # ends the grade_id of the cell for a written answer

_STUB_OF_NBGRADER = "YOUR ANSWER HERE"


def written_answer(contents: bytes, question: str) -> str | None:
    """What a notebook says below its written question; None if it has no place for it.

    That place is known by nbgrader's id, or by the question's heading where a tool dropped the id. What follows in
    Markdown belongs to it too: students like to add a cell.

    Args:
        contents: the notebook's.
        question: its id, "q1".

    Raises:
        Unreadable: it is no notebook, or says too much.
    """
    heading = re.compile(rf"(?im)^##\s*{re.escape(question)}\b.*$")
    told: list[str] = []
    for text, grade_id in _markdown_cells(contents):
        if told or grade_id == f"{question}{WRITTEN}" or heading.search(text):
            told.append(heading.sub("", text))
    answer = "\n\n".join(told)
    size = len(answer.encode(errors="replace"))
    if size > MAX_ANSWER_BYTES:
        raise Unreadable(f"has {size:,} bytes of written answers; {MAX_ANSWER_BYTES:,} are allowed")
    return answer if told else None


def as_explanations(answers: Mapping[str, str]) -> str:
    """One text of all answers, by question, each below its heading, which no heading within it can end."""
    return "\n".join(f"## {question.upper()}\n\n{_below_a_heading(text)}\n" for question, text in answers.items())


def _below_a_heading(text: str) -> str:
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(re.sub(r"^##?(?!#)", "###", line) for line in lines if line.strip() != _STUB_OF_NBGRADER)


def _markdown_cells(contents: bytes) -> Iterable[tuple[str, str]]:
    """Text and nbgrader's id of each Markdown cell; "" if it has none."""
    try:
        notebook = json.loads(contents, object_hook=_only_markdown)
        cells = notebook["cells"]
        return [_text(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "markdown"]
    except (LookupError, TypeError, ValueError, RecursionError):
        raise Unreadable(NO_NOTEBOOK) from None


def _text(cell: dict[str, Any]) -> tuple[str, str]:
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return text.encode(errors="replace").decode(), grade_id if isinstance(grade_id, str) else ""


def _only_markdown(found: dict[str, Any]) -> dict[str, Any]:
    """Part of a notebook without what is no written answer and may be large; called as soon as the part is read."""
    for key in ("outputs", "attachments", "widgets"):
        found.pop(key, None)
    if found.get("cell_type") in ("code", "raw"):
        found.pop("source", None)
    return found
