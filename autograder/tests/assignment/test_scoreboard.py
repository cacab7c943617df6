"""The scoreboard: it is short, says what is next, and never that all is done."""

from __future__ import annotations

import pytest

from assignment.given.scoreboard import BEYOND, Outcome, lines, scores

ALL = {"q1": 3, "q2": 2, "q3": 4}


def outcome(question: str, category: str = "values", points: int = 1, *, passed: bool = True) -> Outcome:
    return Outcome(question, "operation", category, points, passed)


WHOLE = [outcome("q1", points=3), outcome("q2", points=2), outcome("q3", points=4)]


@pytest.mark.parametrize(
    ("ran", "reached", "then"),
    [
        (WHOLE, "Public tests: 9 of 9 points. The grade counts hidden tests too.", list(BEYOND)),
        (
            [outcome("q2", points=2)],
            "Public tests: 2 of 2 points in this run, of 9 in all.",
            ["Green so far. Next: pytest, the tests of all questions"],
        ),
        (
            [outcome("q2", points=2), outcome("q3")],
            "Public tests: 3 of 3 points in this run, of 9 in all.",
            ["Green so far. Next: pytest -k q3, all tests of q3"],
        ),
        (
            [*WHOLE[:2], outcome("q3", "drop-connect of all", 4, passed=False)],
            "Public tests: 5 of 9 points. The grade counts hidden tests too.",
            ['Next: pytest -k "q3 and drop_connect_of_all"', "Stuck? python -m assignment hint q3"],
        ),
    ],
    ids=["all", "a question", "part of a question", "red"],
)
def test_what_is_next_follows_from_what_ran(ran: list[Outcome], reached: str, then: list[str]) -> None:
    board = scores(ran)
    assert lines(board, ALL)[len(board) :] == [reached, *then]
    assert max(map(len, lines(board, ALL))) <= 80


def test_a_board_that_has_all_tests_needs_no_list_of_them() -> None:
    assert lines(scores(WHOLE)) == lines(scores(WHOLE), ALL)


def test_handing_in_is_named_only_with_what_the_public_tests_do_not_see() -> None:
    text = "\n".join(BEYOND)
    for thing in ("written answers", "hidden tests", "ceil mode", "dtypes", "one image", "eval mode", "doctor"):
        assert thing in text
