"""The written answers: find a question's answer in `explanations.md`, and tell one from the template."""

from __future__ import annotations

import re

from autograder.course import EXPLANATIONS, SOLUTIONS, STUBS, Question
from autograder.intake import Submission
from autograder.report import Written

MAX_ANSWER = 20_000  # characters


def read_written(submission: Submission, question: Question) -> Written | None:
    """The state of a question's written answer; None if the question has none.

    A blank answer, or the template as it was handed out, is 0 at once. Anything else awaits a reader.
    """
    if not question.written:
        return None
    template = (STUBS / EXPLANATIONS).read_text("utf-8")
    answer = answer_to(question.id, submission.explanations or "", template)
    if answer:
        return Written("awaiting", None, question.written, _told_of_table(question.id, answer))
    missing = "no explanations.md was handed in" if submission.explanations is None else "nothing was written"
    return Written("blank", 0, question.written, f"Your written answer to {question.id.upper()} is missing: {missing}.")


def answer_to(question: str, explanations: str, template: str) -> str:
    """What was written under a question's heading, without the template's own lines; "" if nothing was."""
    given = {_squeezed(line) for line in _section(question, template).splitlines()}
    lines = [line for line in _section(question, explanations).splitlines() if _squeezed(line) not in given]
    answer = "\n".join(lines).strip()[:MAX_ANSWER]
    return answer if re.search(r"\w", answer) else ""


def _told_of_table(question: str, answer: str) -> str:
    """How many of a table's numbers are right: a program can tell, and gives no points for it."""
    wanted = _rows(_section(question, (SOLUTIONS / EXPLANATIONS).read_text("utf-8")))
    if not wanted:
        return ""
    given = _rows(answer)
    right = sum(a == b for label, row in wanted.items() for a, b in zip(given.get(label, []), row, strict=False))
    total = sum(len(row) for row in wanted.values())
    return f"Of the table's {total} numbers {right} are right (checked by program; a person gives the points)."


def _rows(text: str) -> dict[str, list[str]]:
    """The rows of Markdown tables whose first cell begins with a number: by that cell, the others' last numbers."""
    rows = {}
    for line in text.splitlines():
        label, *cells = line.strip().strip("|").split("|")
        numbers = [re.findall(r"\d+", cell)[-1:] for cell in cells]
        if line.strip().startswith("|") and re.match(r"\s*\d", label) and any(numbers):
            rows[_squeezed(label)] = [found[0] if found else "" for found in numbers]
    return rows


def _section(question: str, text: str) -> str:
    """From the question's heading to the next one of its rank."""
    heading = rf"^##\s*{re.escape(question)}\b.*?$"
    found = re.search(rf"(?ims){heading}(.*?)(?=^##\s|\Z)", text)
    return found[1] if found else ""


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", "", line)
