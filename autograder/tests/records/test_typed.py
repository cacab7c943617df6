"""JSON from the disk as dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.records.typed import Damaged, read_json, record_of, typed
from autograder.tests.support.records import ANY_JSON, complaint


@dataclass(frozen=True)
class Leaf:
    name: str
    size: float
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Tree:
    leaves: list[Leaf]
    named: dict[str, Leaf] = field(default_factory=dict)
    pairs: tuple[tuple[int, str], ...] = ()
    best: Leaf | None = None
    counts: dict[str, int | None] = field(default_factory=dict)


class Shape(TypedDict):
    tree: list[int]


LEAF = {"name": "x", "size": 2}


def test_all_that_a_dataclass_can_hold_comes_back() -> None:
    record = {
        "leaves": [LEAF, {"name": "y", "size": 0.5, "kind": "b"}],
        "named": {"a key": LEAF},
        "pairs": [[1, "one"], [2, "two"]],
        "best": LEAF,
        "counts": {"n": None, "m": 3},
    }
    leaf = Leaf("x", 2)
    tree = typed(record, Tree)
    assert tree == Tree(
        [leaf, Leaf("y", 0.5, "b")], {"a key": leaf}, ((1, "one"), (2, "two")), leaf, {"n": None, "m": 3}
    )
    assert isinstance(tree.pairs, tuple)
    assert type(tree.leaves[0].size) is int  # written again, it is 2 and not 2.0
    assert typed({"leaves": []}, Tree) == Tree([])
    assert typed({"a": LEAF}, dict[str, Leaf]) == {"a": leaf}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ([], "expected object, got array"),
        ({}, "it lacks leaves"),
        ({"leaves": [], "more": 1}, "nobody knows its more"),
        ({"leaves": [LEAF, {"name": "x"}]}, "it lacks leaves[1].size"),
        ({"leaves": [LEAF, {**LEAF, "more": 1}]}, "nobody knows its leaves[1].more"),
        ({"leaves": [{**LEAF, "size": "2"}]}, "leaves[0].size: expected int | float, got str"),
        ({"leaves": [{**LEAF, "size": True}]}, "leaves[0].size: expected int | float, got bool"),
        ({"leaves": [{**LEAF, "kind": "c"}]}, "leaves[0].kind: invalid enum value 'c'"),
        ({"leaves": [], "named": {"a": LEAF, "b c": 3}}, "named['b c']: expected object, got int"),
        ({"leaves": [], "named": {"a": LEAF, "b": {**LEAF, "name": 1}}}, "named['b'].name: expected str, got int"),
        ({"leaves": [], "named": {"a": LEAF, "b": {"name": ""}}}, "it lacks named['b'].size"),
        ({"leaves": [], "counts": {"a": None, "\x1b": 1.5}}, "counts['\\x1b']: expected int | null, got float"),
        ({"leaves": [], "pairs": [[1, "one"], [2]]}, "pairs[1]: expected array of length 2, got 1"),
        ({"leaves": [], "best": []}, "best: expected object | null, got array"),
    ],
)
def test_what_is_wrong_is_named(record: Any, why: str) -> None:
    with pytest.raises(Damaged) as damaged:
        typed(record, Tree)
    assert str(damaged.value) == why


def test_the_message_says_where_in_the_file_the_damage_is() -> None:
    with pytest.raises(Damaged, match=r"^it lacks trees\['a'\]\.leaves$"):
        typed({"a": {}}, dict[str, Tree], at="trees")
    with pytest.raises(Damaged, match=r"^trees: expected object, got array$"):
        typed([], Tree, at="trees")
    with pytest.raises(Damaged, match=r"^tree\[1\]: expected int, got str$"):
        typed({"tree": [1, "2"]}, Shape)
    with pytest.raises(Damaged) as damaged:
        typed({"x" * 10_000: 1}, dict[str, Tree])
    assert len(str(damaged.value)) < 300


@given(ANY_JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for kind in (Tree, dict[str, Leaf], list[Tree], Shape):
        assert complaint(partial(typed, value, kind)) != ""


@given(st.dictionaries(st.text(max_size=10), st.booleans()))
def test_the_first_of_the_keys_that_are_wrong_is_named(wrong: dict[str, bool]) -> None:
    """Whatever keys are called."""
    record = {"leaves": [], "named": {key: {**LEAF, "name": 7} if each else LEAF for key, each in wrong.items()}}
    first = next((key for key, each in wrong.items() if each), None)
    expected = None if first is None else f"named[{first!r}].name: expected str, got int"
    assert complaint(partial(typed, record, Tree)) == expected


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff", "codec can't decode"),
        (b"[" * 100_000, "nested too deep"),
        (b"1" * 5000, "limit"),
    ],
)
def test_a_file_that_is_not_json_is_damaged(tmp_path: Path, contents: bytes, why: str) -> None:
    (tmp_path / "file").write_bytes(contents)
    with pytest.raises(Damaged, match=why):
        read_json(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "it is not an object"),
        ([], "it is not an object"),
        ({}, "it lacks schema"),
        ({"schema": "v1"}, "it lacks all"),
        ({"schema": "v2", "all": 1}, "its schema is not v1"),
        ({"schema": ["v1"], "all": 1}, "its schema is not v1"),
    ],
)
def test_a_record_has_its_schema_and_what_it_needs(value: object, why: str) -> None:
    with pytest.raises(Damaged, match=f"^{why}$"):
        record_of(value, "v1", "all")
    assert record_of({"schema": "v1", "all": None, "more": 1}, "v1", "all") == {"schema": "v1", "all": None, "more": 1}
