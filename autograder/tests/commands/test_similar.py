"""The command `similar`: what it prints, and what it says of what it cannot use."""

from __future__ import annotations

from pathlib import Path

from autograder.tests.support.commands import run
from autograder.tests.support.similar_class import answer, class_of, hand_in, steps


def test_it_names_the_first_pairs_and_where_the_pages_are(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": answer(*steps(1)), "bob": answer(*steps(1)), "cy": "x = ("})
    (folder / "bad.zip").write_bytes(b"no zip file")
    earlier = hand_in(tmp_path / "2025", {"dan": answer(*steps(1))})
    done = run("similar", str(out), "--submissions", str(folder), "--earlier", str(earlier))
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Left out: ")
    assert "bad.zip" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "3 submissions compared with one another, and with 1 earlier one."
    assert "half share less than" in lines[1]
    assert lines[2:5] == [f"{at}. {who}: q1 100%" for at, who in enumerate(PAIRS, 1)]
    assert lines[5] == f"3 pairs, side by side: {out}/similar/index.html"


PAIRS = ("ann and bob", "ann and dan (2025)", "bob and dan (2025)")


def test_a_folder_without_a_class_is_a_line(tmp_path: Path) -> None:
    done = run("similar", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no class" in done.stderr
