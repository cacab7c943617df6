"""What a student reads next to the grade in Moodle: points for each question, likely causes, the reader's comment.

It is HTML on a single line, since Moodle turns line ends into breaks. It contains no quotation marks and no character
that may begin a formula: these are written as character references, so the text looks right and no spreadsheet
evaluates it. Without quotation marks there is also none after a backslash, which Moodle would read as escaped.
"""

from __future__ import annotations

from typing import Any

from autograder.course import Assignment
from autograder.gradebook.numbers import Rule, decimal
from autograder.grading.report import for_student
from autograder.records.gradebook import Line, Mark
from autograder.text.inert import for_html

MAX_MESSAGE = 800  # characters of one test's message
MAX_LENGTH = 20_000  # of the whole; a cell of a spreadsheet holds 32,767

_SPELT = {ord(sign): f"&#{ord(sign)};" for sign in "=+-@＝＋－＠﹦﹢﹣﹫"}


def beginning(assignment: Assignment) -> str:
    """How all of our feedback begins; any comment that begins differently was written by a person."""
    return f"<p><b>{_text(assignment.title)}:</b>"


def feedback(line: Line, assignment: Assignment, rule: Rule) -> str:
    """The HTML; "" if nothing was graded."""
    if line.result is None or not line.graded:
        return ""
    points, most = rule.of(line)
    pending = rule.pending(line)
    waiting = f"; {pending} more await a reader" if pending else ""
    total = f"{decimal(points)} of {most} points{waiting}."
    text = f"{beginning(assignment)} {_text(total)}</p>"
    text += "".join(f"<p>{_text(sentence)}</p>" for sentence in _sentences(line, rule))
    report = line.result.report
    questions = {each["id"]: each for each in for_student(report)["questions"]} if report is not None else {}
    titles = {question.id: question.title for question in assignment.questions}
    items: list[str] = []
    for mark in line.marks:
        item = f"<li>{_question(mark, titles[mark.question], questions.get(mark.question))}</li>"
        if len(text) + sum(len(each) for each in items) + len(item) > MAX_LENGTH:
            items.append(f"<li>{_text('More was found than fits here.')}</li>")
            break
        items.append(item)
    return f"{text}<ul>{''.join(items)}</ul>"


def _sentences(line: Line, rule: Rule) -> list[str]:
    sentences = []
    if line.lateness is not None and line.lateness.days:
        taken = "would be taken off; that is not done here" if rule.raw else "are taken off"
        late = f"Handed in late, on day {line.lateness.days} after the due date"
        sentences.append(f"{late}: by the course's rule {line.lateness.percent:g} % of the points reached {taken}.")
    if line.result is not None and line.result.problem:
        sentences.append(line.result.problem)
    if line.result is not None and line.result.report is not None:
        sentences += for_student(line.result.report)["notes"]
    return sentences


def _question(mark: Mark, title: str, graded: dict[str, Any] | None) -> str:
    points = f"{mark.question.upper()} {title}: {mark.score or 0} of {mark.max_score} points"
    dropped = " (does not count)" if mark.dropped else ""
    return f"{_text(points + dropped)}{_tests(graded) if graded else ''}{_written(mark)}"


def _tests(graded: dict[str, Any]) -> str:
    items = [
        f"<li>{_text(test['name'])} ({_text(_worth(test))}){_message(test['message'], test['likely'])}</li>"
        for test in graded["tests"]
        if test["status"] != "passed"
    ]
    accuracy = graded.get("accuracy")
    if accuracy:
        reached = f"Accuracy after a short run: {accuracy['mean']:.1f} %; {accuracy['threshold']:.1f} % are asked for."
        items.append(f"<li>{_text(reached)}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _worth(test: dict[str, Any]) -> str:
    points = f"{test['score']} of {test['max_score']}" if test["max_score"] else "no points"
    return f"{test['visibility']} test, {test['status']}, {points}"


def _written(mark: Mark) -> str:
    if not mark.max_written:
        return ""
    points = "awaits a reader" if mark.written is None else f"{decimal(mark.written)} of {mark.max_written} points"
    return f"<p>{_text(f'Written answer: {points}.')}</p>{_message(mark.comment)}"


def _message(text: str, likely: str = "") -> str:
    """A message; one that is too long is cut, and its likely cause kept."""
    shown = text.strip()
    if len(shown) > MAX_MESSAGE:
        shown = f"{shown[: MAX_MESSAGE - 1]}…\n{likely}".strip()
    return f"<pre>{_text(shown)}</pre>" if shown else ""


def _text(text: str) -> str:
    escaped = str(for_html(text)).translate(_SPELT)
    return escaped.replace("\t", "    ").replace("\n", "<br>")
