"""The contents of the class's page. It is for staff only, since it shows the grader's flags."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.course import Question
from autograder.grading.report import QuestionReport, Report
from autograder.pages.charts import histogram
from autograder.pages.rates import HOW, rates_of
from autograder.pages.template import rendered
from autograder.records.gradebook import GradeBook, Line, Mark
from autograder.records.results import Change
from autograder.render.versions import other_python, versions_in_words
from autograder.sandbox.isolation import in_one_line
from autograder.text.numbers import counted

STATES = {
    "awaiting": "awaits a reader",
    "choose": "two submissions: choose one",
    "several": "several submissions: choose one",
    "failed": "grader failed",
    "unusable": "unusable",
    "flagged": "flagged",
    "late": "late",
    "changed": "changed",
    "nothing": "nothing handed in",
    "unknown": "not in the roster",
}
"""The states that a row of the table can have, in words."""

_HASHES = {
    "suite": "by another suite of tests",
    "grader": "by another version of the grader",
    "thresholds": "with other thresholds",
}


@dataclass(frozen=True)
class Row:
    """A student's row in the table: a mark for each question, and `states`, which are keys of `STATES`."""

    line: Line
    marks: tuple[Mark | None, ...]
    states: tuple[str, ...]

    @property
    def name(self) -> str:
        return name_of(self.line)

    @property
    def seconds(self) -> float | None:
        report = _report(self.line)
        return report.seconds if report is not None else None


@dataclass(frozen=True)
class Timing:
    """How long something took, in seconds, and for whom it took longest."""

    what: str
    median: float
    slowest: float
    line: Line


def name_of(line: Line) -> str:
    """The student's name; without one, the course's identifier."""
    return line.student.name or line.student.student


def class_page(book: GradeBook) -> str:
    """The page of the class."""
    questions = [question for question in book.assignment.questions if _is_in(question, book)]
    known = {question.id for question in questions}
    graded = [(line, _limited(report, known)) for line in book.lines if (report := _report(line)) is not None]
    flagged = [(line, flags) for line, report in graded if (flags := _flags(report))]
    changes = [(line, changes) for line in book.lines if (changes := _changes(line, known))]
    states = {
        "flagged": {line.key for line, _ in flagged},
        "changed": {line.key for line, _ in changes},
    }
    rows = [
        Row(line, tuple(_mark(line, question) for question in questions), tuple(_states(line, states)))
        for line in book.lines
    ]
    scores = [line.score for line, _ in graded]
    most = max((line.max_score for line in book.lines), default=0)
    by_question = {question.id: [each for _, each in _of(question, graded)] for question in questions}
    return rendered(
        "class.html",
        {
            "title": book.assignment.title,
            "questions": questions,
            "rows": rows,
            "states": STATES,
            "counts": Counter(state for row in rows for state in row.states),
            "rules": any(line.percent or line.counted != line.score for line in book.lines),
            "most": most,
            "scores": scores,
            "quartiles": statistics.quantiles(scores, n=4, method="inclusive") if len(scores) > 1 else [],
            "full": sum(score >= most for score in scores),
            "bars": histogram(scores, most),
            "pending": sum(line.pending for line in book.lines),
            "answers": sum(mark.written is None for line in book.lines for mark in line.marks if mark.max_written),
            "flagged": flagged,
            "failed": [row.line for row in rows if "failed" in row.states],
            "several": [row.line for row in rows if {"choose", "several"} & {*row.states}],
            "unusable": [row.line for row in rows if "unusable" in row.states],
            "problems": [*book.problems, *_inequalities([report for _, report in graded])],
            "notes": [(line, note) for line in book.lines for note in _notes(line)],
            "rates": [rates_of(question, by_question[question.id]) for question in questions],
            "how": HOW,
            "timings": list(_timings(questions, graded)),
            "changes": changes,
            "versions": sorted({named for _, report in graded if (named := versions_in_words(report.environment))}),
        },
        script="class.js",
    )


def _mark(line: Line, question: Question) -> Mark | None:
    return next((mark for mark in line.marks if mark.question == question.id), None)


def _is_in(question: Question, book: GradeBook) -> bool:
    return any(_mark(line, question) is not None for line in book.lines)


