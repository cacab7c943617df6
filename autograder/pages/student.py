"""The contents of a student's page. It is made from `report.for_student`, which holds nothing for staff only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.course import EXPLANATIONS, Assignment, Question
from autograder.grading.report import Report, for_student
from autograder.pages.charts import Curve, loss_curve
from autograder.pages.template import rendered
from autograder.records.gradebook import Line, Mark
from autograder.render.terminal import trained_in_words
from autograder.render.versions import versions_in_words
from autograder.text.numbers import counted, number

Part = tuple[str, bool]
"""A piece of a message, and whether it is the likely cause."""


@dataclass(frozen=True)
class Failure:
    """Tests that did not pass and have the same message, which is split around the likely cause."""

    tests: tuple[dict[str, Any], ...]
    parts: tuple[Part, ...]

    @property
    def in_columns(self) -> bool:
        """Whether its lines must not be wrapped."""
        return any("\n  " in text for text, _ in self.parts)

    @property
    def lost(self) -> int:
        return sum(test["max_score"] - test["score"] for test in self.tests)


@dataclass(frozen=True)
class WrittenAnswer:
    """The written answer. `points` is None while it awaits a reader."""

    points: float | None
    most: int
    comment: str
    blank: bool


@dataclass(frozen=True)
class Learning:
    """The trained network's accuracies, in per cent. `rows` are the classes with theirs."""

    mean: float | None
    threshold: float
    before: float | None
    rows: tuple[tuple[str, float | None], ...]
    curve: Curve | None

    @property
    def reached(self) -> bool:
        return self.mean is not None and self.mean >= self.threshold


@dataclass(frozen=True)
class Section:
    """One question. `score` is None if it was not graded."""

    question: Question
    score: int | None
    most: int
    dropped: bool
    failures: tuple[Failure, ...]
    passed: tuple[dict[str, Any], ...]
    answer: WrittenAnswer | None
    learning: Learning | None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.question.id.upper()} {self.question.title}"

    @property
    def points(self) -> float:
        return (self.score or 0) + ((self.answer and self.answer.points) or 0)

    @property
    def all_points(self) -> int:
        return self.most + (self.answer.most if self.answer else 0)

    @property
    def pending(self) -> int:
        return self.answer.most if self.answer is not None and self.answer.points is None else 0

    @property
    def open(self) -> int:
        """The points that could still be gained by passing more tests."""
        return sum(failure.lost for failure in self.failures)


@dataclass(frozen=True)
class Step:
    """Something to do next: what, why, the likely cause, and a command with what it does."""

    what: str
    why: str = ""
    likely: str = ""
    commands: tuple[tuple[str, str], ...] = ()


def student_page(assignment: Assignment, report: Report | None, *, name: str, line: Line | None = None) -> str:
    """The page of one submission.

    Args:
        assignment: from `course`.
        report: the submission's; None if nothing could be graded.
        name: the student's or the submission's.
        line: the student's line in the grade book, with lateness and readers' points; None outside a class.
    """
    result = line.result if line is not None else None
    ours = result is not None and result.ours
    shown = for_student(report) if report is not None and not ours else None
    marks = {mark.question: mark for mark in line.marks} if line is not None else {}
    sections = _sections(assignment, shown, marks)
    return rendered(
        "student.html",
        {
            "title": assignment.title,
            "name": name,
            "account": line.student.student if line is not None and line.student.student != name else "",
            "problem": result.problem if result is not None and not ours else "",
            "ours": ours,
            "choose": result is not None and bool(result.choose),
            "modules": [f"{question.module}.py" for question in assignment.questions],
            "graded": shown is not None,
            "sections": sections,
            "points": sum(section.points for section in sections),
            "all_points": sum(section.all_points for section in sections),
            "pending": sum(section.pending for section in sections),
            "remarks": _remarks(sections, line),
            "steps": _steps(sections) if shown is not None else [],
            "learned": _learned(assignment, shown),
            "left_out": shown["left_out"] if shown is not None else [],
            "notes": shown["notes"] if shown is not None else [],
            "versions": versions_in_words(shown["environment"]) if shown is not None else "",
            "graded_at": shown["graded_at"].replace("T", " ").replace("Z", " UTC") if shown is not None else "",
            "digest": (shown["hashes"].get("submission") or "")[:12] if shown is not None else "",
        },
    )


def _sections(assignment: Assignment, shown: dict[str, Any] | None, marks: Mapping[str, Mark]) -> list[Section]:
    """The questions graded for this student or for others in the class, in the assignment's order."""
    graded = {question["id"]: question for question in shown["questions"]} if shown is not None else {}
    return [
        _section(question, graded.get(question.id), marks.get(question.id))
        for question in assignment.questions
        if question.id in graded or question.id in marks
    ]


def _section(question: Question, graded: dict[str, Any] | None, mark: Mark | None) -> Section:
    dropped = mark.dropped if mark is not None else question.dropped
    if graded is None:
        most = mark.max_score if mark is not None else 0
        answer = WrittenAnswer(0, mark.max_written, "", blank=True) if mark is not None and mark.max_written else None
        return Section(question, None, most, dropped, (), (), answer, None)
    tests = graded["tests"]
    return Section(
        question=question,
        score=graded["score"],
        most=graded["max_score"],
        dropped=dropped,
        failures=_failures([test for test in tests if test["status"] != "passed"]),
        passed=tuple(test for test in tests if test["status"] == "passed"),
        answer=_answer(graded.get("written"), mark),
        learning=_learning(graded.get("accuracy")),
        notes=tuple(graded.get("notes", ())),
    )


