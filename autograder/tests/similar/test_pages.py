"""The pages about similar submissions: links that lead somewhere, marks on both sides, text that stays text."""

from __future__ import annotations

import re
from pathlib import Path

import html5lib
import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.records.results import CLASS_FILE
from autograder.similar.find import find_similar
from autograder.similar.pages import write_similar
from autograder.tests.support.hostile import HOSTILE, unseen
from autograder.tests.support.similar_class import answer, class_of, steps

ASSIGNMENT = course.load()


def written(tmp_path: Path, answers: dict[str, str], rows: int = 40) -> dict[str, str]:
    """The pages about a class with these answers, by name."""
    out, folder = class_of(tmp_path, answers)
    write_similar(out, find_similar(out, ASSIGNMENT, submissions=folder, rows=rows))
    return {path.name: path.read_text("utf-8") for path in sorted((out / "similar").iterdir())}


def tags(page: str) -> list[str]:
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    return [str(each.tag) for each in tree.iter() if isinstance(each.tag, str)]


def test_a_list_of_pairs_and_each_side_by_side(tmp_path: Path) -> None:
    pages = written(tmp_path, {"ann": answer(*steps(1)), "bob": answer(*steps(1)), "cy": answer(*steps(2))})
    assert [*pages] == ["index.html", "pair-001.html", "pairs.csv"]
    assert "Where to look, not what happened" in pages["index.html"]
    assert 'href="pair-001.html"><bdi>ann</bdi> and <bdi>bob</bdi>' in pages["index.html"]
    assert "Q1 100 %" in pages["index.html"]
    side = pages["pair-001.html"]
    assert set(re.findall(r'href="#([^"]+)"', side)) - {"main"} == set(re.findall(r'<a id="([^"]+)"', side))
    assert side.count("lines given to everybody") == 2
    assert side.count("<mark>    x = x.step_1_0(x[1], 0)</mark>") == 2
    assert pages["pairs.csv"].splitlines()[1] == "1,ann,bob,,100,pair-001.html"


def test_no_text_of_a_student_s_becomes_markup(tmp_path: Path) -> None:
    def pages(text: str, folder: str) -> dict[str, str]:
        code = answer(*steps(1), *(f"# {line}" for line in text.splitlines()))
        return written(tmp_path / folder, {"ann": code, f"bob {text[:60].replace('/', '')}": code})

    hostile, harmless = pages("\n".join(each.replace("\0", "") for each in HOSTILE), "hostile"), pages("x\ny", "plain")
    for name in ("index.html", "pair-001.html"):
        assert unseen(hostile[name]) == []
        assert set(tags(hostile[name])) == set(tags(harmless[name]))
    assert "<script" not in "".join(hostile.values())


def test_pages_of_an_earlier_run_are_taken_away_and_nothing_else_is_touched(tmp_path: Path) -> None:
    answers = {name: answer(*steps(at // 2)) for at, name in enumerate(("ann", "bob", "cy", "dan"))}
    out, folder = class_of(tmp_path, answers)
    before = (out / CLASS_FILE).read_bytes()
    write_similar(out, find_similar(out, ASSIGNMENT, submissions=folder))
    assert (out / "similar" / "pair-002.html").exists()
    write_similar(out, find_similar(out, ASSIGNMENT, submissions=folder, rows=1))
    assert sorted(path.name for path in (out / "similar").iterdir()) == ["index.html", "pair-001.html", "pairs.csv"]
    assert {path.name for path in out.iterdir()} == {CLASS_FILE, "similar"}
    assert (out / CLASS_FILE).read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": answer(*steps(1)), "bob": answer(*steps(1))})
    (out / "similar").write_text("in the way")
    with pytest.raises(UnusableRequest, match="similar cannot be written"):
        write_similar(out, find_similar(out, ASSIGNMENT, submissions=folder))
