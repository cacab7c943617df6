"""Export written answers to a CSV file, for readers who prefer a spreadsheet, and import the points from it."""

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
from autograder.review.points import InvalidPoints, points_in
from autograder.review.rubric import Rubric
from autograder.text import encoding
from autograder.text.inert import for_csv
from autograder.text.numbers import counted

COLUMNS = ("id", "question", "student", "answer", "found", "rubric", "of", "points", "comment")


@dataclass
class Imported:
    """The outcome of importing a file.

    Attributes:
        saved: the number of rows whose points were saved.
        as_before: the number of rows that agree with what was saved before.
        empty: the number of rows without points.
        problems: a sentence for each row that could not be imported.
    """

    saved: int = 0
    as_before: int = 0
    empty: int = 0
    problems: list[str] = field(default_factory=list)


def write_spreadsheet(path: Path, answers: Answers, chosen: Sequence[Answer], rubrics: Mapping[str, Rubric]) -> None:
    """Write these answers to a new file, with columns for points and comments.

    Raises:
        UnusableRequest: the file exists already (somebody may have filled it in), or cannot be written.
    """
    try:
        if path.exists():
            raise UnusableRequest(f"{path} is there already: name a new file.")
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for answer in chosen:
            writer.writerow(map(for_csv, _row(answers, answer, rubrics[answer.question.id])))
        # The byte order mark lets spreadsheets recognise UTF-8.
        write_new(path.parent, {path.name: text.getvalue().encode("utf-8-sig")})
    except OSError as error:
        raise UnusableRequest(f"{path} cannot be written: {error.strerror}.") from None


def read_spreadsheet(path: Path, out: Path, answers: Answers, *, reader: str = "") -> Imported:
    """Import the points in a file that `write_spreadsheet` wrote and somebody filled in.

    Points that another reader gave since the export stay; this reader's own are replaced.

    Args:
        path: the file.
        out: the class's folder.
        answers: the whole class's.
        reader: who filled it in.

    Raises:
        UnusableRequest: the file cannot be read, or lacks the columns of an export.
    """
    known = {_name(answer): answer for answer in answers.all}
    done, seen = Imported(), dict[str, int]()
    for row, cells in _rows(path):
        name, _, state = cells["id"].rpartition("-")
        if not any(cells.values()):
            continue
        if name in seen:
            done.problems.append(f"Row {row}: the same answer is already in row {seen[name]}, which counts.")
            continue
        if not cells["points"]:
            done.empty += 1
            if cells["comment"]:
                done.problems.append(f"Row {row}: a comment without points; it is left out.")
            continue
        if name not in known:
            gone = "no answer of this class; if the student has handed in again, export again"
            done.problems.append(f"Row {row}: its id stands for {gone}.")
            continue
        seen[name] = row
        try:
            _take(out, answers, known[name], cells, state, reader, done)
        except (InvalidPoints, Superseded) as error:
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
        comment = before.comment  # nobody changed it, and the escapes for spreadsheets are not part of it
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
    found = [answer.remark]
    if review is not None and given is None:
        found.append(f"An earlier, different answer got {counted(review.points, 'point')}. {review.comment}")
    criteria = "\n".join(f"{each.points:g}: {each.what}" for each in rubric.criteria)
    question = f"{answer.question.id.upper()} {answer.question.title}"
    return [
        f"{_name(answer)}-{_state(review)}",
        *(question, answer.name, answer.text, "\n".join(filter(None, found)), criteria, answer.question.written),
        *((given.points, given.comment) if given is not None else (None, None)),
    ]


def _name(answer: Answer) -> str:
    """An id for the student, the question and this version of the answer, which no spreadsheet takes for a number."""
    return f"answer-{_short(answer.key, answer.question.id, answer.digest)}"


def _state(review: Review | None) -> str:
    """An id for the review at the time of the export."""
    return "new" if review is None else _short(repr(float(review.points)), review.comment, review.reader, review.at)


def _short(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's number as a spreadsheet shows it, and its cells by heading."""
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
