"""Find the pairs of submissions that share most."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from autograder import course
from autograder.course import Assignment, Question
from autograder.errors import UnusableRequest
from autograder.similar.compare import Compared, compare
from autograder.similar.fingerprints import Hashes, fingerprint
from autograder.similar.reading import Work, read_earlier, read_works
from autograder.similar.tokens import without_comments

LEAST_SHARE = 0.2  # pairs that share less of every question are not listed, however few others there are


@dataclass(frozen=True)
class Shared:
    """What a pair shares of one question, from 0 to 1."""

    question: Question
    share: float


@dataclass(frozen=True)
class Pair:
    """Two submissions, the questions in which they share most, and what they are put in order by."""

    one: Work
    other: Work
    shared: tuple[Shared, ...]
    rank: float


@dataclass(frozen=True)
class Given:
    """What everybody was given for a question: hashes of its words, and its lines, stripped."""

    hashes: Hashes
    lines: frozenset[str]


@dataclass(frozen=True)
class Similar:
    """The outcome.

    Attributes:
        title: the assignment's.
        pairs: those that share most, in order.
        questions: how each question's comparison went.
        ours, earlier: how many submissions of the class, and of earlier ones, were compared.
        given: what everybody was given, by question id.
        works: all submissions, the class's own first.
        problems: sentences about submissions that could not be read.
    """

    title: str
    pairs: tuple[Pair, ...]
    questions: tuple[tuple[Question, Compared], ...]
    ours: int
    earlier: int
    given: dict[str, Given]
    works: tuple[Work, ...]
    problems: tuple[str, ...] = ()

    @property
    def answered(self) -> list[tuple[Question, Compared]]:
        """The questions to which there are answers."""
        return [(question, each) for question, each in self.questions if each.pairs or each.short]


def find_similar(
    out: Path,
    assignment: Assignment,
    *,
    submissions: Path | None = None,
    earlier: Sequence[Path] = (),
    questions: Sequence[str] = (),
    rows: int = 40,
    anonymous: bool = False,
) -> Similar:
    """Compare a class's submissions with one another and with those of earlier classes.

    Args:
        out: the class's folder, as `class` wrote it.
        assignment: from `course`.
        submissions: where the submissions are; None: where they were when they were graded.
        earlier: folders of earlier classes.
        questions: ids of those to compare; all if there are none.
        rows: how many pairs to return.
        anonymous: show numbers for names, and no comments, in which names may be.

    Raises:
        UnusableRequest: a folder cannot be used, or there is no such question.
    """
    chosen = assignment.choose(questions)
    problems: list[str] = []
    works = read_works(out, replace(assignment, questions=chosen), submissions, problems)
    ours = len(works)
    for folder in earlier:
        works += read_earlier(folder, replace(assignment, questions=chosen), problems)
    if len(works) < 2:
        raise UnusableRequest(" ".join([f"{out}: there are no two submissions to compare.", *problems]))
    if anonymous:
        works = _without_names(works, ours)
    people = [work.people for work in works]
    given = {question.id: given_for(question) for question in chosen}
    compared = [(question, _compared(question, works, ours, given[question.id], people)) for question in chosen]
    pairs = _pairs(works, compared, rows)
    return Similar(
        assignment.title, pairs, tuple(compared), ours, len(works) - ours, given, tuple(works), tuple(problems)
    )


def given_for(question: Question) -> Given:
    """What everybody was given for a question: its stub, and the modules that may be imported."""
    texts = [contents.decode() for contents in course.given_files().values()]
    texts.append((course.STUBS / f"{question.module}.py").read_text("utf-8"))
    shown = [*texts, *map(without_comments, texts)]
    return Given(_every(texts), frozenset(line.strip() for text in shown for line in text.split("\n")) | {""})


def _every(texts: Sequence[str]) -> Hashes:
    return np.unique(np.concatenate([fingerprint(text).hashes for text in texts]))


def _compared(
    question: Question, works: Sequence[Work], ours: int, given: Given, people: Sequence[frozenset[str]]
) -> Compared:
    nothing = np.zeros(0, np.uint64)
    answers = [
        fingerprint(work.modules[question.id]).kept if question.id in work.modules else nothing for work in works
    ]
    solution = course.SOLUTIONS / f"{question.module}.py"
    prescribed = _every([solution.read_text("utf-8")]) if solution.exists() else nothing
    return compare(answers, ours, given.hashes, prescribed, people)


def _pairs(works: Sequence[Work], compared: Sequence[tuple[Question, Compared]], rows: int) -> tuple[Pair, ...]:
    """The pairs with the largest ranks; a pair's is that of the question in which it shares most."""
    ranks = np.stack([np.where(each.share >= LEAST_SHARE, each.rank, 0) for _, each in compared])
    best = ranks.max(axis=0)
    one, other = np.nonzero(best > 0)
    values = best[one, other]
    order = np.lexsort((other, one, -values))[:rows]
    pairs = []
    for at in order:
        row, column = int(one[at]), int(other[at])
        shares = [
            Shared(question, float(each.share[row, column]))
            for question, each in compared
            # A question counts for a pair if they share more of it than almost all others do.
            if each.rank[row, column] == best[row, column] or each.share[row, column] > each.high
        ]
        shares.sort(key=lambda each: -each.share)
        pairs.append(Pair(works[row], works[column], tuple(shares), float(values[at])))
    return tuple(pairs)


def _without_names(works: Sequence[Work], ours: int) -> list[Work]:
    """The same with numbers for names, in an order that says nothing, and without comments."""
    order = sorted(range(len(works)), key=lambda at: (at >= ours, _chance(works[at])))
    numbers = {at: number for number, at in enumerate(order, 1)}
    return [
        replace(
            work,
            name=f"submission {numbers[at]}",
            key=f"submission-{numbers[at]}",
            modules={name: without_comments(text) for name, text in work.modules.items()},
        )
        for at, work in enumerate(works)
    ]


def _chance(work: Work) -> str:
    return hashlib.sha256(work.key.encode()).hexdigest()