def _report(line: Line) -> Report | None:
    """The report that counts; one from before the grader failed does not."""
    return line.result.report if line.result is not None and line.graded else None


def _of(question: Question, graded: Sequence[tuple[Line, Report]]) -> Iterator[tuple[Line, QuestionReport]]:
    for line, report in graded:
        for each in report.questions:
            if each.id == question.id:
                yield line, each


def _limited(report: Report, known: Collection[str]) -> Report:
    """The report without questions that the course has since deleted."""
    return replace(report, questions=[question for question in report.questions if question.id in known])


def _states(line: Line, others: Mapping[str, Collection[str]]) -> Iterator[str]:
    """The states of a line; `others` has, for each further state, the keys of the lines that have it."""
    result = line.result
    if line.pending:
        yield "awaiting"
    if result is None:
        yield "nothing"
    elif result.choose:
        yield "choose" if result.choose == 2 else "several"
    elif result.problem:
        yield "failed" if result.ours else "unusable"
    yield from (state for state, keys in others.items() if line.key in keys)
    if line.lateness is not None and line.lateness.days:
        yield "late"
    if not line.in_roster:
        yield "unknown"


def _flags(report: Report) -> list[str]:
    return [f"{question.id.upper()}: {flag}" for question in report.questions for flag in question.flags]


def _changes(line: Line, known: Collection[str]) -> list[Change]:
    return [change for change in line.result.changes if change.question in known] if line.result is not None else []


def _notes(line: Line) -> tuple[str, ...]:
    """Those of the book's notes that the page does not show elsewhere."""
    if line.result is None:
        return ()
    problem = line.result.problem
    if line.choices:
        return ()
    return tuple(note for note in line.notes if not problem or problem not in note)


def _inequalities(reports: Sequence[Report]) -> Iterator[str]:
    """Sentences about what makes grades within the class hard to compare, or hard to trust."""
    kinds: list[tuple[list[object], str]] = [
        ([report.hashes.get(name) for report in reports], how) for name, how in _HASHES.items()
    ]
    worth: list[object] = [tuple((each.id, each.max_score) for each in report.questions) for report in reports]
    for values, how in (*kinds, (worth, "out of other points")):
        counts = Counter(values)
        if len(counts) > 1:
            odd = len(reports) - counts.most_common(1)[0][1]
            yield f"Of {len(reports)} submissions {odd} {'was' if odd == 1 else 'were'} graded {how} than the rest."
    sources = Counter(data for report in reports if (data := report.environment.get("data")))
    if len(sources) > 1:
        yield f"Networks were not all trained on the same images: {', '.join(sorted(sources))}."
    trained = (report.environment for report in reports if report.environment.get("data"))
    devices = Counter(str(each.get("device")) for each in trained)
    if len(devices) > 1:
        yield f"Networks were not all trained on the same device: {', '.join(sorted(devices))}."
    graded_with = Counter(named for report in reports if (named := versions_in_words(report.environment)))
    if len(graded_with) > 1:
        kinds_of = "; ".join(
            f"{counted(count, 'submission')} with {named}" for named, count in graded_with.most_common()
        )
        yield f"Not all were graded with the same Python and torch: {kinds_of}."
    for remark, count in Counter(filter(None, (other_python(report.environment) for report in reports))).items():
        yield f"{counted(count, 'submission')}: {remark}"
    for layers, count in Counter(tuple(sorted(report.isolation.items())) for report in reports).items():
        if not all(dict(layers).values()):
            yield f"{counted(count, 'submission')}: {in_one_line(dict(layers))}"


def _timings(questions: Sequence[Question], graded: Sequence[tuple[Line, Report]]) -> Iterator[Timing]:
    spent = [(f"{question.id.upper()} {question.title}", [(each.seconds, line) for line, each in _of(question, graded)])
             for question in questions]  # fmt: skip
    for what, times in [*spent, ("A whole submission", [(report.seconds, line) for line, report in graded])]:
        if times:
            slowest, line = max(times, key=lambda pair: pair[0])
            yield Timing(what, statistics.median(seconds for seconds, _ in times), slowest, line)
