"""What a student reads on GitHub: complete, of bounded length, and nothing in it is obeyed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from autograder.course import Assignment
from autograder.grading.grade import grade
from autograder.grading.report import Report, for_student
from autograder.intake import read_submission
from autograder.places.forms import in_markdown
from autograder.render.markdown import MAX_LENGTH, feedback
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.support.half_right import half_right
from autograder.tests.support.hostile import HOSTILE, HOSTILE_TEXT, unseen
from autograder.tests.support.hostile_class import report_of

markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def structure(text: str) -> list[str]:
    """What the text is made of, block by block and within lines; the words themselves left out."""
    kinds = []
    for token in markdown.parse(text):
        kinds.append(token.type + (token.content if token.type == "html_block" else ""))
        kinds += [child.type for child in token.children or [] if child.type != "text"]
    return kinds


def rows(text: str) -> list[list[str]]:
    """The cells of the table, row by row."""
    found: list[list[str]] = []
    for before, token in zip(markdown.parse(text), markdown.parse(text)[1:], strict=False):
        if before.type == "tr_open":
            found.append([])
        if before.type in ("th_open", "td_open"):
            found[-1].append(token.content)
    return found


def fed_back(report: Report, *remarks: str) -> str:
    return feedback(for_student(report), heading="Lab", remarks=remarks)


@pytest.mark.parametrize("text", [*HOSTILE, HOSTILE_TEXT], ids=range(len(HOSTILE) + 1))
def test_hostile_text_makes_the_same_document_as_harmless_text(text: str) -> None:
    shown = fed_back(report_of(text), in_markdown(text))
    assert unseen(shown) == []
    assert structure(shown) == structure(fed_back(report_of("harmless"), in_markdown("harmless")))
    assert rows(shown) == rows(fed_back(report_of("harmless")))


def test_names_of_tests_are_shown_and_not_obeyed() -> None:
    report = report_of("harmless")
    (question,) = report.questions
    tests = [replace(test, name="a | b **c** @d") for test in question.tests]
    shown = fed_back(replace(report, questions=[replace(question, tests=tests)]))
    assert "`a │ b **c** @d`" in shown
    assert structure(shown) == structure(fed_back(report))


def test_what_staff_know_is_not_in_it() -> None:
    shown = fed_back(report_of("harmless"))
    assert not [word for word in ("STAFF", "FLAG", "SEED", "landlock") if word in shown]


def test_it_fits_wherever_github_shows_it() -> None:
    report = report_of("x" * 20_000)
    long = replace(report, questions=[replace(report.questions[0], id=f"q{n}") for n in range(20)])
    shown = fed_back(long, in_markdown("y" * 100_000))
    assert len(shown) <= MAX_LENGTH + 200
    assert len(rows(shown)) == 21  # the points are all there, whatever else had to go
    assert "More was found than fits here" in shown
    assert shown.count("<details>") == shown.count("</details>")


def test_a_half_right_submission(sandbox: Sandbox, assignment: Assignment, tmp_path: Path) -> None:
    asked = ("q1", "q2")
    report = grade(read_submission(half_right(tmp_path / "anna"), assignment), assignment, sandbox, questions=asked)
    shown = fed_back(report, "Remark of ours.")
    first, second = report.questions
    assert f"**{report.score} of {report.max_score} points**, {report.pending} more await a reader" in shown
    assert "\nRemark of ours.\n" in shown
    assert rows(shown)[1:] == [
        [
            f"{first.id.upper()} {first.title}",
            f"{first.max_score} of {first.max_score} (+ {first.pending} to be read)",
            f"{len(first.tests)} of {len(first.tests)}",
        ],
        [f"{second.id.upper()} {second.title}", f"0 of {second.max_score}", f"0 of {len(second.tests)}"],
    ]
    assert "relu is still a TODO" in shown
    assert "❌" not in shown[: shown.index(f"<summary>{second.id.upper()}")]