def _failures(tests: list[dict[str, Any]]) -> tuple[Failure, ...]:
    """Group tests with the same message: a module that cannot be imported fails them all alike."""
    alike: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for test in tests:
        alike.setdefault((test["message"], test["likely"]), []).append(test)
    return tuple(Failure(tuple(group), parts(*message)) for message, group in alike.items())


def parts(message: str, likely: str) -> tuple[Part, ...]:
    """A message in pieces: the text before the likely cause, the likely cause's line or sentence, the text after it."""
    at = message.find(likely[1:]) - 1 if likely else -1
    if at < 0 or message[at].casefold() != likely[0].casefold():
        return ((message, False),)
    end = at + len(likely)
    begin = message.rfind("\n", 0, at) + 1
    if not message[begin:at].lstrip().startswith("likely"):
        begin = at
    pieces = ((message[:begin], False), (message[begin:end], True), (message[end:], False))
    return tuple(piece for piece in pieces if piece[0])


def _answer(written: dict[str, Any] | None, mark: Mark | None) -> WrittenAnswer | None:
    if written is None:
        return None
    points = mark.written if mark is not None else written["score"]
    comment = mark.comment if mark is not None else written["comment"]
    return WrittenAnswer(points, written["max_score"], comment, blank=written["state"] == "blank" and not points)


def _learning(accuracy: dict[str, Any] | None) -> Learning | None:
    if accuracy is None:
        return None
    rows = tuple(accuracy["per_class"].items())
    curve = loss_curve(accuracy["curve"])
    return Learning(accuracy["mean"], accuracy["threshold"], accuracy["before"], rows, curve)


def _remarks(sections: list[Section], line: Line | None) -> list[str]:
    """Remarks on dropped questions and lateness, shown beside the points, which they do not change."""
    remarks = []
    dropped = [section.name for section in sections if section.dropped]
    if dropped:
        counting = [section for section in sections if not section.dropped]
        points = number(sum(section.points for section in counting))
        most = sum(section.all_points for section in counting)
        verb, it = ("do", "them") if len(dropped) > 1 else ("does", "it")
        remarks.append(f"{', '.join(dropped)} {verb} not count. Without {it}: {points} of {counted(most, 'point')}.")
    if line is not None and line.lateness is not None and line.lateness.sentence:
        remarks.append(line.lateness.sentence)
        remarks.append(f"After that, {number(line.final)} of {counted(line.max_counted, 'point')} count.")
    return remarks


def _steps(sections: list[Section]) -> list[Step]:
    """What to do next: the question with the most points to gain, then missing written answers."""
    counting = [section for section in sections if not section.dropped]
    steps = []
    best = max(counting, key=lambda section: section.open, default=None)
    if best is not None and best.open:
        steps.append(_first_failing(best))
    steps += [
        Step(
            f"Write your answer to {section.name} in {EXPLANATIONS}.",
            f"It is worth {counted(section.answer.most, 'point')}, and nothing was handed in for it.",
        )
        for section in counting
        if section.answer is not None and section.answer.blank and section.score is not None
    ]
    return steps


def _first_failing(section: Section) -> Step:
    question, public = section.question.id, [test for test in _tests(section) if test["visibility"] == "public"]
    failing = [test for failure in section.failures for test in failure.tests if test["max_score"]]
    test = next((test for test in failing if test["visibility"] == "public"), failing[0])
    why = f"{counted(section.open, 'point')} can be gained there, more than in any other question. "
    if test["visibility"] == "public" or test["category"] in [other["category"] for other in public]:
        commands = [(run_again(question, test["category"]), "runs just this")]
    else:
        commands = [(f"pytest -k {question}", "runs the question's public tests")]
    if test["visibility"] == "public":
        why += f"Its first failing test is “{test['name']}”."
    else:
        why += f"All its public tests pass; the first hidden one that fails is about: {test['category']}."
        if section.question.trains and section.learning is not None and not section.learning.reached:
            commands = [(f"python -m assignment train {section.question.trains}", "trains the network at home")]
    commands.append((f"python -m assignment hint {question}", "has hints"))
    return Step(f"Go on with {section.name}.", why, test["likely"], tuple(commands))


def _tests(section: Section) -> list[dict[str, Any]]:
    return [*(test for failure in section.failures for test in failure.tests), *section.passed]


def run_again(question: str, category: str) -> str:
    """The command that runs a category's public tests, as their own messages give it."""
    return f'pytest -k "{question} and {category.replace(" ", "_").replace("-", "_")}"'


def _learned(assignment: Assignment, shown: dict[str, Any] | None) -> str:
    """A sentence on what networks were trained on; "" if no question trains one."""
    graded = {question["id"] for question in shown["questions"]} if shown is not None else set()
    if shown is None or not any(question.trains for question in assignment.questions if question.id in graded):
        return ""
    if not shown["environment"].get("data"):
        return "Networks were not trained; their points are left out."
    return trained_in_words(shown["environment"])
