"""Fingerprints: what two texts share over a certain length is found, shorter runs are not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.similar.fingerprints import LENGTH, WINDOW, fingerprint

NUMBERS = st.lists(st.integers(0, 9), max_size=40)


def text(numbers: list[int], of: int) -> str:
    """Numbers as words, which those of another text never are."""
    return "\n".join(f"{of}{number}" for number in numbers)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.lists(st.integers(0, 9), min_size=LENGTH + WINDOW - 1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_long_common_run_has_a_fingerprint_in_both(
    a: list[int], b: list[int], c: list[int], d: list[int], both: list[int]
) -> None:
    one = fingerprint("\n".join([text(a, 1), text(both, 3), text(b, 1)]))
    other = fingerprint("\n".join([text(c, 2), text(both, 3), text(d, 2)]))
    assert np.intersect1d(one.kept, other.kept).size > 0


@given(NUMBERS, NUMBERS, st.lists(st.integers(0, 9), max_size=LENGTH - 1))
@settings(max_examples=60, deadline=None)
def test_a_short_one_has_none(a: list[int], b: list[int], both: list[int]) -> None:
    one = fingerprint("\n".join([text(a, 1), text(both, 3), text(b, 1)]))
    other = fingerprint("\n".join([text(a, 2), text(both, 3), text(b, 2)]))
    assert np.intersect1d(one.hashes, other.hashes).size == 0


def test_winnowing_keeps_a_part_of_them() -> None:
    printed = fingerprint("\n".join(f"x{at} = y[{at}]" for at in range(500)))
    assert printed.kept.size < 0.5 * np.unique(printed.hashes).size
    assert set(printed.kept.tolist()) <= set(printed.hashes.tolist())


def test_they_are_the_same_on_every_machine_and_every_python() -> None:
    assert fingerprint("def f(x):\n    return [each + 1 for each in x]\n").hashes.tolist()[0] == 13918514009410034231
