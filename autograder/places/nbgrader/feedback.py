"""What a student reads in a test cell's output."""

from __future__ import annotations

from typing import Any

from autograder.text.inert import for_terminal, one_line

_MARKS = {"passed": "✓", "failed": "✗", "timeout": "⏱", "error": "!"}


def cell_output(question: dict[str, Any], visibility: str, *, remarks: tuple[str, ...] = ()) -> str:
    """The public or the hidden tests of a question, in plain text that nothing obeys.

    Args:
        question: one of `report.for_student`'s.
        visibility: "public" or "hidden".
        remarks: sentences of ours to end with.
    """
    tests = [test for test in question["tests"] if test["visibility"] == visibility]
    score, most = (sum(test[name] for test in tests) for name in ("score", "max_score"))
    lines = [f"{question['id'].upper()} {question['title']}, {visibility} tests: {score} of {most} points"]
    for test in tests:
        points = f"{test['score']} of {test['max_score']}" if test["max_score"] else "no points"
        lines.append(f"  {_MARKS[test['status']]} {one_line(test['name']):<60} {points}")
        lines += [f"      {line}" for line in for_terminal(test["message"]).splitlines()]
    if visibility == "public":
        lines += [f"  {one_line(note)}" for note in question.get("notes", ())]
    accuracy = question.get("accuracy")
    if accuracy and visibility == "hidden":
        reached = f"accuracy after a short run: {accuracy['mean']:.1f} % ({accuracy['threshold']:.1f} % needed)"
        classes = "  ".join(f"{one_line(name)} {value:.0f}" for name, value in accuracy["per_class"].items())
        lines += [f"  {reached}", f"      {classes}"]
    return for_terminal("\n".join([*lines, *remarks])) + "\n"
