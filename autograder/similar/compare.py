"""How much code the answers to a question share, beyond what was given and what many people write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograder.similar.fingerprints import Hashes

LEAST = 12  # fingerprints of its own that an answer needs to be compared; shorter answers are all alike
OTHERS = 30  # people who wrote something else, imagined beside the class: in a small one all would be common otherwise
PRESCRIBED = 4  # one of so many is imagined to have written what is in the course's own answer
DOUBT = 100  # bits; with so many shared, a share counts half as much as one of a very long answer
USUAL = 0.9  # an answer resembles so many of the others to a lesser degree; what it resembles most shows less then
WEIGHT = 0.75  # of that; below 1, or the copies of a whole class would come last
_COLUMNS = 4096  # fingerprints at a time, which bounds the memory

Numbers = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Compared:
    """A question's comparison. Rows are the class's answers, columns all answers; NaN stands for "not compared".

    Attributes:
        share: how much of the shorter of two answers is in both, from 0 to 1; what many wrote counts less.
        rank: the share, brought down where there is little to share, and where either of the two resembles many
            others, too: by this, pairs are put in order.
        short: the number of the class's answers that hold too little code of their own.
        pairs: how many pairs were compared.
        usual, high: the shares that half of all pairs, and all but one in a hundred, stay below.
    """

    share: Numbers
    rank: Numbers
    short: int
    pairs: int
    usual: float
    high: float


def compare(
    answers: Sequence[Hashes], ours: int, given: Hashes, prescribed: Hashes, people: Sequence[frozenset[str]]
) -> Compared:
    """Compare the answers to a question with one another.

    A fingerprint counts for as many bits as it is rare, log₂ of everybody by those who have it: what all write shows
    nothing. What is in the course's own answer counts as if one in `PRESCRIBED` had written it.

    Args:
        answers: fingerprints of the class's answers, then of earlier years'; empty where there is no answer. Earlier
            ones are compared with the class's, not with one another.
        ours: how many are the class's.
        given: hashes of what everybody was given.
        prescribed: hashes of the course's own answer.
        people: for each answer, whose it is. Answers of the same person are not compared.
    """
    own = [np.setdiff1d(kept, given, assume_unique=True) for kept in answers]
    short = sum(answers[at].size > 0 and own[at].size < LEAST for at in range(ours))
    own = [hashes if hashes.size >= LEAST else hashes[:0] for hashes in own]
    known, places, counts = np.unique(np.concatenate(own), return_inverse=True, return_counts=True)
    sizes = np.array([hashes.size for hashes in own])
    everybody = np.count_nonzero(sizes) + OTHERS
    often = np.where(np.isin(known, prescribed), np.maximum(counts, everybody / PRESCRIBED), counts)
    bits = np.log2(everybody / often).astype(np.float32)
    rows = np.repeat(np.arange(len(own)), sizes)
    total = np.bincount(rows, weights=bits[places], minlength=len(own)).astype(np.float32)
    shared = _shared(rows, places.reshape(-1), bits, counts, (ours, len(own)))
    smaller = np.maximum(np.minimum(total[:ours, None], total[None, :]), np.float32(1e-6))
    share = np.minimum(shared / smaller, np.float32(1))
    share[~_comparable(sizes, ours, people)] = np.nan
    values = share[~np.isnan(share)]
    usual, high = (float(value) for value in np.quantile(values, (0.5, 0.99))) if values.size else (0.0, 0.0)
    rank = share * shared / (shared + DOUBT) * (1 - WEIGHT * _conventional(share))
    return Compared(share, rank, short, int(values.size), usual, high)


def _conventional(share: Numbers) -> Numbers:
    """For each pair, how much the one of the two that resembles more of the others does so."""
    ours = len(share)
    known = np.nan_to_num(share)
    known[:, :ours] += known[:, :ours].T
    rows = np.quantile(known, USUAL, axis=1)
    columns = np.concatenate([rows, np.quantile(known[:, ours:], USUAL, axis=0)])
    return np.maximum(rows[:, None], columns[None, :]).astype(np.float32)


def _comparable(sizes: Places, ours: int, people: Sequence[frozenset[str]]) -> npt.NDArray[np.bool_]:
    """Which pairs are compared, each once: (ours, count)."""
    count = sizes.size
    pairs = np.arange(count)[None, :] > np.arange(ours)[:, None]
    pairs &= (sizes[:ours, None] > 0) & (sizes[None, :] > 0)
    answers_of: dict[str, list[int]] = {}
    for at, names in enumerate(people):
        for name in names:
            answers_of.setdefault(name, []).append(at)
    for same in answers_of.values():
        if len(same) > 1:
            pairs[np.ix_([at for at in same if at < ours], same)] = False
    return pairs


def _shared(rows: Places, places: Places, bits: Numbers, counts: Places, shape: tuple[int, int]) -> Numbers:
    """How many bits of fingerprints each of the class's answers shares with each answer, in this shape.

    Args:
        rows: of each fingerprint of each answer, the answer.
        places: the fingerprint's place in `bits` and `counts`.
        bits, counts: of each fingerprint, its weight and the number of answers that have it.
        shape: the numbers of the class's answers and of all.
    """
    ours, count = shape
    column = np.cumsum(counts > 1) - 1  # only what is in several answers can be shared
    inside = counts[places] > 1
    columns, rows = column[places[inside]], rows[inside]
    weights = bits[counts > 1]
    order = np.argsort(columns, kind="stable")
    columns, rows = columns[order], rows[order]
    shared = np.zeros(shape, np.float32)
    for begin in range(0, weights.size, _COLUMNS):
        end = min(begin + _COLUMNS, weights.size)
        first, last = np.searchsorted(columns, (begin, end))
        has = np.zeros((count, end - begin), np.float32)
        has[rows[first:last], columns[first:last] - begin] = 1
        shared += (has[:ours] * weights[begin:end]) @ has.T
    return shared
