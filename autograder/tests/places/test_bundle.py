"""The files that grading needs: enough of them, no more, the same every time."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.grading.digests import grader_digest
from autograder.places.bundle import grader_files, write_folder, zipped


def test_the_bundle_grades_by_itself(tmp_path: Path) -> None:
    write_folder(tmp_path / "grader", grader_files(public=True))
    command = [sys.executable, "-m", "autograder", "grade", str(course.SOLUTIONS), "--question", "q2", "--json"]
    done = subprocess.run(
        [*command, str(tmp_path / "report.json")],
        cwd=tmp_path / "grader",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "5 of 5 points" in done.stdout
    # The grader is identified by its hash, which is the same in the bundle as here.
    assert grader_digest() in (tmp_path / "report.json").read_text("utf-8")


@pytest.mark.parametrize("asked", [["class", ".", "--out", "out"], ["grade", ".", "--html", "page.html"], ["verify"]])
def test_what_the_bundle_cannot_do_it_says_at_once(tmp_path: Path, asked: list[str]) -> None:
    write_folder(tmp_path / "grader", grader_files())
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *asked],
        cwd=tmp_path / "grader",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run the command in the course's checkout" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_solution_and_no_bank_goes_along() -> None:
    names = set(grader_files(public=True))
    assert "autograder/hidden/test_q1_conv2d.py" in names
    assert not [
        name for name in names if name.startswith(("solutions/", "autograder/evidence/bank/", "autograder/tests/"))
    ]
    assert grader_files().keys() - names == {"solutions/explanations.md", "autograder/secret.key"}


def test_a_zip_file_of_the_same_files_is_the_same() -> None:
    files = grader_files()
    archive = zipped(files, executable=["conftest.py"])
    assert archive == zipped(dict(reversed(files.items())), executable=["conftest.py"])
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert read.namelist() == sorted(files)
        assert read.getinfo("conftest.py").external_attr >> 16 == 0o100755
        assert read.read("requirements.txt") == files["requirements.txt"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UnusableRequest, match="there already"):
        write_folder(tmp_path, {"a": b""})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
