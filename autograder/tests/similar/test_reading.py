"""Submissions that are compared: from wherever a class has them; what cannot be read stops nobody else's."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.records.results import CLASS_FILE
from autograder.similar.reading import Work, read_earlier, read_works
from autograder.tests.support.similar_class import MODULE, class_of, hand_in

ASSIGNMENT = course.load()


def read(out: Path, folder: Path | None = None) -> tuple[dict[str, Work], list[str]]:
    problems: list[str] = []
    works = read_works(out, ASSIGNMENT, folder, problems)
    return {work.name: work for work in works}, problems


def remember(out: Path, folder: str) -> None:
    """Note where the submissions are, as `class` does."""
    state = json.loads((out / CLASS_FILE).read_text("utf-8"))
    (out / CLASS_FILE).write_text(json.dumps({**state, "folder": folder}))


def test_the_class_s_own_folder_is_known(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": "x = 1", "bob": "x = 2"}, "student,name\nann,Ann\n")
    remember(out, str(folder))
    works, problems = read(out)
    assert {name: work.modules for name, work in works.items()} == {"ann": {"q1": "x = 1"}, "bob": {"q1": "x = 2"}}
    assert problems == []


def test_without_it_or_where_it_is_gone_it_has_to_be_named(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": "x = 1"})
    with pytest.raises(UnusableRequest, match="--submissions"):
        read(out)
    remember(out, str(folder))
    folder.rename(tmp_path / "moved")
    with pytest.raises(UnusableRequest, match="any more: name their folder with --submissions"):
        read(out)
    assert [*read(out, tmp_path / "moved")[0]] == ["ann"]


def test_a_bad_file_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    out, folder = class_of(
        tmp_path,
        {
            "ann": "x = 1",
            "binary": b"\0\xff" * 500,
            "large": "x = 1\n" * 50_000,
            "broken": "def f(:\n  '''",
            "none": "",
        },
    )
    (folder / "empty").mkdir()
    (folder / "bad.zip").write_bytes(b"PK\3\4 no zip file")
    (folder / "link").mkdir()
    (folder / "link" / MODULE).symlink_to("/etc/passwd")
    works, problems = read(out, folder)
    assert works["ann"].modules == {"q1": "x = 1"}
    assert works["broken"].modules == {"q1": "def f(:\n  '''"}
    assert not any(works[name].modules for name in ("binary", "large", "link"))
    assert len(problems) == 2
    assert all("bad.zip" in problem or "empty" in problem for problem in problems)


def test_a_notebook_is_compared_like_a_module(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": "x = 1"})
    cell: dict[str, object] = {
        "cell_type": "code",
        "metadata": {},
        "source": "y = 22",
        "outputs": [],
        "execution_count": None,
    }
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    hand_in(folder, {"nora": json.dumps(book)}, "q1_conv2d.ipynb")
    assert "y = 22" in read(out, folder)[0]["nora"].modules["q1"]


def test_what_a_group_handed_in_is_one_submission(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"submission_1": "x = 1", "submission_2": "x = 2"})
    (folder / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :email: ann@x.org\n  - :email: bob@x.org\n"
        "submission_2:\n  :submitters:\n  - :email: cy@x.org\n"
    )
    works, _ = read(out, folder)
    assert {name: len(work.people) for name, work in works.items()} == {"ann@x.org, bob@x.org": 2, "cy@x.org": 1}


def test_an_earlier_class_is_a_folder_a_zip_file_or_the_results_of_one(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path / "2025", {"ann": "x = 1"})
    remember(out, str(folder))
    with zipfile.ZipFile(tmp_path / "lab 2024.zip", "w") as archive:
        archive.writestr(f"ann/{MODULE}", "x = 1")
    for earlier, year in ((folder, "class"), (tmp_path / "lab 2024.zip", "lab 2024.zip"), (out, "out")):
        works = read_earlier(earlier, ASSIGNMENT, [])
        assert [(work.name, work.year, work.modules) for work in works] == [("ann", year, {"q1": "x = 1"})]
    assert not [path for path in tmp_path.rglob("*") if path.name == ".handed_out"]
    shutil.rmtree(folder)
    with pytest.raises(UnusableRequest, match="not where they were"):
        read_earlier(out, ASSIGNMENT, [])
