"""README.md and EVIDENCE.md state the true numbers of answers and attacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder import course
from autograder.evidence import attacks, bank

README = course.ROOT / "README.md"
EVIDENCE = course.ROOT / "autograder" / "EVIDENCE.md"
MODULES = [question.module for question in course.load().questions]
FIRST = [question.module for question in course.load().questions if not question.trains]
LAST = [module for module in MODULES if module not in FIRST]


def answers(modules: list[str]) -> tuple[int, int, int]:
    """How many answers the bank holds: wrong ones, unseen ones, right ones."""
    return (
        sum(len(bank.wrong_answers(module, "wrong")) for module in modules),
        sum(len(bank.wrong_answers(module, "unseen")) for module in modules),
        sum(len(bank.right_answers(module)) for module in modules),
    )


def row(modules: list[str]) -> list[int]:
    """A row of EVIDENCE.md's table: each number twice, as in "5 of 5"."""
    return [number for number in answers(modules) for _ in range(2)]


WRONG, UNSEEN, RIGHT = answers(MODULES)
ROW = r"\| " + r" \| ".join([r"(\d+) of (\d+)"] * 3)


@pytest.mark.parametrize(
    ("file", "pattern", "numbers"),
    [
        (README, r"all of (\d+) wrong answers", [WRONG + UNSEEN]),
        (README, r"all of (\d+) right ones", [RIGHT]),
        (README, r"of (\d+) hostile submissions", [len(attacks.load())]),
        (EVIDENCE, r"(\d+) wrong ones", [WRONG]),
        (EVIDENCE, r"(\d+) more by an author", [UNSEEN]),
        (EVIDENCE, r"(\d+) right ones, each written", [RIGHT]),
        (EVIDENCE, r"of (\d+) name a cause", [UNSEEN]),
        (EVIDENCE, r"(\d+) hostile submissions", [len(attacks.load())]),
        (EVIDENCE, rf"questions 1 to 5 {ROW}", row(FIRST)),
        (EVIDENCE, rf"questions 6 and 7, without training {ROW}", row(LAST)),
    ],
)
def test_a_number_in_a_sentence_is_the_true_one(file: Path, pattern: str, numbers: list[int]) -> None:
    found = re.search(pattern, " ".join(file.read_text("utf-8").split()))
    assert found, f"{file.name} has no sentence like {pattern!r}: change the sentence or this table"
    assert [int(number) for number in found.groups()] == numbers, f"{file.name}: {found[0]}"
