"""What lies in a worker's scratch folder is counted and removed, however its student nested and closed it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.sandbox import scratch

DEEP = 1_100  # folders in one another: more than a path can name and Python can recurse


def nested(folder: Path, depth: int) -> None:
    """Make folders in one another, with a file at the bottom."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("nested", dir_fd=place)
        deeper = os.open("nested", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(os.open("note", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)


def test_files_and_folders_are_counted_at_every_depth(tmp_path: Path) -> None:
    for place in ("a", "a/b", "c"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "file").write_bytes(bytes(10_000))
    size, files = scratch.used(tmp_path, 100)
    assert files == 6
    assert 30_000 <= size < 60_000


def test_counting_ends(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).mkdir()
    assert scratch.used(tmp_path, 20)[1] == 21


@pytest.mark.parametrize("depth", [scratch.MAX_DEPTH + 1, DEEP])
def test_what_lies_too_deep_is_too_much(tmp_path: Path, depth: int) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    nested(folder, depth)
    assert scratch.used(folder, 5_000)[1] > 5_000
    scratch.remove(folder)
    assert not folder.exists()


def test_folders_no_deeper_than_allowed_are_not_too_much(tmp_path: Path) -> None:
    nested(tmp_path, scratch.MAX_DEPTH)
    assert scratch.used(tmp_path, 5_000)[1] == scratch.MAX_DEPTH + 1


def test_a_folder_that_cannot_be_looked_into_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    look = os.scandir

    def refusing(place: str) -> object:
        if place.endswith("closed"):
            raise PermissionError(place)  # root, which may run this test, is refused nothing
        return look(place)

    monkeypatch.setattr(os, "scandir", refusing)
    assert scratch.used(tmp_path, 100)[1] > 100


def test_links_and_closed_folders_are_removed_and_nothing_that_links_lead_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "grades.csv").touch()
    folder = tmp_path / "scratch"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "link").symlink_to(outside)
    (folder / "link").symlink_to(outside)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0)
    scratch.remove(folder)
    assert not folder.exists()
    assert (outside / "grades.csv").exists()
    scratch.remove(folder)  # which is gone: nothing to do
