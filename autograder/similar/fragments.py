"""What two answers share, word by word, to be shown side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from autograder.similar.fingerprints import LENGTH, Hashes, Printed

MOST_PLACES = 16  # at which the same words are looked for; text that repeats one line would have thousands
FOLDED = 3  # lines in a row that everybody was given are folded from so many on


@dataclass(frozen=True)
class Fragment:
    """A run of words that is in both: the place of its first word in each, and how many words it has."""

    one: int
    other: int
    length: int


@dataclass(frozen=True)
class Piece:
    """A part of a line: the number of the fragment it belongs to (0 for none), and whether it begins it."""

    text: str
    fragment: int = 0
    first: bool = False


@dataclass(frozen=True)
class Line:
    """A line of an answer, or, with the number 0, a note that `folded` lines were given to everybody."""

    number: int
    pieces: tuple[Piece, ...] = ()
    folded: int = 0


def fragments(one: Printed, other: Printed, given: Hashes) -> list[Fragment]:
    """The runs of words that are in both texts, in the order of the first; what everybody was given is left out.

    From each place of the first text the longest run is taken that begins there and is not taken yet.
    """
    ours, theirs = one.hashes.tolist(), other.hashes.tolist()
    known = {int(value) for value in np.intersect1d(one.hashes, given)}
    places: dict[int, list[int]] = defaultdict(list)
    for at, value in enumerate(theirs):
        if len(places[value]) < MOST_PLACES:
            places[value].append(at)
    taken = bytearray(len(other.words.words) + 1)
    found: list[Fragment] = []
    at = 0
    while at < len(ours):
        best = Fragment(at, 0, 0)
        for place in places.get(ours[at], ()) if ours[at] not in known else ():
            if any(taken[place : place + LENGTH]):
                continue
            run = 0
            while (
                at + run < len(ours)
                and place + run < len(theirs)
                and ours[at + run] == theirs[place + run]
                and ours[at + run] not in known
                and not taken[place + run + LENGTH - 1]
            ):
                run += 1
            if run + LENGTH - 1 > best.length:
                best = Fragment(at, place, run + LENGTH - 1)
        if best.length:
            found.append(best)
            taken[best.other : best.other + best.length] = b"\1" * best.length
        at += max(best.length, 1)
    return found


def lines(answer: Printed, places: list[tuple[int, int]], given: Collection[str]) -> list[Line]:
    """The lines of an answer with the fragments marked, and what everybody was given folded.

    Args:
        answer: the answer.
        places: of each fragment, in order of its number from 1, its first word's place and how many words it has.
        given: lines of what everybody was given, stripped.
    """
    text, spans = answer.text, answer.words.spans
    marked = sorted(
        (spans[at][0], _with_brackets(text, spans[at + length - 1][1]), number)
        for number, (at, length) in enumerate(places, 1)
    )
    shown: list[Line] = []
    waiting: list[Line] = []
    for line, begin, end in _lines(text):
        pieces = tuple(_pieces(text, begin, end, marked))
        while marked and marked[0][1] <= end:
            marked.pop(0)
        each = Line(line, pieces)
        if not any(piece.fragment for piece in pieces) and text[begin:end].strip() in given:
            waiting.append(each)
            continue
        shown += _folded(waiting)
        waiting = []
        shown.append(each)
    return shown + _folded(waiting)


def _with_brackets(text: str, end: int) -> int:
    """The end of a fragment, after the parentheses that follow it: they are not words, but belong to its last one."""
    while text[end : end + 1] == ")":
        end += 1
    return end


def _folded(waiting: list[Line]) -> list[Line]:
    return waiting if len(waiting) < FOLDED else [Line(0, folded=len(waiting))]


def _lines(text: str) -> Iterator[tuple[int, int, int]]:
    """The lines: number, first character, the one after the last."""
    begin = 0
    for number, line in enumerate(text.split("\n"), 1):
        yield number, begin, begin + len(line)
        begin += len(line) + 1


def _pieces(text: str, begin: int, end: int, marked: list[tuple[int, int, int]]) -> Iterator[Piece]:
    """The parts of a line between these characters; `marked` begins with the first fragment that reaches into it."""
    at = begin
    for first, last, number in marked:
        if first >= end:
            break
        first_here, last_here = max(first, at), min(last, end)
        if first_here >= last_here:
            continue
        if first_here > at:
            yield Piece(text[at:first_here])
        yield Piece(text[first_here:last_here], number, first_here == first)
        at = last_here
    if at < end:
        yield Piece(text[at:end])
