"""Runs that are kept: found by all that decides them, and never when damaged."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from autograder.grading.kept import Kept
from autograder.grading.report import Accuracy

RUN = Accuracy(64.5, {"plane": 70.0, "car": None}, 0.0, 9.5, [(1, 1.5), (2, 1.25)])
DECIDES = {"network": "a digest", "recipe": {"epochs": 5}}


def test_a_run_is_found_by_all_that_decides_it(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "new")
    assert kept.find(DECIDES) is None
    kept.keep(DECIDES, RUN)
    assert kept.find(DECIDES) == RUN
    assert kept.find({**DECIDES, "recipe": {"epochs": 6}}) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("64.5", "99.5"),
        lambda text: text.replace("a digest", "another"),
        lambda _: "",
        lambda _: "[]",
        lambda text: json.dumps({**json.loads(text), "accuracy": None}),
    ],
)
def test_a_damaged_file_is_none_and_is_replaced(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    kept = Kept(tmp_path)
    kept.keep(DECIDES, RUN)
    (file,) = tmp_path.glob("*.json")
    file.write_text(damage(file.read_text()))
    assert kept.find(DECIDES) is None
    kept.keep(DECIDES, RUN)
    assert kept.find(DECIDES) == RUN


def test_another_runs_file_under_this_name_is_none(tmp_path: Path) -> None:
    kept, other = Kept(tmp_path / "a"), Kept(tmp_path / "b")
    kept.keep(DECIDES, RUN)
    other.keep({"network": "another"}, RUN)
    (mine,), (its,) = tmp_path.glob("a/*.json"), tmp_path.glob("b/*.json")
    mine.write_bytes(its.read_bytes())
    assert kept.find(DECIDES) is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = Kept(tmp_path / "file")
    with kept.alone(DECIDES):
        kept.keep(DECIDES, RUN)
    assert kept.find(DECIDES) is None


def count(folder: Path, into: Path) -> None:
    """Make a run unless it is there, and note that it was made."""
    kept = Kept(folder)
    with kept.alone(DECIDES):
        if kept.find(DECIDES) is None:
            with into.open("a") as file:
                file.write("made\n")
            kept.keep(DECIDES, RUN)


def test_of_two_processes_one_makes_the_run_and_the_other_finds_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(tmp_path / "kept", tmp_path / "made")) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert (tmp_path / "made").read_text() == "made\n"
