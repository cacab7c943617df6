"""What nbgrader is given of a notebook that was handed in, whatever is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.nbgraderformat import MetadataValidator

from autograder.intake.notebook import MAX_NOTEBOOK_BYTES
from autograder.places.nbgrader.cells import ADDED_BACK, GivenCell, restored
from autograder.places.nbgrader.feedback import cell_output
from autograder.places.nbgrader.pages import markdown2html
from autograder.places.nbgrader.submitted import take_in
from autograder.tests.support.nbgrader_course import Notebook, name_of

TESTS = 'check("q1")\n### BEGIN HIDDEN TESTS\nhidden("q1")\n### END HIDDEN TESTS'
GIVEN = [
    GivenCell("setup", "code", "# setup", "0" * 32, None, solution=False, locked=True),
    GivenCell("q1-code", "code", "# TODO", "1" * 32, None, solution=True, locked=False),
    GivenCell("q1-hidden", "code", TESTS, "2" * 32, 12.0, solution=False, locked=True),
    GivenCell("q1-written", "markdown", "*Your answer here.*", "3" * 32, 4.0, solution=True, locked=False),
]
RELEASED = {"setup": "# setup", "q1-code": "x = 1", "q1-hidden": 'check("q1")', "q1-written": "Because."}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def handed_in(folder: Path, notebook: Notebook | bytes) -> tuple[Notebook, str]:
    path = folder / "q1_conv2d.ipynb"
    path.write_bytes(notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode())
    return take_in(path)


def cell(name: str, source: str | None = None, **metadata: object) -> Notebook:
    make = new_markdown_cell if name == "q1-written" else new_code_cell
    nbgrader = {"nbgrader": {"grade_id": name, **metadata}} if name else {}
    return make(RELEASED.get(name, "") if source is None else source, metadata=nbgrader)


def put_right(*cells: Notebook) -> tuple[dict[str, str], list[str], list[str]]:
    """Sources of the course's cells by name, the names in order ("" for others), and the remarks."""
    ordered, remarks = restored(list(cells), GIVEN)
    notebook = new_notebook(cells=ordered)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    for found in ordered:
        known = next((known for known in GIVEN if known.name == name_of(found)), None)
        if known is not None:
            assert found.metadata.nbgrader.get("points") == known.points
            assert found.metadata.nbgrader.solution is known.solution
            assert found.metadata.nbgrader.checksum == known.checksum
    return {name_of(each): each.source for each in ordered if name_of(each)}, [*map(name_of, ordered)], remarks


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        (b"", "is not a valid notebook"),
        (b"{this is not a notebook", "is not a valid notebook"),
        (b"[" * 100_000, "is not a valid notebook"),
        (b"\xff\xfe\x00", "is not a valid notebook"),
        (b'{"cells": {}, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "is not a valid notebook"),
        (b'{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}', "is not a valid notebook"),
        (b" " * (MAX_NOTEBOOK_BYTES + 1), "clear its outputs and save it again"),
        (json.dumps(new_notebook(metadata={"language_info": {"name": "R"}})).encode(), "another language"),
    ],
)
def test_a_notebook_that_cannot_be_used_says_why_and_stops_nobody(
    tmp_path: Path, contents: bytes, problem: str
) -> None:
    notebook, message = handed_in(tmp_path, contents)
    assert message.startswith("q1_conv2d.ipynb ")
    assert problem in message
    assert problem in notebook.cells[0].source
    assert len(notebook.cells) == 1
    nbformat.validate(notebook)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    source = tmp_path / "source.ipynb"
    source.write_text(json.dumps(new_notebook(cells=[new_code_cell("the answer")])), "utf-8")
    (tmp_path / "q1_conv2d.ipynb").symlink_to(source)
    notebook, message = take_in(tmp_path / "q1_conv2d.ipynb")
    assert "is a link" in message
    assert "the answer" not in json.dumps(notebook)


def test_only_the_text_of_a_notebooks_cells_goes_on(tmp_path: Path) -> None:
    outputs = [new_output("display_data", data={"text/html": "<script>evil()</script>"})]
    attachments = {
        "a.png": {"image/png": PIXEL, "text/html": "<script>evil()</script>", "image/gif": '"><script>evil()</script>'},
        "b": {"image/svg+xml": "<svg onload=evil()>"},
    }
    before = new_notebook(
        cells=[
            new_code_cell("x = 1", outputs=outputs, metadata={"nbgrader": {"grade_id": "q1-code", "points": 99}}),
            new_markdown_cell("See ![](attachment:a.png)", attachments=attachments, metadata={"evil": "evil()"}),
            new_raw_cell("<script>in a raw cell</script>"),
        ],
        metadata={"widgets": {"evil": "evil()"}, "title": "evil()"},
    )
    notebook, problem = handed_in(tmp_path, before)
    nbformat.validate(notebook)
    assert problem == ""
    assert "evil" not in json.dumps(notebook)
    assert [each.source for each in notebook.cells[:2]] == ["x = 1", "See ![](attachment:a.png)"]
    assert notebook.cells[0].metadata == {"nbgrader": {"grade_id": "q1-code"}}
    assert notebook.cells[1].attachments == {"a.png": {"image/png": PIXEL}}
    assert notebook.cells[2].source.startswith("```text\n")


@pytest.mark.parametrize("name", [None, 7, ["q1-code"], {"a": 1}])
def test_names_of_cells_may_be_anything(tmp_path: Path, name: object) -> None:
    odd = new_notebook(cells=[new_code_cell("x = 1")])
    odd.cells[0].metadata["nbgrader"] = {"grade_id": name}
    notebook, _ = handed_in(tmp_path, odd)
    assert notebook.cells[0].metadata == {}


