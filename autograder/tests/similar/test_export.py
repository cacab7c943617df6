"""The submissions as JPlag and Dolos read them: JPlag's root, base and old folders, Dolos's info.csv."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.similar.export import export
from autograder.similar.find import find_similar
from autograder.tests.support.similar_class import answer, class_of, hand_in, steps


def test_a_folder_for_each_question(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": answer(*steps(1)), "=bob": answer(*steps(2))})
    earlier = hand_in(tmp_path / "lab 2025", {"ann": answer(*steps(3))})
    similar = find_similar(out, course.load(), submissions=folder, earlier=[earlier])
    lines = export(tmp_path / "dest", similar)
    assert [path.name for path in (tmp_path / "dest").iterdir()] == ["q1_conv2d"]
    root = tmp_path / "dest" / "q1_conv2d"
    assert (root / "base" / "q1_conv2d.py").read_bytes() == (course.STUBS / "q1_conv2d.py").read_bytes()
    assert (root / "class" / "ann" / "q1_conv2d.py").read_text("utf-8") == answer(*steps(1))
    assert (root / "earlier" / "lab-2025-ann" / "q1_conv2d.py").read_text("utf-8") == answer(*steps(3))
    assert len([*(root / "class").iterdir()]) == 2  # a folder for each submission, as JPlag counts them
    with (root / "info.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [*rows[0]] == ["filename", "full_name", "label", "created_at"]
    assert all((root / row["filename"]).is_file() for row in rows)
    assert sorted((row["full_name"], row["label"]) for row in rows) == [("'=bob", ""), ("ann", ""), ("ann", "lab 2025")]
    assert "-bc base -new class -old earlier" in lines[1]
    assert "-i base/q1_conv2d.py info.csv" in lines[2]


def test_it_goes_into_a_folder_of_its_own(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": answer(*steps(1)), "bob": answer(*steps(2))})
    with pytest.raises(UnusableRequest, match="is there already"):
        export(folder, find_similar(out, course.load(), submissions=folder))
