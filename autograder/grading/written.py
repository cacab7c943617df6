"""The written answers: find a question's answer in `explanations.md`, and distinguish it from the template."""

from __future__ import annotations

import re

from autograder.course import EXPLANATIONS, SOLUTIONS, STUBS, Question
from autograder.grading.report import Written
from autograder.intake import Submission

MAX_ANSWER = 20_000  # characters


def read_written(submission: Submission, question: Question) -> Written | None:
    """The state of a question's written answer; None if the question has none.

    A blank answer, or the unchanged template, gets 0 at once. Anything else awaits a reader, including what a program
    cannot find or read.
    """
    if not question.written:
        return None
    problem = submission.problems.get(EXPLANATIONS)
    if problem is not None:
        return Written("awaiting", None, question.written, f"{problem} A person has to see what can be read.")
    template = (STUBS / EXPLANATIONS).read_text("utf-8")
    explanations = submission.explanations or ""
    answer = answer_to(question.id, explanations, template)
    if answer:
        return Written("awaiting", None, question.written, _about_table(question.id, answer))
    if _elsewhere(explanations, template):
        lost = f'Nothing is written below "## {question.id.upper()}", but {EXPLANATIONS} holds text in other places'
        return Written("awaiting", None, question.written, f"{lost}: a person has to see whether it is the answer.")
    missing = "no explanations.md was handed in" if submission.explanations is None else "nothing was written"
    return Written("blank", 0, question.written, f"Your written answer to {question.id.upper()} is missing: {missing}.")


def answer_to(question: str, explanations: str, template: str) -> str:
    """The text under a question's heading, without the template's own lines; "" if there is none."""
    return _beyond(section(question, template), section(question, explanations))[:MAX_ANSWER]


def text_to_read(submission: Submission, question: str) -> str:
    """What a person reads as a question's answer: the text under its heading, or else the text outside all headings.

    "" if there is none, or if the file itself cannot be read.
    """
    template = (STUBS / EXPLANATIONS).read_text("utf-8")
    explanations = submission.explanations or ""
    return answer_to(question, explanations, template) or _elsewhere(explanations, template)[:MAX_ANSWER]


def _elsewhere(explanations: str, template: str) -> str:
    """The text that is not under any of the template's headings; "" if there is none."""
    for question in re.findall(r"(?im)^##\s*(q\d+)\b", template):
        explanations = re.sub(_section_pattern(question), "", explanations, count=1)
    return _beyond(template, explanations)


def _beyond(given: str, text: str) -> str:
    """The lines of a text that are not in the given one; "" if they contain no word."""
    known = {_squeezed(line) for line in given.splitlines()}
    lines = "\n".join(line for line in text.splitlines() if _squeezed(line) not in known).strip()
    return lines if re.search(r"\w", lines) else ""


def _about_table(question: str, answer: str) -> str:
    """How many of a table's numbers are right: a program can check that, but gives no points for it."""
    reference = SOLUTIONS / EXPLANATIONS  # absent where anyone could read it
    wanted = _rows(section(question, reference.read_text("utf-8"))) if reference.exists() else {}
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


def section(question: str, text: str) -> str:
    """The text from the question's heading to the next one of its level."""
    found = re.search(_section_pattern(question), text)
    return found[1] if found else ""


def _section_pattern(question: str) -> str:
    return rf"(?ims)^##\s*{re.escape(question)}\b.*?$(.*?)(?=^##\s|\Z)"


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", "", line)
