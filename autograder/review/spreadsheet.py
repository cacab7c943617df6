"""Written answers as a CSV file, for readers who prefer a spreadsheet; and the points back from there."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import UnusableRequest
from autograder.files.clock import now
from autograder.files.update import write_new
from autograder.records.reviews import Review, Superseded, replace_review
from autograder.review.answers import Answer, Answers
from autograder.review.points import Unsaid, points_in
from autograder.review.rubric import Rubric
from autograder.text import encoding
from autograder.text.inert import for_csv
from autograder.text.numbers import counted

COLUMNS = ("id", "question", "student", "answer", "found", "rubric", "of", "points", "comment")


@dataclass
class Imported:
    """What came of the rows of a file.

    Attributes:
        saved: rows whose points were saved.
        as_before: rows that say what is saved already.
        empty: rows without points.
        problems: a sentence for each row that could not be taken.
    """

    saved: int = 0
    as_before: int = 0
    empty: int = 0
    problems: list[str] = field(default_factory=list)


def write_spreadsheet(path: Path, answers: Answers, chosen: Sequence[Answer], rubrics: Mapping[str, Rubric]) -> None:
    """Write these answers to a new file, with places for points and comments.

    Raises:
        UnusableRequest: it is there already (somebody may have filled it in), or cannot be written.
    """
    try:
        if path.exists():
            raise UnusableRequest(f"{path} is there already: name a new file.")
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for answer in chosen:
            writer.writerow(map(for_csv, _row(answers, answer, rubrics[answer.question.id])))
        # The mark at the beginning tells spreadsheets that it is UTF-8.
        write_new(path.parent, {path.name: text.getvalue().encode("utf-8-sig")})
    except OSError as error:
        raise UnusableRequest(f"{path} cannot be written: {error.strerror}.") from None


def read_spreadsheet(path: Path, out: Path, answers: Answers, *, reader: str = "") -> Imported:
    """Take over the points in a file that `write_spreadsheet` wrote and somebody filled in.

    What somebody else gave since it was written stays; what this reader gave is replaced.

    Args:
        path: the file.
        out: the class's folder.
        answers: all of the class.
        reader: who filled it in.

    Raises:
        UnusableRequest: it cannot be read, or is no such file.
    """
    known = {_name(answer): answer for answer in answers.all}
    done, seen = Imported(), dict[str, int]()
    for row, cells in _rows(path):
        name, _, state = cells["id"].rpartition("-")
        if not any(cells.values()):
            continue
        if name in seen:
            done.problems.append(f"Row {row}: the same answer stands in row {seen[name]} already, which counts.")
            continue
        if not cells["points"]:
            done.empty += 1
            if cells["comment"]:
                done.problems.append(f"Row {row}: a comment without points; it is left out.")
            continue
        if name not in known:
            gone = "no answer of this class; if the student handed in again, export anew"
            done.problems.append(f"Row {row}: its id stands for {gone}.")
            continue
        seen[name] = row
        try:
            _take(out, answers, known[name], cells, state, reader, done)
        except (Unsaid, Superseded) as error:
            done.problems.append(f"Row {row}: {error}")
        except OSError as error:
            done.problems.append(f"Row {row}: it could not be saved: {error.strerror}.")
        except ValueError as error:
            done.problems.append(f"Row {row}: {error}.")
    return done


def _take(
    out: Path, answers: Answers, answer: Answer, cells: Mapping[str, str], state: str, reader: str, done: Imported
) -> None:
    points = points_in(cells["points"], answer.question.written)
    before = answers.review(answer)
    comment = cells["comment"]
    if before is not None and comment.split() == str(for_csv(before.comment)).split():
        comment = before.comment  # nobody changed it, and what spreadsheets need is no part of it
    if before is not None and answers.holds(answer) and (points, comment) == (before.points, before.comment):
        done.as_before += 1
        return
    if state != _state(before) and before is not None and before.reader != reader:
        raise Superseded(before)
    replace_review(
        out, answer.key, answer.question.id, Review(points, comment, answer.digest, reader, now()), seen=before
    )
    done.saved += 1


def _row(answers: Answers, answer: Answer, rubric: Rubric) -> list[str | float | None]:
    review = answers.review(answer)
    given = review if answers.holds(answer) else None
    found = [answer.told]
    if review is not None and given is None:
        found.append(f"An earlier answer, which was another, got {counted(review.points, 'point')}. {review.comment}")
    wanted = "\n".join(f"{each.points:g}: {each.what}" for each in rubric.criteria)
    question = f"{answer.question.id.upper()} {answer.question.title}"
    return [
        f"{_name(answer)}-{_state(review)}",
        *(question, answer.name, answer.text, "\n".join(filter(None, found)), wanted, answer.question.written),
        *((given.points, given.comment) if given is not None else (None, None)),
    ]


def _name(answer: Answer) -> str:
    """Stands for the student, the question and the answer as it is; no spreadsheet takes it for a number."""
    return f"answer-{_short(answer.key, answer.question.id, answer.digest)}"


def _state(review: Review | None) -> str:
    """Stands for what was given before."""
    return "new" if review is None else _short(repr(float(review.points)), review.comment, review.reader, review.at)


def _short(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The number that a spreadsheet shows of each row, and its cells by heading."""
    try:
        text = encoding.decoded(path.read_bytes())
    except OSError as error:
        raise UnusableRequest(f"{path} cannot be read: {error.strerror}.") from None
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        headings = [heading.strip().lower() for heading in reader.fieldnames or ()]
        missing = [name for name in ("id", "points", "comment") if name not in headings]
        if missing:
            raise UnusableRequest(f"{path} has no column {', '.join(missing)}: `--export` writes one to fill in.")
        reader.fieldnames = headings
        for number, row in enumerate(reader, 2):
            yield number, {name: (row[name] or "").strip() for name in ("id", "points", "comment")}
    except csv.Error as error:
        raise UnusableRequest(f"{path}, line {reader.line_num}: {error}.") from None
