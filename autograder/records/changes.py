"""What differs between two gradings of one submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograder.course import Assignment
from autograder.grading.digests import grader_digest, shortened, suite_digest, thresholds_digest, versions
from autograder.grading.report import QuestionReport, Report, TestResult
from autograder.records.results import Change, TestChange
from autograder.render.versions import versions_in_words


def merged(before: Report | None, after: Report, assignment: Assignment) -> Report:
    """The report of all questions, some of which were graded again."""
    if before is None:
        return after
    questions = {**_by_id(before), **_by_id(after)}
    order = [question.id for question in assignment.questions]
    kept = sorted(questions.values(), key=lambda question: order.index(question.id) if question.id in order else 99)
    environment = after.environment
    trained = {question.id for question in assignment.questions if question.trains}
    if environment.get("data") is None and trained & (_by_id(before).keys() - _by_id(after).keys()):
        # The networks are those of before, and so is what is said about their training.
        about = ("data", "device", "driver")
        environment = {
            **environment, **{name: before.environment[name] for name in about if name in before.environment}
        }  # fmt: skip
    return replace(after, questions=kept, environment=environment)


def changes(before: Report | None, after: Report | None) -> tuple[Change, ...]:
    """The questions whose outcome has changed, with the tests whose outcome has."""
    if before is None:
        return ()
    old, new = _by_id(before), _by_id(after) if after is not None else {}
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        one, other = old.get(name), new.get(name)
        tests = _test_changes(one, other)
        change = Change(name, one.score if one else None, other.score if other else None, tests)
        if tests or change.before != change.after:
            found.append(change)
    return tuple(found)


def other_versions(before: Report) -> str:
    """The Python and torch of an earlier grading, in words; "" if they are those that grade now, or are not known."""
    python, torch = (before.environment.get(name) or "" for name in ("python", "torch"))
    was = shortened(python, torch)
    return versions_in_words(was) if was != versions() else ""


def why_again(before: Report) -> str:
    """Why what was graded before is graded once more, though nothing new was handed in; "" if it is not known."""
    if other_versions(before):
        return f"graded before with {other_versions(before)}, now with {versions_in_words(versions())}"
    now = {"grader": grader_digest(), "suite": suite_digest(), "thresholds": thresholds_digest()}
    reasons = {
        "grader": "graded before by another version of the grader",
        "suite": "tests have changed",
        "thresholds": "the accuracies that are asked for have changed",
    }
    changed = (name for name, digest in now.items() if before.hashes.get(name, digest) != digest)
    return reasons.get(next(changed, ""), "")


def _test_changes(before: QuestionReport | None, after: QuestionReport | None) -> tuple[TestChange, ...]:
    """The tests whose outcome has changed. One that gives no points and is new, gone or renamed changed nobody's."""
    old, new = _by_name(before), _by_name(after)
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        one, other = old.get(name), new.get(name)
        status, now = one.status if one else None, other.status if other else None
        in_one_suite = before is not None and after is not None and (one is None or other is None)
        worth = max(test.max_score for test in (one, other) if test is not None)
        if status != now and not (in_one_suite and worth == 0):
            found.append(TestChange(name, status, now))
    return tuple(found)


def _by_name(question: QuestionReport | None) -> Mapping[str, TestResult]:
    return {test.name: test for test in question.tests} if question is not None else {}


def _by_id(report: Report) -> dict[str, QuestionReport]:
    return {question.id: question for question in report.questions}
