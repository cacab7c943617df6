"""Fingerprints of code: hashes of a few words in a row, of which winnowing keeps a part.

The method is Schleimer's, Wilkerson's and Aiken's ("Winnowing: local algorithms for document fingerprinting", SIGMOD
2003): of every `WINDOW` neighbouring hashes the smallest is kept. Whatever two texts share over `LENGTH + WINDOW - 1`
words has a fingerprint in common, and nothing shorter than `LENGTH` words has one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from autograder.similar.tokens import Words, words_of

LENGTH = 8  # words of a fingerprint
WINDOW = 4  # neighbouring fingerprints of which at least one is kept

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Printed:
    """A module with its fingerprints.

    Attributes:
        text: the module's.
        words: its words.
        hashes: one for the words from each place on, in order.
        kept: the distinct ones that winnowing keeps, sorted.
    """

    text: str
    words: Words
    hashes: Hashes
    kept: Hashes


def fingerprint(text: str) -> Printed:
    """The fingerprints of a module; the same on every machine."""
    words = words_of(text)
    hashes = _hashes(words.words)
    return Printed(text, words, hashes, _winnowed(hashes))


def _hashes(words: tuple[str, ...]) -> Hashes:
    if len(words) < LENGTH:
        return np.zeros(0, np.uint64)
    codes = np.fromiter(map(_code, words), np.uint64, len(words))
    places = len(words) - LENGTH + 1
    total = np.zeros(places, np.uint64)
    for at in range(LENGTH):  # unsigned numbers wrap around
        total = total * np.uint64(0x9E3779B97F4A7C15) + codes[at : at + places]
    total ^= total >> np.uint64(29)
    return total * np.uint64(0xBF58476D1CE4E5B9)


@lru_cache(maxsize=50_000)
def _code(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _winnowed(hashes: Hashes) -> Hashes:
    if hashes.size <= WINDOW:
        return np.unique(hashes)
    return np.unique(np.lib.stride_tricks.sliding_window_view(hashes, WINDOW).min(axis=1))
