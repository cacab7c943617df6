"""Shares: of what counts and what does not, and who is compared with whom."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.similar.compare import LEAST, Compared, compare
from autograder.similar.fingerprints import Hashes

NOTHING = np.zeros(0, np.uint64)


def prints(*ranges: tuple[int, int]) -> Hashes:
    return np.unique(np.concatenate([np.arange(*each, dtype=np.uint64) for each in ranges] or [NOTHING]))


def compared(
    answers: list[Hashes], ours: int | None = None, given: Hashes = NOTHING, prescribed: Hashes = NOTHING,
    people: list[str] | None = None,
) -> Compared:  # fmt: skip
    names = people or [str(at) for at in range(len(answers))]
    return compare(
        answers, len(answers) if ours is None else ours, given, prescribed, [frozenset([name]) for name in names]
    )


def test_the_share_is_of_the_shorter_one_whatever_is_added_to_the_other() -> None:
    found = compared([prints((0, 50)), prints((0, 50), (100, 300)), prints((400, 450))])
    assert found.share[0, 1] == pytest.approx(1)
    assert found.share[0, 2] == found.share[1, 2] == 0
    assert found.pairs == 3


def test_a_pair_is_compared_once_and_nobody_with_themselves() -> None:
    found = compared([prints((0, 50))] * 3)
    assert np.isnan(found.share[np.tril_indices(3)]).all()
    assert not np.isnan(found.share[np.triu_indices(3, 1)]).any()


def test_what_everybody_was_given_does_not_count() -> None:
    one, other = prints((0, 100), (200, 300)), prints((0, 100), (400, 500))
    assert compared([one, other]).share[0, 1] > 0.3
    assert compared([one, other], given=prints((0, 100))).share[0, 1] == 0


def test_what_many_wrote_counts_for_little() -> None:
    own = [prints((0, 50), (1000 * at, 1000 * at + 50)) for at in range(1, 101)]
    rare = [prints((0, 50), (200_000, 200_050))] * 2
    found = compared([*own, *rare])
    assert found.share[0, 1] < 0.1  # half of their fingerprints, which everybody has
    assert found.share[100, 101] == pytest.approx(1)
    assert found.rank[100, 101] > 10 * found.rank[0, 1]
    assert found.usual < 0.1


def test_what_the_course_s_answer_has_counts_less() -> None:
    one, other = prints((0, 50), (100, 150)), prints((0, 50), (200, 250))
    plain = compared([one, other]).share[0, 1]
    assert compared([one, other], prescribed=prints((0, 50))).share[0, 1] < 0.7 * plain


def test_two_answers_with_little_in_them_come_after_two_long_ones() -> None:
    short, long = prints((0, 20)), prints((100, 400))
    found = compared([short, short, long, long])
    assert (found.share[0, 1], found.share[2, 3]) == pytest.approx((1, 1), rel=1e-5)  # float32
    assert found.rank[0, 1] < 0.7 * found.rank[2, 3]


def test_too_short_an_answer_is_counted_and_not_compared() -> None:
    found = compared([prints((0, LEAST - 1)), prints((0, LEAST - 1)), prints((0, LEAST)), NOTHING])
    assert np.isnan(found.share).all()
    assert (found.short, found.pairs) == (2, 0)


def test_earlier_answers_are_compared_with_the_class_s_only() -> None:
    found = compared([prints((0, 50)), *[prints((0, 40))] * 2], ours=1)
    assert found.share.shape == (1, 3)
    assert (found.share[0, 1:] > 0.9).all()
    assert found.pairs == 2


def test_somebody_s_own_earlier_work_is_not_a_pair() -> None:
    found = compared([prints((0, 50)), prints((0, 50)), prints((0, 50))], ours=2, people=["ann", "bob", "ann"])
    assert np.isnan(found.share[0, 2])
    assert found.share[1, 2] == pytest.approx(1)


def test_sums_do_not_depend_on_how_many_fingerprints_are_taken_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    answers = [np.unique(draw.integers(0, 400, 150).astype(np.uint64)) for _ in range(20)]
    whole = compared(answers, ours=12).share
    monkeypatch.setattr("autograder.similar.compare._COLUMNS", 7)
    np.testing.assert_allclose(compared(answers, ours=12).share, whole, rtol=1e-5)
    one, other = set(answers[3].tolist()), set(answers[17].tolist())
    often = {value: sum(value in set(each.tolist()) for each in answers) for value in one | other}
    bits = {value: np.log2((20 + 30) / count) for value, count in often.items()}
    expected = sum(bits[value] for value in one & other) / min(sum(bits[v] for v in one), sum(bits[v] for v in other))
    assert whole[3, 17] == pytest.approx(expected, rel=1e-4)


def test_there_may_be_no_answers_at_all() -> None:
    assert compared([NOTHING, NOTHING]).pairs == 0


def test_an_answer_that_resembles_many_others_comes_after_one_that_resembles_a_single_one() -> None:
    conventional = [prints((0, 60), (1000 * at, 1000 * at + 40)) for at in range(1, 41)]
    pair = [prints((50_000, 50_060), (60_000 + 1000 * at, 60_040 + 1000 * at)) for at in range(2)]
    others = [prints((900_000 + 1000 * at, 900_100 + 1000 * at)) for at in range(60)]
    found = compared([*conventional, *pair, *others])
    assert found.rank[40, 41] / found.share[40, 41] > 1.1 * found.rank[0, 1] / found.share[0, 1]


def test_the_copies_of_a_whole_class_are_listed_all_the_same() -> None:
    assert np.nanmin(compared([prints((0, 200))] * 5).rank) > 0
