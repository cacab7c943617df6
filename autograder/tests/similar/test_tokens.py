"""Words of code: the same for a copy in disguise, others for other code, and no text is too odd."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.similar.tokens import without_comments, words_of


def words(text: str) -> list[str]:
    return list(words_of(text).words)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("height = image.shape[2]", "h=x.shape [ 2 ]  # the height"),
        ("out += part", "result = (result + piece)"),
        ("y = nn.functional.pad(x, (1, 1))", "y = F.pad(\n    x,\n    (1, 1)\n)"),
        ("def f(x):\n    '''Mine.'''\n    return x", "def g(img):\n  # other words\n  return img"),
        ("import numpy as np\nx = 1", "from torch import nn\nx = 1"),
        ("self.first = self.second(x)", "self.conv = self.linear(y)"),
        ("a = 1; b = 2", "a = 1\nb = 2"),
        ("print(f'{x}')", 'print("...")'),
    ],
)
def test_a_disguise_makes_no_difference(one: str, other: str) -> None:
    assert words(one) == words(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x.flatten(1)", "x.reshape(1)"),
        ("a + b", "a - b"),
        ("conv(x, stride=2)", "conv(x, padding=2)"),
        ("for i in x: y(i)", "while x: y(i)"),
        ("x[2]", "x[3]"),
        ("max(x)", "min(x)"),
    ],
)
def test_other_code_has_other_words(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_each_word_knows_where_it_is_from() -> None:
    text = "total += F.pad(x, 1)  # comment\n'''left out'''\nreturn  total"
    found = words_of(text)
    assert [(word, text[first:last]) for word, (first, last) in zip(found.words, found.spans, strict=True)] == [
        *[("N", "total"), ("=", "+="), ("N", "+="), ("+", "+=")],
        *[(".pad", "F.pad"), ("N", "x"), (",", ","), ("1", "1"), ("return", "return"), ("N", "total")],
    ]


@given(st.text(st.sampled_from("ab1_.\"'\\#()[]{};=+\n \t\fé²\0"), max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_has_words_in_order(text: str) -> None:
    found = words_of(text)
    assert len(found.words) == len(found.spans)
    assert all(0 <= first < last <= len(text) for first, last in found.spans)
    assert list(found.spans) == sorted(found.spans)
    assert without_comments(text).count("\n") == text.count("\n")
    assert words(without_comments(text)) == words(text)


@pytest.mark.parametrize("text", ["'''\\", "'\"\\", "(", ".a", "a.", "self.", "rb", "\\\n", "x += ", "\t"])
def test_a_text_that_repeats_something_to_its_end_is_read(text: str) -> None:
    assert len(words_of(text * 20_000).words) <= 80_000


def test_comments_and_docstrings_are_taken_out_and_lines_stay_where_they_are() -> None:
    text = 'def f(x):\n    """By Ann.\n\n    Of group 3."""\n    y = "#1"  # Ann\n    return (y,  # Ann\n        x)\n'
    lines = [line.rstrip() for line in without_comments(text).split("\n")]
    assert lines == ["def f(x):", "", "", "", '    y = "#1"  #', "    return (y,  #", "        x)", ""]
