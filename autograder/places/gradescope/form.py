"""The report as Gradescope's results.json.

Public tests are visible at once, hidden ones after the due date. There is no score for the whole: Gradescope adds up
the tests, and shows no sum as long as some of them are hidden.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from autograder.grading.report import Report, for_student
from autograder.places.forms import Form, Wanted, for_staff
from autograder.render.versions import graded_with
from autograder.text.inert import for_terminal, json_text, one_line

MAX_OUTPUT = 10_000  # characters of one test
MAX_NOTE = 1_000
_VISIBILITY = {"public": "visible", "hidden": "after_due_date"}


def form(wanted: Wanted) -> Form:
    """For `grade --format gradescope`."""

    def text(report: Report) -> str:
        return results(for_student(report), remarks=wanted.remarks, staff=for_staff(report), seconds=report.seconds)

    return text


def results(
    student: dict[str, Any], *, remarks: Iterable[str] = (), staff: Iterable[str] = (), seconds: float | None = None
) -> str:
    """The text of results.json.

    Args:
        student: from `report.for_student`.
        remarks: sentences for the student, above the tests.
        staff: lines that students never see.
        seconds: that grading took.
    """
    sentences = [remark for remark in (*remarks, graded_with(student["environment"])) if remark]
    sentences += [one_line(note, MAX_NOTE) for note in student["notes"]]
    if student["left_out"]:
        sentences.append(f"Left out, not part of the assignment: {', '.join(student['left_out'])}")
    sentences += [one_line(note) for question in student["questions"] for note in question.get("notes", ())]
    tests: list[dict[str, Any]] = []
    leaderboard = []
    for place, question in enumerate(student["questions"], start=1):
        number = re.sub(r"\D", "", question["id"]) or str(place)
        entries = [_test(question, test) for test in question["tests"]]
        accuracy = question.get("accuracy")
        if accuracy:
            entries.append(_accuracy(question, accuracy))
            if math.isfinite(accuracy["mean"]):
                name = f"{question['title']}: accuracy in %"
                leaderboard.append({"name": name, "value": round(accuracy["mean"], 1), "order": "desc"})
        if question.get("written"):
            entries.append(_written(question, question["written"]))
        tests += [{"number": f"{number}.{index}", **entry} for index, entry in enumerate(entries, start=1)]
    lines = "\n".join(staff)
    if lines:
        tests.append(_entry("For staff", lines, "hidden"))
    return json_text(
        {
            **({"output": _shortened("\n".join(sentences)), "output_format": "text"} if sentences else {}),
            **({"execution_time": round(seconds)} if seconds is not None else {}),
            "stdout_visibility": "hidden",
            "extra_data": {"schema": student["schema"], "hashes": student["hashes"]},
            "tests": tests,
            **({"leaderboard": leaderboard} if leaderboard else {}),
        },
        indent=1,
    )


def _test(question: dict[str, Any], test: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": one_line(f"{question['title']}: {test['name']}"),
        "status": "passed" if test["status"] == "passed" else "failed",
        "score": test["score"],
        "max_score": test["max_score"],
        "output": _shortened(test["message"]),
        "output_format": "text",
        "visibility": _VISIBILITY[test["visibility"]],
    }


def _accuracy(question: dict[str, Any], accuracy: dict[str, Any]) -> dict[str, Any]:
    classes = "  ".join(f"{name} {value:.0f}" for name, value in accuracy["per_class"].items())
    reached = f"{accuracy['mean']:.1f} % after a short run; {accuracy['threshold']:.1f} % are asked for."
    return _entry(f"{question['title']}: accuracy by class", f"{reached}\n{classes}", "visible")


def _written(question: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    points = f"{written['max_score']} points"
    states = {
        "blank": f"Nothing was written: 0 of {points}.",
        "awaiting": f"A person reads the answer, for {points}.",
        "read": f"{written['score']} of {points}.",
    }
    output = f"{states[written['state']]}\n{written['comment']}".strip()
    entry = _entry(f"{question['title']}: written answer", output, "visible")
    return {**entry, "status": "failed"} if written["state"] == "blank" else entry


def _entry(name: str, output: str, visibility: str) -> dict[str, Any]:
    """What has no points here. Gradescope wants a score of each test, and takes 0 of 0 as one."""
    return {
        "name": name,
        "status": "passed",
        "score": 0,
        "max_score": 0,
        "output": _shortened(output),
        "output_format": "text",
        "visibility": visibility,
    }


def _shortened(text: str) -> str:
    shown = for_terminal(text)
    return shown if len(shown) <= MAX_OUTPUT else f"{shown[: MAX_OUTPUT - 1]}…"
