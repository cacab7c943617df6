"""The written answers of a class, in the order in which a person reads them."""

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
        key: the student's, for files.
        name: what readers call the student: the name, or a number where names are hidden.
        source: the folder or zip file it came in; hidden with the name.
        question: which one.
        text: what was written; "" where a person has to look at the file.
        state: what a program made of it: blank answers have 0 points unless a person gives some.
        told: what a program found out, a sentence.
        digest: what a review must be bound to.
        words: the same for answers that say the same, word for word; "" if this one says nothing.
    """

    key: str
    name: str
    source: str
    question: Question
    text: str
    state: Literal["blank", "awaiting", "read"]
    told: str
    digest: str
    words: str


@dataclass
class Answers:
    """All written answers that were asked for, by question, and what was given for them so far.

    Attributes:
        all: the answers, in the order of reading.
        reviews: by student's key and question id; also those of an answer that has since been replaced.
        problems: sentences about files that cannot be read; their students are left out.
    """

    all: list[Answer]
    reviews: dict[tuple[str, str], Review]
    problems: list[str]

    def review(self, answer: Answer) -> Review | None:
        """What was last given to this student for this question, be it for another answer."""
        return self.reviews.get((answer.key, answer.question.id))

    def holds(self, answer: Answer) -> bool:
        """Whether a person gave points for this answer as it is."""
        review = self.review(answer)
        return review is not None and review.answer == answer.digest

    def waits(self, answer: Answer) -> bool:
        """Whether it waits for a person. A blank one does if points were given for an answer that is gone."""
        return not self.holds(answer) and (answer.state == "awaiting" or self.review(answer) is not None)

    def same(self, answer: Answer) -> list[Answer]:
        """Those of other students who wrote the same, word for word."""
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

    All answers to one question come together, those of a question in an order that looks like chance, is the same
    each time, and another for each reader: so it favours nobody, and two readers at once seldom meet.

    Args:
        out: the class's folder.
        questions: those to read, in order; only those with a written answer count.
        reader: who reads.
        anonymous: hide the names. The numbers are the same for all readers.

    Raises:
        UnusableRequest: the folder holds no class.
    """
    answers, reviews, problems = [], {}, []
    # Where the grader failed, the report is not that of the answers; there is time once it is graded.
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
        UnusableRequest: there is nobody of that name, or nothing to read.
    """
    meant = comparable(student)
    chosen = [
        answer
        for answer in answers.all
        if meant in (comparable(answer.name), comparable(answer.source)) or answer.key == key_of(student)
    ]
    if not chosen:
        raise UnusableRequest(f"No written answer of {student} is there: nobody of that name, or nothing was graded.")
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
