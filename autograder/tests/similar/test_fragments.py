"""What two answers share, marked: the same words on both sides, each once, in the lines where they stand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.similar.fingerprints import LENGTH, Printed, fingerprint
from autograder.similar.fragments import Fragment, Line, fragments, lines

NOTHING = np.zeros(0, np.uint64)
RUN = "a = b.first(c, 1) + d.second(e, 2)\nf = g[3] * h.third(4)"


def marked(found: list[Line]) -> dict[int, str]:
    """The text of each fragment."""
    texts: dict[int, str] = {}
    for line in found:
        for piece in line.pieces:
            if piece.fragment:
                texts[piece.fragment] = texts.get(piece.fragment, "") + piece.text + "\n"
    return {number: text.removesuffix("\n") for number, text in texts.items()}


def shown(one: Printed, found: list[Fragment], given: set[str] | None = None) -> list[Line]:
    return lines(one, [(each.one, each.length) for each in found], given or set())


def test_a_run_is_marked_where_it_stands_and_nothing_around_it() -> None:
    one = fingerprint(f"before = 1\n{RUN}\nreturn after")
    other = fingerprint(f"while other:\n    {RUN.replace(chr(10), chr(10) + '    ').replace('a =', 'z =')}\nx.end()")
    found = fragments(one, other, NOTHING)
    assert len(found) == 1
    assert marked(shown(one, found)) == {1: RUN}


def test_runs_in_another_order_are_found_as_well() -> None:
    first, second = RUN, RUN.replace("first", "fourth").replace("third", "fifth")
    one, other = fingerprint(f"{first}\nif x: pass\n{second}"), fingerprint(f"{second}\nwhile y: pass\n{first}")
    found = fragments(one, other, NOTHING)
    assert len(found) == 2
    assert found[0].one < found[1].one
    assert found[0].other > found[1].other


def test_what_was_given_is_not_marked() -> None:
    one, other = fingerprint(RUN), fingerprint(f"x = 1\n{RUN}")
    assert fragments(one, other, fingerprint(RUN).hashes) == []


WORDS = st.lists(st.sampled_from(["if", "1", "2", "+", "x.y", "z", "\n", "'''", "#"]), max_size=80).map(" ".join)


@given(WORDS, WORDS)
@settings(max_examples=100, deadline=None)
def test_fragments_are_equal_on_both_sides_and_do_not_overlap(a: str, b: str) -> None:
    one, other = fingerprint(a), fingerprint(b)
    found = fragments(one, other, NOTHING)
    taken: set[tuple[str, int]] = set()
    for each in found:
        assert each.length >= LENGTH
        words = [side.words.words[at : at + each.length] for side, at in ((one, each.one), (other, each.other))]
        assert words[0] == words[1]
        places = {("one", each.one + at) for at in range(each.length)}
        places |= {("other", each.other + at) for at in range(each.length)}
        assert not places & taken
        taken |= places
    if not found:
        assert np.intersect1d(one.hashes, other.hashes).size == 0
    for side, runs in ((one, [(f.one, f.length) for f in found]), (other, [(f.other, f.length) for f in found])):
        pieces = lines(side, runs, set())
        assert "\n".join("".join(piece.text for piece in line.pieces) for line in pieces) == side.text
        firsts = [piece.fragment for line in pieces for piece in line.pieces if piece.first]
        assert sorted(firsts) == list(range(1, len(found) + 1))


def test_one_line_over_and_over_is_one_fragment() -> None:
    one, other = fingerprint("x = y\n" * 5000), fingerprint("x = y\n" * 6000)
    assert [each.length for each in fragments(one, other, NOTHING)] == [15_000]


def test_lines_that_everybody_was_given_are_folded_where_there_are_several() -> None:
    one = fingerprint("given\n\ngiven too\nown\ngiven\nown")
    found = shown(one, [], {"given", "given too", ""})
    assert [(line.number, line.folded) for line in found] == [(0, 3), (4, 0), (5, 0), (6, 0)]
