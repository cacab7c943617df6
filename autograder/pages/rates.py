"""How each test fared in the class, which exposes bad tests and mistakes that many share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograder.course import Question
from autograder.grading.report import QuestionReport, TestResult

Name = tuple[str, str]
"""A test's visibility and name: a public and a hidden test may have the same name."""

Outcomes = tuple[Mapping[Name, TestResult], set[Name]]
"""One submission's result of each test, and which tests it did not pass."""

FEW = 3
"""How many submissions must pass every other test before this one is suspected for failing most of them."""
SOME = 5
"""How many submissions must pass any test before this one is suspected for failing nearly all of them."""
NEARLY_ALL = 0.9

HOW = (
    f"A test is suspicious if it fails more than half of the submissions that pass every other test of its question "
    f"(of at least {FEW}), or at least {100 * NEARLY_ALL:.0f}\u00a0% of those that pass any test of it (of at least "
    f"{SOME})."
)


@dataclass(frozen=True)
class Rate:
    """How one test fared.

    Attributes:
        failed, of: how many submissions it failed, of how many.
        causes: the likely causes of the failures, each with its count; the commonest first.
        undecided: for how many submissions the grader could not decide.
        suspicious: why the test itself should be looked at; "" if nothing suggests that.
    """

    name: str
    visibility: str
    failed: int
    of: int
    causes: tuple[tuple[str, int], ...]
    undecided: int
    suspicious: str

    @property
    def share(self) -> float:
        return self.failed / self.of


@dataclass(frozen=True)
class QuestionRates:
    """A question's tests, worst first, without those that give no points."""

    question: Question
    tests: tuple[Rate, ...]
    submissions: int
    mean: float
    most: int

    @property
    def suspicious(self) -> int:
        return sum(bool(test.suspicious) for test in self.tests)


def rates_of(question: Question, graded: Sequence[QuestionReport]) -> QuestionRates:
    """Count a question's tests.

    Args:
        question: the question.
        graded: each submission's results in it.
    """
    submissions = [_outcomes(each.tests) for each in graded]
    names = list(dict.fromkeys(name for tests, _ in submissions for name in tests))
    rates = [_rate(name, [each for each in submissions if name in each[0]]) for name in names]
    return QuestionRates(
        question=question,
        tests=tuple(sorted(rates, key=lambda rate: (not rate.suspicious, -rate.share))),
        submissions=len(graded),
        mean=sum(each.score for each in graded) / max(len(graded), 1),
        most=max((each.max_score for each in graded), default=0),
    )


def _outcomes(tests: Sequence[TestResult]) -> Outcomes:
    by_name: dict[Name, TestResult] = {(test.visibility, test.name): test for test in tests if test.max_score}
    return by_name, {name for name, test in by_name.items() if test.status != "passed"}


def _rate(name: Name, submissions: Sequence[Outcomes]) -> Rate:
    failures = [tests[name] for tests, wrong in submissions if name in wrong]
    return Rate(
        name=name[1],
        visibility=name[0],
        failed=len(failures),
        of=len(submissions),
        causes=tuple(Counter(cause for test in failures if (cause := _cause(test))).most_common(3)),
        undecided=sum(test.status == "error" for test in failures),
        suspicious=_suspicion(name, submissions),
    )


def _suspicion(name: Name, submissions: Sequence[Outcomes]) -> str:
    else_right = [wrong for tests, wrong in submissions if len(tests) > 1 and wrong <= {name}]
    failing = sum(name in wrong for wrong in else_right)
    if len(else_right) >= FEW and failing > len(else_right) / 2:
        return f"{failing} of {len(else_right)} submissions that pass every other test of the question fail this one."
    tried = [wrong for tests, wrong in submissions if len(wrong) < len(tests)]
    failing = sum(name in wrong for wrong in tried)
    if len(tried) >= SOME and failing >= NEARLY_ALL * len(tried):
        return f"{failing} of {len(tried)} submissions that pass any test of the question fail this one."
    return ""


def _cause(test: TestResult) -> str:
    """A short cause of failure that several submissions may share; "" if there is none."""
    if test.likely:
        return test.likely
    if "is still a TODO" in test.message:
        return "Still a TODO."
    if "cannot be imported" in test.message:
        return "The module cannot be imported."
    return "Out of time." if test.status == "timeout" else ""
