"""Verify the suites: grade answers of known worth, and check that each gets what it deserves.

The solutions must get every point and the stubs none; each wrong answer of the bank must lose points and each right one
none. It also counts the wrong answers whose true cause is named in a message and, among them and random pairs of their
faults, those for which a message names a false cause. Of answers with several faults it counts those of which messages
name all, some or none; of faults that no diagnosis knows, none may be named.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from rich.progress import track
from rich.table import Table

from autograder import course
from autograder.course import Assignment, Question
from autograder.evidence import bank
from autograder.evidence.bank import KnownAnswer
from autograder.evidence.bank.several import outsiders, several
from autograder.grading.grade import grade
from autograder.grading.images import Data
from autograder.intake import Submission
from autograder.release.stubs import differing, make_stubs
from autograder.render.console import PlainConsole
from autograder.sandbox.sandbox import Sandbox
from tests.diagnosis.causes import CAUSES, REFUSED
from tests.diagnosis.model_misconceptions import CAUSES as MODEL_CAUSES

PAIRS = 10  # pairs of faults for each question
SEVERAL = 11  # answers with several faults, in each style


@dataclass(frozen=True)
class Verdict:
    """What became of an answer.

    Attributes:
        answer: the answer.
        kind: "solution", "stub", "right", "wrong", "unseen" (wrong too), "pair" (of faults), "several"
            (faults) or "outsider" (a fault that no diagnosis knows).
        score, possible: points reached and possible.
        lost: the categories in which it lost points.
        trained: whether its network was trained, because no cheaper test had caught it.
        named: whether a message names its true cause, or one of them.
        missed: its true causes that no message names.
        misnamed: sentences in its messages that name false causes.
        flags: the flags for staff.
    """

    answer: KnownAnswer
    kind: str
    score: int
    possible: int
    lost: tuple[str, ...]
    trained: bool
    named: bool
    missed: tuple[str, ...]
    misnamed: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def as_deserved(self) -> bool:
        """Whether it got the points it should."""
        if self.kind == "pair":
            return True  # two faults may cancel out; only the messages count
        if self.kind in ("wrong", "unseen", "several", "outsider"):
            return self.score < self.possible
        if self.kind == "stub":
            return self.score == 0
        return self.score == self.possible and not self.flags


def verify(
    assignment: Assignment, questions: Sequence[Question], data: Data | None, *, jobs: int, seed: int = 0
) -> list[Verdict]:
    """Grade all answers of known worth to these questions, several in parallel.

    Args:
        data: images to train on, for wrong answers that no cheaper test catches; without them, those stay uncaught.
        jobs: the number of grading processes.
        seed: decides the random cases in the tests, and the pairs of faults.
    """
    answers = [pair for question in questions for pair in _answers(question, seed)]
    with ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(assignment, data, seed)
    ) as pool:
        verdicts = pool.map(_judge, answers, chunksize=4)
        console = PlainConsole(stderr=True)
        return list(track(verdicts, "Grading the bank", total=len(answers), console=console, transient=True))


def report(verdicts: Sequence[Verdict], *, details: bool) -> bool:
    """Print the table, and everything that is wrong.

    Args:
        verdicts: from `verify`.
        details: whether to list every wrong answer, the tests that caught it, and whether its cause was named.

    Returns:
        Whether every answer got what it deserves and no false cause was named.
    """
    console = PlainConsole(soft_wrap=True, highlight=False)
    if details:
        for verdict in verdicts:
            if verdict.kind == "wrong":
                cause = "named" if verdict.named else "not named"
                caught = ", ".join(verdict.lost) or "nothing"
                print(f"{verdict.answer.question} {verdict.answer.name} ({verdict.answer.cause}: {cause}): {caught}")
    table = Table("question", title="Answers of known worth")
    for name in ("solution", "stub", "right", "wrong", "unseen", "trained", "cause named", "misnamed"):
        table.add_column(name, justify="right", overflow="fold")
    questions = sorted({verdict.answer.question for verdict in verdicts})
    for question in questions:
        table.add_row(question, *_row([each for each in verdicts if each.answer.question == question]))
    if len(questions) > 1:
        table.add_row("all", *_row(verdicts), style="bold")
    console.print(table)
    if any(verdict.kind in ("several", "outsider") for verdict in verdicts):
        console.print(_table_of_several(verdicts))
    for question in questions:
        if not any(each.kind in ("wrong", "unseen") for each in verdicts if each.answer.question == question):
            print(f"{question}: there are no wrong answers yet, so nobody knows whether its tests notice any.")
    for verdict in verdicts:
        name = f"{verdict.answer.question}, {verdict.kind} answer “{verdict.answer.name}”"
        if not verdict.as_deserved:
            lost = f", lost in {', '.join(verdict.lost)}" if verdict.lost else ""
            console.print(f"{name} got {verdict.score} of {verdict.possible} points{lost}.", markup=False)
        for sentence in verdict.misnamed:
            console.print(f"{name} is diagnosed as: {sentence} The truth: {verdict.answer.cause}.", markup=False)
    return all(verdict.as_deserved and not verdict.misnamed for verdict in verdicts)


def _table_of_several(verdicts: Sequence[Verdict]) -> Table:
    """For how many of the answers with several faults all of them are named, by question."""
    table = Table("question", title="Answers with two to four faults, and faults that no diagnosis knows")
    for name in ("answers", "all named", "some named", "none named", "false", "outsiders", "named"):
        table.add_column(name, justify="right", overflow="fold")
    asked = {each.answer.question for each in verdicts if each.kind in ("several", "outsider")}
    for question in [*sorted(asked), "all"]:
        those = [each for each in verdicts if question in ("all", each.answer.question)]
        faulty, outside = ([each for each in those if each.kind == kind] for kind in ("several", "outsider"))
        counts = Counter("none" if not each.named else "some" if each.missed else "all" for each in faulty)
        shares = [f"{counts[how]} ({100 * counts[how] / max(1, len(faulty)):.0f} %)" for how in _HOW_MUCH]
        table.add_row(
            *(question, str(len(faulty)), *shares, str(sum(bool(each.misnamed) for each in faulty))),
            *(str(len(outside)), str(sum(bool(each.misnamed) for each in outside))),
        )
    return table


_HOW_MUCH = ("all", "some", "none")


def _row(verdicts: Sequence[Verdict]) -> list[str]:
    total = Counter(each.kind for each in verdicts)
    well = Counter(each.kind for each in verdicts if each.as_deserved)
    named = sum(each.named for each in verdicts if each.kind == "wrong")
    share = f"{100 * named / total['wrong']:.1f} %" if total["wrong"] else "–"
    return [
        *(f"{well[kind]}/{total[kind]}" for kind in ("solution", "stub", "right", "wrong", "unseen")),
        str(sum(each.trained for each in verdicts)),
        share,
        str(sum(bool(each.misnamed) for each in verdicts)),
    ]


def stale_stubs(assignment: Assignment) -> list[str]:
    """Names of stubs that differ from what `stubs` makes of the solutions."""
    return list(differing(make_stubs(assignment)))


def _answers(question: Question, seed: int) -> Iterator[tuple[str, KnownAnswer]]:
    module = question.module
    yield "solution", KnownAnswer(module, "the solution", (course.SOLUTIONS / f"{module}.py").read_text("utf-8"))
    yield "stub", KnownAnswer(module, "the stub", (course.STUBS / f"{module}.py").read_text("utf-8"))
    yield from (("right", answer) for answer in bank.right_answers(module))
    for kind in ("wrong", "unseen"):
        yield from ((kind, answer) for answer in bank.wrong_answers(module, kind))
    yield from (("pair", answer) for answer in bank.pairs(module, PAIRS, seed))
    yield from (("several", answer) for answer in several(SEVERAL, seed) if answer.module == module)
    yield from (("outsider", answer) for answer in outsiders() if answer.module == module)


# Each process has its own sandbox, which ends with it.
_here: dict[str, object] = {}


def _begin(assignment: Assignment, data: Data | None, seed: int) -> None:
    sandbox = Sandbox()
    _here["grade"] = partial(_graded, assignment, sandbox, seed)
    _here["data"] = data


def _graded(assignment: Assignment, sandbox: Sandbox, seed: int, answer: KnownAnswer, data: Data | None) -> object:
    # Random cases depend on the submission: another text beside the same answer gives other cases.
    submission = Submission("the bank", {f"{answer.module}.py": answer.source.encode()}, explanations=f"seed {seed}")
    (question,) = grade(submission, assignment, sandbox, questions=(answer.question,), data=data).questions
    return question


def _judge(pair: tuple[str, KnownAnswer]) -> Verdict:
    kind, answer = pair
    graded, data = _here["grade"], _here["data"]
    question = graded(answer, None)  # type: ignore[operator]
    trained = kind in ("wrong", "unseen") and data is not None and question.score == question.max_score
    if trained:
        question = graded(answer, data)  # type: ignore[operator]
    failed = [test for test in question.tests if test.score < test.max_score]
    shown = [test.message.casefold() for test in question.tests if test.status != "passed"]
    sentences = {cause: text.casefold() for cause, text in {**MODEL_CAUSES, **CAUSES, **REFUSED}.items()}
    true = [sentences.get(cause, cause.casefold()) for cause in (answer.cause or "").split(" / ")]
    missed = [words for words in true if not any(words in text for text in shown)]
    misnamed = [
        text
        for cause, text in sentences.items()
        if (kind in ("several", "outsider") or cause not in REFUSED)
        and text not in true
        and any(text in it for it in shown)
    ]
    return Verdict(
        answer,
        kind,
        question.score,
        question.max_score,
        tuple(dict.fromkeys(test.category for test in failed)),
        trained,
        kind in ("wrong", "several") and len(missed) < len(true),
        tuple(missed),
        tuple(misnamed) if kind in ("wrong", "pair", "several", "outsider") else (),
        tuple(question.flags),
    )
