"""Copies in disguise come first, the same answers written independently do not; nothing else in the folder changes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from autograder import course
from autograder.errors import UnusableRequest
from autograder.similar.find import Similar, find_similar
from autograder.tests.support.disguises import DISGUISES, independent_answers
from autograder.tests.support.similar_class import answer, class_of, hand_in, steps

ASSIGNMENT = course.load()


def found(similar: Similar) -> list[set[str]]:
    return [{pair.one.name, pair.other.name} for pair in similar.pairs]


@pytest.mark.parametrize("seed", range(2))
def test_twelve_copies_in_six_disguises_come_before_independent_answers(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    answers = independent_answers("q1_conv2d")
    copied = draw.sample(sorted(answers), 12)
    copies = {f"copy_{name}": [*DISGUISES.values()][at % 6](answers[name], draw) for at, name in enumerate(copied)}
    assert len(set(answers.values()) | set(copies.values())) == len(answers) + 12
    out, folder = class_of(tmp_path, {**answers, **copies})
    similar = find_similar(out, ASSIGNMENT, submissions=folder, rows=14)
    pairs = [{name, f"copy_{name}"} for name in copied]
    assert sum(pair in found(similar) for pair in pairs) >= 11
    assert similar.questions[0][1].usual < 0.3


def test_an_earlier_year_s_answer_is_found_and_whose_it_was(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {name: answer(*steps(at)) for at, name in enumerate(("ann", "bob", "cy"))})
    earlier = hand_in(
        tmp_path / "lab-2025", {"dan": answer(*steps(1)), "eve": answer(*steps(7)), "ann": answer(*steps(0))}
    )
    similar = find_similar(out, ASSIGNMENT, submissions=folder, earlier=[earlier])
    pair = similar.pairs[0]
    assert (pair.one.name, pair.other.name, pair.other.year) == ("bob", "dan", "lab-2025")
    assert [(shared.question.id, round(shared.share, 2)) for shared in pair.shared] == [("q1", 1.0)]
    assert len(similar.pairs) == 1  # ann's own earlier answer is not held against her
    assert (similar.ours, similar.earlier) == (3, 3)


def test_stubs_handed_in_untouched_are_not_similar(tmp_path: Path) -> None:
    stub = (course.STUBS / "q1_conv2d.py").read_text("utf-8")
    out, folder = class_of(tmp_path, {"ann": stub, "bob": stub, "cy": answer(*steps(1))})
    similar = find_similar(out, ASSIGNMENT, submissions=folder)
    assert similar.pairs == ()
    assert similar.questions[0][1].short == 2


def test_each_question_is_compared_for_itself_and_a_pair_is_listed_once(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": answer(*steps(1)), "bob": answer(*steps(1)), "cy": answer(*steps(2))})
    for name, seed in (("ann", 3), ("bob", 3), ("cy", 4)):
        (folder / name / "q2_relu.py").write_text(answer(*steps(seed), stub=False))
    similar = find_similar(out, ASSIGNMENT, submissions=folder)
    assert [[shared.question.id for shared in pair.shared] for pair in similar.pairs] == [["q1", "q2"]]
    only = find_similar(out, ASSIGNMENT, submissions=folder, questions=["q2"])
    assert [[shared.question.id for shared in pair.shared] for pair in only.pairs] == [["q2"]]


def test_numbers_for_names_say_nothing_and_comments_are_taken_out(tmp_path: Path) -> None:
    answers = {
        name: f"# by {name}\n{answer(*steps(at // 2))}"
        for at, name in enumerate(("annabel", "bertram", "cyrill", "dagmar"))
    }
    out, folder = class_of(tmp_path, answers)
    similar = find_similar(out, ASSIGNMENT, submissions=folder, anonymous=True)
    assert sorted(work.name for work in similar.works) == [f"submission {number}" for number in (1, 2, 3, 4)]
    assert len(similar.pairs) == 2
    for work in similar.works:
        assert not [name for name in answers if name in f"{work.name} {work.key} {work.modules}"]


def test_there_have_to_be_two(tmp_path: Path) -> None:
    out, folder = class_of(tmp_path, {"ann": answer(*steps(1))})
    with pytest.raises(UnusableRequest, match="no two submissions"):
        find_similar(out, ASSIGNMENT, submissions=folder)
