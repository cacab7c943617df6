"""What a person gave for written answers: a file for each student, beside the results."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.files.whole import write_whole
from autograder.records.results import Result
from autograder.records.typed import Damaged, read_json, record_of, typed
from autograder.text.inert import json_text
from autograder.text.numbers import counted

REVIEWS = "reviews"
SCHEMA = "cnn-autograder/review/v1"
MOST = 10_000  # points; nobody can type more
_LOCK = ".lock"


@dataclass(frozen=True)
class Review:
    """What a person gave for one answer.

    Attributes:
        points: of the question's written ones.
        comment: for the student.
        answer: SHA-256 of the answer that was read, from `what_is_read`; of another answer this says nothing.
        reader: who read it.
        at: when, in ISO's form, UTC.
    """

    points: float
    comment: str
    answer: str
    reader: str = ""
    at: str = ""


class Superseded(Exception):
    """Somebody else gave points in the meantime; nothing was written.

    Attributes:
        review: theirs; None if it was taken away.
    """

    def __init__(self, review: Review | None) -> None:
        given = "took the points away" if review is None else f"gave {counted(review.points, 'point')}"
        super().__init__(f"{(review and review.reader) or 'Somebody else'} {given} in the meantime.")
        self.review = review


def answer_digest(answer: str) -> str:
    """A digest that distinguishes answers by their words, not by the blanks between them."""
    return hashlib.sha256(" ".join(answer.split()).encode("utf-8", "surrogatepass")).hexdigest()


def what_is_read(result: Result, question: str) -> str:
    """What a review of a student's answer is bound to: it holds as long as this is the same.

    Where a person had to look at the file itself, since no program could find an answer in it, that is the whole
    submission: another one may say something else.
    """
    answer = result.answers.get(question, "")
    reports = result.report.questions if result.report is not None else []
    states = [report.written.state for report in reports if report.id == question and report.written is not None]
    return answer_digest(answer if answer.strip() or "awaiting" not in states else f"in the submission {result.digest}")


def read_reviews(out: Path, key: str) -> dict[str, Review]:
    """The student's reviews by question id.

    Raises:
        ValueError: the file is damaged; the text says which. Points that people gave are not silently lost.
    """
    path = out / REVIEWS / f"{key}.json"
    try:
        return _reviews(read_json(path))
    except FileNotFoundError:
        return {}
    except (Damaged, OSError) as error:
        raise ValueError(
            f"{path} cannot be read ({error}): mend it, or move it away to read the answers again"
        ) from None


def write_review(out: Path, key: str, question: str, review: Review) -> None:
    """Keep a review, whole or not at all, beside the student's others, whatever stands in its place.

    Raises:
        OSError: it cannot be written.
        ValueError: see `read_reviews`.
    """
    with _alone(out):
        _write(out, key, {**read_reviews(out, key), question: review})


def replace_review(out: Path, key: str, question: str, review: Review, *, seen: Review | None) -> None:
    """Keep a review if the one in its place is still the one that its reader saw.

    Raises:
        Superseded: it is not.
        OSError, ValueError: see `write_review`.
    """
    with _alone(out):
        reviews = read_reviews(out, key)
        if reviews.get(question) != seen:
            raise Superseded(reviews.get(question))
        _write(out, key, {**reviews, question: review})


def _reviews(value: object) -> dict[str, Review]:
    reviews = typed(record_of(value, SCHEMA, "reviews")["reviews"], dict[str, Review], at="reviews")
    for question, review in reviews.items():
        if not 0 <= review.points < MOST:
            raise Damaged(f"reviews[{question!r}].points: {review.points!r} is not a number of points")
    return reviews


def _write(out: Path, key: str, reviews: dict[str, Review]) -> None:
    record = {"schema": SCHEMA, "reviews": {name: asdict(each) for name, each in sorted(reviews.items())}}
    write_whole(out / REVIEWS / f"{key}.json", json_text(record, indent=1) + "\n")


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Nobody else writes a review in this folder meanwhile; the lock goes with the process that holds it."""
    (out / REVIEWS).mkdir(parents=True, exist_ok=True)
    with (out / REVIEWS / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:  # some network folders have no locks; whole files are better than no reviews
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
        yield
