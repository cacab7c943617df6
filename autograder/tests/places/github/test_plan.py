"""Who is graded, and how a class is shared among jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.errors import UnusableRequest
from autograder.places.github.plan import MAX_SHARDS, read_plan, shard_count


@pytest.mark.parametrize(("students", "shards"), [(1, 1), (25, 1), (26, 2), (1000, MAX_SHARDS)])
def test_a_class_of_any_size_gets_a_sensible_number_of_shards(students: int, shards: int) -> None:
    assert shard_count(students) == shards


def test_shards_share_the_class_among_them(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student\n" + "".join(f"s {number}/\n" for number in range(10)))
    plan = read_plan(roster)
    parts = [plan.part(f"{number}/3") for number in (1, 2, 3)]
    assert sorted(entry.key for part in parts for entry in part) == [entry.key for entry in plan.entries]
    assert [len(part) for part in parts] == [4, 3, 3]
    assert plan.entries[3].key == "0004-s-3"
    assert shard_count(10, "40") == 10


@pytest.mark.parametrize("shard", ["0/3", "4/3", "a", "1/0", ""])
def test_a_shard_that_is_not_one_is_refused(tmp_path: Path, shard: str) -> None:
    (tmp_path / "roster.csv").write_text("student\nada\n")
    with pytest.raises(UnusableRequest, match="is not a part of a class"):
        read_plan(tmp_path / "roster.csv").part(shard)


@pytest.mark.parametrize("wanted", ["0", "257", "many", "-1"])
def test_a_matrix_that_github_would_not_take_is_refused(wanted: str) -> None:
    with pytest.raises(UnusableRequest, match="is not a number from 1 to 256"):
        shard_count(5, wanted)


def test_only_some_students_and_who_is_unknown(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student\nada\nBob\ncleo\n")
    plan = read_plan(roster, "cleo, bob,zoe")
    assert [(entry.key, entry.student.student) for entry in plan.entries] == [
        ("0002-Bob", "Bob"),
        ("0003-cleo", "cleo"),
    ]
    assert plan.problems == ("zoe: the roster has no such student.",)
    with pytest.raises(UnusableRequest, match="zoe: the roster has no such student"):
        read_plan(roster, "zoe")
    roster.write_text("student\n")
    with pytest.raises(UnusableRequest, match="names no student"):
        read_plan(roster)
