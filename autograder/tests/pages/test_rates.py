"""What is counted for the class's page: failures of tests, suspicion, ranges of points, axes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from autograder.course import Assignment
from autograder.grading.report import QuestionReport, Status, TestResult
from autograder.pages.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, histogram, loss_curve
from autograder.pages.rates import QuestionRates, Rate, rates_of


def submission(**outcomes: Status) -> QuestionReport:
    """A question's report with tests of these names that ended so."""
    tests = [
        TestResult(name, name, status, "hidden", int(status == "passed"), 1, "", "", 0.1)
        for name, status in outcomes.items()
    ]
    return QuestionReport("q1", "Conv2d", sum(test.score for test in tests), len(tests), 0, 0.1, [], tests)


def rates(assignment: Assignment, *submissions: QuestionReport) -> QuestionRates:
    return rates_of(assignment.questions[0], submissions)


def by_name(counted_up: QuestionRates) -> dict[str, Rate]:
    return {test.name: test for test in counted_up.tests}


def test_failures_are_counted_worst_first(assignment: Assignment) -> None:
    counted_up = rates(
        assignment,
        submission(easy="passed", hard="failed"),
        submission(easy="passed", hard="timeout"),
        submission(easy="failed", hard="error"),
        submission(easy="passed", hard="passed"),
    )
    assert [(test.name, test.failed, test.of) for test in counted_up.tests] == [("hard", 3, 4), ("easy", 1, 4)]
    assert by_name(counted_up)["hard"].undecided == 1
    assert by_name(counted_up)["hard"].causes == (("Out of time.", 1),)
    assert counted_up.mean == 1.0


def test_a_test_that_fails_those_who_are_right_otherwise_is_suspicious(assignment: Assignment) -> None:
    bad = [submission(one="passed", two="passed", three="failed") for _ in range(2)]
    right = submission(one="passed", two="passed", three="passed")
    stub = submission(one="failed", two="failed", three="failed")
    three = by_name(rates(assignment, *bad, right, *[stub] * 5))["three"]
    assert three.suspicious == "2 of 3 submissions that pass every other test of the question fail this one."
    assert not by_name(rates(assignment, *bad, right, right))["three"].suspicious  # half of them is not more than half
    assert not by_name(rates(assignment, *bad, stub, stub))["three"].suspicious  # two are too few to say


def test_a_test_that_fails_nearly_all_is_suspicious(assignment: Assignment) -> None:
    partly = [
        submission(one="passed", two="failed", three="failed"),
        submission(one="failed", two="passed", three="failed"),
    ]
    by_test = by_name(rates(assignment, *partly * 5))
    assert by_test["three"].suspicious == "10 of 10 submissions that pass any test of the question fail this one."
    assert not by_test["one"].suspicious
    lucky = submission(one="failed", two="failed", three="passed")
    assert not by_name(rates(assignment, *partly * 4, lucky, lucky))["three"].suspicious
    assert not by_name(rates(assignment, *partly * 2))["three"].suspicious  # four are too few to say


def test_stubs_make_no_test_suspicious(assignment: Assignment) -> None:
    stub = submission(one="failed", two="failed")
    assert not any(test.suspicious for test in rates(assignment, *[stub] * 20).tests)


def test_tests_without_points_do_not_count(assignment: Assignment) -> None:
    report = submission(one="passed")
    report.tests.append(TestResult("unscored", "unscored", "failed", "hidden", 0, 0, "", "", 0.1))
    assert list(by_name(rates(assignment, report))) == ["one"]
    assert rates(assignment).tests == ()


@given(st.lists(st.floats(0, 120, allow_nan=False)), st.integers(0, 300))
def test_every_score_is_in_one_range(values: list[float], most: int) -> None:
    bars = histogram(values, most)
    assert sum(bar.count for bar in bars) == len(values)
    assert len(bars) <= 12
    assert bars[0].low == 0
    assert bars[-1].high == most
    assert all(before.high + 1 == after.low for before, after in pairwise(bars))
    for bar in bars:
        assert 0 <= bar.height <= HEIGHT - TOP - BOTTOM
        assert bar.x >= LEFT
        assert bar.x + bar.width <= WIDTH - RIGHT + 1


@given(
    st.lists(st.tuples(st.integers(0, 500), st.one_of(st.none(), st.floats())), unique_by=lambda point: point[0]).map(
        sorted
    )
)
def test_a_curve_stays_in_its_frame(points: list[tuple[int, float | None]]) -> None:
    known = [epoch for epoch, loss in points if loss is not None and abs(loss) < 1e9]
    curve = loss_curve(points)
    if len(known) < 2:
        assert curve is None
        return
    assert curve is not None
    assert len(curve.points) == len(known)
    for x, y in curve.points:
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1
    assert 2 <= len(curve.up) <= 12
    assert 1 <= len(curve.across) <= 10
