"""Points that people gave are never taken for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.records.reviews import REVIEWS, Review, read_reviews, write_review
from autograder.tests.support.records import ANY_JSON, complaint

SCHEMA = "cnn-autograder/review/v1"
GIVEN = {"points": 2, "comment": "Well said.", "answer": "11"}


def put(out: Path, contents: object) -> Path:
    path = out / REVIEWS / "ada.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(contents if isinstance(contents, str) else json.dumps(contents), "utf-8")
    return path


def test_reviews_come_back_and_those_beside_a_new_one_are_not_touched(tmp_path: Path) -> None:
    path = put(tmp_path, {"schema": SCHEMA, "reviews": {"q1": GIVEN, "q2": {**GIVEN, "points": 1.5, "reader": "ann"}}})
    assert read_reviews(tmp_path, "ada") == {
        "q1": Review(2, "Well said.", "11"),
        "q2": Review(1.5, "Well said.", "11", "ann"),
    }
    write_review(tmp_path, "ada", "q3", Review(3.0, "", "22", "bob", "now"))
    assert json.loads(path.read_text("utf-8"), parse_int=lambda text: f"whole {text}")["reviews"] == {
        "q1": {**GIVEN, "points": "whole 2", "reader": "", "at": ""},
        "q2": {**GIVEN, "points": 1.5, "reader": "ann", "at": ""},
        "q3": {"points": 3.0, "comment": "", "answer": "22", "reader": "bob", "at": "now"},
    }
    assert read_reviews(tmp_path, "nobody") == {}


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        ("{", "Expecting property name"),
        ("[" * 100_000, "nested too deep"),
        ([], "it is not an object"),
        ({"reviews": {}}, "it lacks schema"),
        ({"schema": SCHEMA}, "it lacks reviews"),
        ({"schema": "another", "reviews": {}}, "its schema is not cnn-autograder/review/v1"),
        ({"schema": SCHEMA, "reviews": []}, "reviews: expected object, got array"),
        ({"schema": SCHEMA, "reviews": {"q1": GIVEN, "q2": 2}}, "reviews['q2']: expected object, got int"),
        ({"schema": SCHEMA, "reviews": {"q1": {"points": 2}}}, "it lacks reviews['q1'].comment"),
        ({"schema": SCHEMA, "reviews": {"q1": {**GIVEN, "mark": 1}}}, "nobody knows its reviews['q1'].mark"),
        (
            {"schema": SCHEMA, "reviews": {"q1": {**GIVEN, "points": "2"}}},
            "reviews['q1'].points: expected int | float, got str",
        ),
        (
            {"schema": SCHEMA, "reviews": {"q1": {**GIVEN, "points": True}}},
            "reviews['q1'].points: expected int | float, got bool",
        ),
        (
            {"schema": SCHEMA, "reviews": {"q1": {**GIVEN, "comment": None}}},
            "reviews['q1'].comment: expected str, got null",
        ),
        (
            {"schema": SCHEMA, "reviews": {"q1": {**GIVEN, "points": -1}}},
            "reviews['q1'].points: -1 is not a number of points",
        ),
        (
            {"schema": SCHEMA, "reviews": {"q1": {**GIVEN, "points": float("nan")}}},
            "reviews['q1'].points: nan is not a number of points",
        ),
        ({"schema": SCHEMA, "reviews": {"q1": {**GIVEN, "points": 10**400}}}, "is not a number of points"),
    ],
    ids=range(16),
)
def test_a_damaged_file_is_named_and_nothing_is_written_over_it(tmp_path: Path, contents: object, why: str) -> None:
    path = put(tmp_path, contents)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="mend it, or move it away to read the answers again") as damaged:
        read_reviews(tmp_path, "ada")
    assert str(path) in str(damaged.value)
    assert why in str(damaged.value)
    assert len(str(damaged.value)) < 800
    with pytest.raises(ValueError, match="mend it"):
        write_review(tmp_path, "ada", "q3", Review(3.0, "", "22"))
    assert path.read_bytes() == before


@given(ANY_JSON, st.sampled_from(["all", "reviews", "review", "points", "comment", "more"]))
def test_any_json_is_read_or_refused(value: Any, place: str) -> None:
    record = {
        "all": value,
        "reviews": {"schema": SCHEMA, "reviews": value},
        "review": {"schema": SCHEMA, "reviews": {"q1": value}},
    }.get(place, {"schema": SCHEMA, "reviews": {"q1": {**GIVEN, place: value}}})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "read_text", lambda *_: json.dumps(record))
        reviews: dict[str, Review] = {}
        message = complaint(lambda: reviews.update(read_reviews(Path("out"), "ada")), ValueError)
    assert message is None or "ada.json cannot be read (" in message
    for review in reviews.values():
        assert 0 <= round(review.points, 2) <= 10_000
        assert {type(each) for each in (review.comment, review.answer, review.reader, review.at)} == {str}