def test_what_is_in_order_stays_as_it_is() -> None:
    sources, names, remarks = put_right(*map(cell, RELEASED))
    assert sources == {**RELEASED, "q1-hidden": TESTS}
    assert names == [*RELEASED]
    assert remarks == []


def test_a_cell_that_is_missing_is_added_back_where_it_belongs() -> None:
    sources, names, remarks = put_right(cell("q1-code"), cell("", "# my own"))
    assert names == ["setup", "q1-code", "q1-hidden", "q1-written", ""]
    assert sources["q1-hidden"] == TESTS
    # Not the template, which would be 0 points at once: the answer may stand in a cell without a name.
    assert sources["q1-written"] == f"{ADDED_BACK}\n\n*Your answer here.*"
    assert [remark.split()[2] for remark in remarks] == ["setup", "q1-hidden", "q1-written"]


def test_tests_come_after_the_code_of_a_notebook_that_lost_all_names() -> None:
    _, names, _ = put_right(cell("", "x = 1"), cell("", "y = 2"))
    assert names == ["setup", "", "", "q1-hidden", "q1-written"]


def test_a_test_cell_that_was_changed_is_the_courses_own_again() -> None:
    changed = cell("q1-hidden", "2 + 3", grade=False, solution=True, points=1000, schema_version=1, task=True)
    sources, _, remarks = put_right(cell("setup"), cell("q1-code"), changed, cell("q1-written"))
    assert sources["q1-hidden"] == TESTS
    assert remarks == ["the cell q1-hidden was changed; the course's own counts."]


def test_of_several_cells_with_one_name_the_one_that_was_written_into_counts() -> None:
    twice = [cell("q1-written", "Because."), cell("q1-written", "*Your answer here.*")]
    sources, names, remarks = put_right(cell("setup"), cell("q1-code"), cell("q1-hidden"), cell("q1-hidden"), *twice)
    assert sources["q1-written"] == "Because."
    assert sorted(names) == ["", "", "q1-code", "q1-hidden", "q1-written", "setup"]
    assert [remark.split()[2:] for remark in remarks] == [
        ["q1-hidden", "is", "there", "2", "times;", "one", "of", "them", "counts."],
        ["q1-written", "is", "there", "2", "times;", "one", "of", "them", "counts."],
    ]


def test_a_written_answer_in_a_cell_for_code_is_a_written_answer() -> None:
    turned = new_code_cell("Because.", metadata={"nbgrader": {"grade_id": "q1-written"}})
    sources, _, remarks = put_right(cell("setup"), cell("q1-code"), cell("q1-hidden"), turned)
    assert sources["q1-written"] == "Because."
    assert remarks == ["the cell q1-written has become a code cell; its text is taken as the written answer."]


@pytest.mark.parametrize("make", [new_markdown_cell, new_raw_cell])
def test_an_answer_in_a_cell_for_text_is_code(tmp_path: Path, make: Callable[..., Any]) -> None:
    """As it was typed: a raw cell's text, too, which as text of the student's own would be shown in a frame."""
    turned = make("x = '<b>1</b>'", metadata={"nbgrader": {"grade_id": "q1-code"}})
    notebook, _ = handed_in(
        tmp_path, new_notebook(cells=[cell("setup"), turned, cell("q1-hidden"), cell("q1-written")])
    )
    sources, _, remarks = put_right(*notebook.cells)
    assert sources["q1-code"] == "x = '<b>1</b>'"
    assert remarks == ["the cell q1-code is not a code cell any more; its text is taken as code."]


def test_feedback_is_text_that_nothing_obeys() -> None:
    test = {"name": "a\x1b[2J", "status": "failed", "visibility": "public", "score": 0, "max_score": 2}
    question = {"id": "q1", "title": "Conv2d", "tests": [{**test, "message": "one\ntwo \x1b[31m\u202e"}]}
    text = cell_output(question, "public")
    assert text.splitlines()[0] == "Q1 Conv2d, public tests: 0 of 2 points"
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "      two \\x1b[31m\\u202e" in text
    assert cell_output(question, "hidden") == "Q1 Conv2d, hidden tests: 0 of 0 points\n"


@pytest.mark.parametrize(
    "source",
    [
        "<script>evil()</script>",
        "<img src=x onerror=evil()>",
        "<svg onload=evil()></svg>",
        "[a](javascript:evil())",
        "[a](data:text/html,evil())",
        "![a](https://evil/picture.png)",
        "![a](data:image/svg+xml;base64,evil)",
        "![a](../../gradebook.png 'evil')",
        '<p style="evil" class="panel evil" id="evil">',
        "<iframe src='https://evil'></iframe>",
        "<form action='https://evil'><input name=evil></form>",
        "$<script>evil()</script>$",
        "<a href='&#106;avascript:evil()'>a</a>",
        "```html\n<script>evil()</script>\n```",
    ],
)
def test_nothing_that_a_student_writes_acts_on_a_page(source: str) -> None:
    page = markdown2html({"cell": {}}, source)
    for tag in re.findall(r"<[^>]*>", page):
        assert re.fullmatch(r"</?(p|pre|code|div|span|a|img)( (alt|class|href)=\"[^\"]*\")*>", tag), page
        assert "evil" not in tag, page


def test_what_belongs_in_an_answer_is_shown() -> None:
    source = "## Why\n\nBecause $a < b$ and `x < y`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![drawn](attachment:a.png)"
    page = markdown2html({"cell": {"attachments": {"a.png": {"image/png": PIXEL}}}}, source)
    for shown in ("Why", "$a &lt; b$", "<code>x &lt; y</code>", "<td>2</td>", f'src="data:image/png;base64,{PIXEL}"'):
        assert shown in page
