"""What is written on a student's commit."""

from __future__ import annotations

from autograder.places.github.folders import RepositoryResult
from autograder.places.github.publish import description


def test_a_status_fits() -> None:
    assert description(RepositoryResult(score=71, max_score=93, pending=7)) == "71 of 93 points, 7 more await a reader"
    assert len(description(RepositoryResult(score=10**9, max_score=10**9, pending=10**100, percent=20))) == 140
