"""What a person gave for written answers: a file for each student, beside the results."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.batch.results import write_whole
from autograder.inert import json_text

REVIEWS = "reviews"
SCHEMA = "cnn-autograder/review/v1"


@dataclass(frozen=True)
class Review:
    """What a person gave for one answer.

    Attributes:
        points: of the question's written ones.
        comment: for the student.
        answer: SHA-256 of the answer that was read; of another answer this says nothing.
        reader: who read it.
        at: when, in ISO's form, UTC.
    """

    points: float
    comment: str
    answer: str
    reader: str = ""
    at: str = ""


def answer_digest(answer: str) -> str:
    """What tells one answer from another: their words, not the blanks between them."""
    return hashlib.sha256(" ".join(answer.split()).encode("utf-8", "surrogatepass")).hexdigest()


def read_reviews(out: Path, key: str) -> dict[str, Review]:
    """The student's reviews by question id.

    Raises:
        ValueError: the file is damaged; the text says which. Points that people gave are not silently lost.
    """
    path = out / REVIEWS / f"{key}.json"
    try:
        record = json.loads(path.read_text("utf-8"))
        reviews = {SCHEMA: record["reviews"]}[record["schema"]]
        return {question: Review(**review) for question, review in reviews.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ValueError(
            f"{path} cannot be read ({error}): mend it, or move it away to read the answers again"
        ) from None


def write_review(out: Path, key: str, question: str, review: Review) -> None:
    """Keep a review, whole or not at all, beside the student's others.

    Raises:
        OSError: it cannot be written.
        ValueError: see `read_reviews`.
    """
    reviews = {**read_reviews(out, key), question: review}
    record = {"schema": SCHEMA, "reviews": {name: asdict(each) for name, each in sorted(reviews.items())}}
    write_whole(out / REVIEWS / f"{key}.json", json_text(record, indent=1) + "\n")
