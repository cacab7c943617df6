"""A class's written answers, in reading order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autograder.course import Question
from autograder.course.people import comparable
from autograder.errors import UnusableRequest
from autograder.records.results import Result, key_of, read_results
from autograder.records.reviews import Review, answer_digest, read_reviews, what_is_read


@dataclass(frozen=True)
class Answer:
    """One student's written answer to one question.

    Attributes:
        key: the student's key in file names.
        name: what readers see: the student's name, or a number where names are hidden.
        source: the folder or zip file it came in; "" where names are hidden.
        question: the question it answers.
        text: the answer; "" where a person has to look at the file.
        state: the automatic verdict; blank answers have 0 points unless a person gives some.
        remark: the automatic remark on it, a sentence.
        digest: what a review of this answer records, so that it applies to no other answer.
        words: a digest that word-for-word equal answers share; "" if this one is blank.
    """

    key: str
    name: str
    source: str
    question: Question
    text: str
    state: Literal["blank", "awaiting", "read"]
    remark: str
    digest: str
    words: str


@dataclass
class Answers:
    """The written answers to the chosen questions, and the reviews of them so far.

    Attributes:
        all: the answers, in reading order.
        reviews: by the student's key and question id; including reviews of answers that have since been replaced.
        problems: sentences about review files that cannot be read; their students are left out.
    """

    all: list[Answer]
    reviews: dict[tuple[str, str], Review]
    problems: list[str]

    def review(self, answer: Answer) -> Review | None:
        """The latest review of this student for this question, even if it was of an earlier answer."""
        return self.reviews.get((answer.key, answer.question.id))

    def holds(self, answer: Answer) -> bool:
        """Whether the review is of this very answer, not of an earlier one."""
        review = self.review(answer)
        return review is not None and review.answer == answer.digest

    def waits(self, answer: Answer) -> bool:
        """Whether it waits for a reader. A blank answer does if the one it replaced had been given points."""
        return not self.holds(answer) and (answer.state == "awaiting" or self.review(answer) is not None)

    def same(self, answer: Answer) -> list[Answer]:
        """The answers of other students who wrote the same, word for word."""
        return [
            other
            for other in self.all
            if answer.words
            and other.words == answer.words
            and other.question == answer.question
            and other is not answer
        ]


def read_answers(out: Path, questions: Sequence[Question], *, reader: str = "", anonymous: bool = False) -> Answers:
    """The written answers of these questions.

    All answers to a question come together, in a pseudo-random order that is the same each time but differs between
    readers: it favours nobody, and two readers at work at once seldom collide.

    Args:
        out: the class's folder.
        questions: those to read, in order; those without a written answer are ignored.
        reader: the reader's name.
        anonymous: replace names by numbers, which are the same for all readers.

    Raises:
        UnusableRequest: the folder holds no class.
    """
    answers, reviews, problems = [], {}, []
    # Where the grader failed, the report belongs to earlier answers; these can be read once they are graded.
    results = [result for result in read_results(out) if result.report is not None and not result.ours]
    results = [result for result in results if not result.one_of]  # none of these counts yet
    names = _numbers(results) if anonymous else {result.key: result.student for result in results}
    for result in results:
        try:
            found = read_reviews(out, result.key)
        except ValueError as error:
            problems.append(f"{error}.")
            continue
        for question in questions:
            answer = _answer(result, question, names[result.key], anonymous=anonymous)
            if answer is not None:
                answers.append(answer)
                if question.id in found:
                    reviews[result.key, question.id] = found[question.id]
    places = {question.id: place for place, question in enumerate(questions)}
    answers.sort(key=lambda answer: (places[answer.question.id], _chance(reader, answer.question.id, answer.key)))
    return Answers(answers, reviews, problems)


def of_student(answers: Answers, student: str) -> list[Answer]:
    """The answers of one student.

    Raises:
        UnusableRequest: there is nobody by that name, or nothing to read.
    """
    meant = comparable(student)
    chosen = [
        answer
        for answer in answers.all
        if meant in (comparable(answer.name), comparable(answer.source)) or answer.key == key_of(student)
    ]
    if not chosen:
        raise UnusableRequest(f"No written answer of {student} is there: nobody by that name, or nothing was graded.")
    return chosen


def _answer(result: Result, question: Question, name: str, *, anonymous: bool) -> Answer | None:
    report = result.report
    graded = next((each for each in report.questions if each.id == question.id), None) if report else None
    if not question.written or graded is None or graded.written is None:
        return None
    written = graded.written
    text = result.answers.get(question.id, "")
    source = "" if anonymous else result.source
    words = answer_digest(text) if text.strip() else ""
    bound = what_is_read(result, question.id)
    return Answer(result.key, name, source, question, text, written.state, written.comment, bound, words)


def _numbers(results: Iterable[Result]) -> dict[str, str]:
    order = sorted((result.key for result in results), key=lambda key: _chance("", "", key))
    return {key: f"student {number}" for number, key in enumerate(order, 1)}


def _chance(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()
