"""Feedback for a student in GitHub's Markdown: for a job's summary, a comment, the text of a release."""

from __future__ import annotations

from typing import Any

from autograder.render.versions import graded_with
from autograder.text.inert import code_block, for_markdown, one_line

MAX_LENGTH = 60_000  # characters; GitHub takes 65,536 in a comment
MAX_LINE = 2_000
_MARKS = {"passed": "✅", "failed": "❌", "timeout": "⏱️", "error": "⚠️"}


def feedback(student: dict[str, Any], *, heading: str, remarks: tuple[str, ...] = ()) -> str:
    """The points for each question, then what went wrong in each.

    Args:
        student: the view of a report that `report.for_student` gives.
        heading: the heading.
        remarks: sentences of ours below the points; any student's text in them must already be inert.
    """
    pending = f", {student['pending']} more await a reader" if student["pending"] else ""
    lines = [
        f"## {heading}",
        "",
        f"**{student['score']} of {student['max_score']} points**{pending}",
        "",
        "| question | points | tests passed |",
        "| --- | ---: | ---: |",
    ]
    for question in student["questions"]:
        passed = sum(test["status"] == "passed" for test in question["tests"])
        points = f"{question['score']} of {question['max_score']}"
        waiting = f" (+ {question['pending']} to be read)" if question["pending"] else ""
        lines.append(f"| {_title(question)} | {points}{waiting} | {passed} of {len(question['tests'])} |")
    text = "\n".join([*lines, "", *(f"{remark}\n" for remark in remarks)])
    for question in student["questions"]:
        details = _question(question)
        if len(text) + len(details) > MAX_LENGTH:
            return f"{text}\nMore was found than fits here; the report has all of it.\n"
        text += details
    text += "".join(f"\n{for_markdown(one_line(note, MAX_LINE))}\n" for note in student["notes"])
    if student["left_out"]:
        names = ", ".join(student["left_out"])
        text += f"\nLeft out, not part of the assignment: {for_markdown(one_line(names, MAX_LINE))}\n"
    versions = graded_with(student["environment"])
    return f"{text}\n{versions}\n" if versions else text


def _question(question: dict[str, Any]) -> str:
    """The details of a question, folded; "" if there are none."""
    pieces = []
    for test in question["tests"]:
        if test["status"] != "passed" or test["message"]:
            points = f"{test['score']} of {test['max_score']}" if test["max_score"] else "no points"
            name = f"{for_markdown(test['name'])} ({test['visibility']} test, {points})"
            pieces.append(f"\n{_MARKS[test['status']]} {name}")
            pieces.append(code_block(test["message"]) if test["message"] else "\n")
    if question.get("accuracy"):
        accuracy = question["accuracy"]
        reached = f"{accuracy['mean']:.1f} % after a short run; {accuracy['threshold']:.1f} % are asked for."
        classes = ", ".join(f"{for_markdown(name)} {value:.0f}" for name, value in accuracy["per_class"].items())
        pieces.append(f"\nAccuracy: {reached} By class: {classes}.\n")
    written = question.get("written")
    if written:
        states = {"blank": "blank: 0 points", "awaiting": "awaits a reader", "read": f"{written['score']} points"}
        pieces.append(f"\nWritten answer, {written['max_score']} points: {states[written['state']]}.\n")
        if written["comment"]:
            pieces.append(code_block(written["comment"]))
    if question.get("notes"):
        pieces.append(f"\nAbout the notebook, at no cost:{code_block(chr(10).join(map(one_line, question['notes'])))}")
    if not pieces:
        return ""
    return f"\n<details><summary>{_title(question)}</summary>\n{''.join(pieces)}\n</details>\n"


def _title(question: dict[str, Any]) -> str:
    return f"{question['id'].upper()} {question['title']}"
