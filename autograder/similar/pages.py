"""The pages about similar submissions: a list of pairs, and a page for each pair, side by side. For staff only."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Question
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.gradebook.grades_csv import BYTE_ORDER_MARK
from autograder.pages.template import rendered
from autograder.similar.find import Pair, Similar
from autograder.similar.fingerprints import fingerprint
from autograder.similar.fragments import Line, fragments, lines
from autograder.similar.reading import Work
from autograder.text.inert import for_csv

FOLDER = "similar"
INDEX = "index.html"
LIST = "pairs.csv"


@dataclass(frozen=True)
class SideBySide:
    """A question's two answers, with what they share marked.

    Attributes:
        question: the question.
        share: how much of the shorter is in both, from 0 to 1.
        words: how many words are marked in each.
        columns: the lines of the two.
    """

    question: Question
    share: float
    words: int
    columns: tuple[list[Line], list[Line]]


def write_similar(out: Path, similar: Similar) -> Path:
    """Write the pages and a list for a spreadsheet into the class's folder, in place of earlier ones.

    Returns:
        The page with the list.

    Raises:
        UnusableRequest: the folder cannot be written.
    """
    folder = out / FOLDER
    try:
        kept = {INDEX, LIST}
        for number, pair in enumerate(similar.pairs, 1):
            write_whole(folder / page_name(number), _pair_page(similar, number, pair), lasting=False)
            kept.add(page_name(number))
        write_whole(folder / LIST, _list(similar), lasting=False)
        write_whole(folder / INDEX, _index_page(similar), lasting=False)
        for stale in folder.glob("pair-*.html"):
            if stale.name not in kept:
                stale.unlink()
    except OSError as error:
        raise UnusableRequest(f"The pages in {folder} cannot be written: {error.strerror}.") from None
    return folder / INDEX


def page_name(number: int) -> str:
    """The name of a pair's page, by its place in the list."""
    return f"pair-{number:03}.html"


def _index_page(similar: Similar) -> str:
    pairs = [(page_name(number), pair) for number, pair in enumerate(similar.pairs, 1)]
    return rendered(
        "similar.html",
        {
            "title": similar.title,
            "pairs": pairs,
            "questions": similar.answered,
            "ours": similar.ours,
            "earlier": similar.earlier,
            "problems": similar.problems,
        },
    )


def _pair_page(similar: Similar, number: int, pair: Pair) -> str:
    last = len(similar.pairs)
    return rendered(
        "pair.html",
        {
            "title": similar.title,
            "pair": pair,
            "number": number,
            "count": last,
            "before": page_name(number - 1) if number > 1 else "",
            "after": page_name(number + 1) if number < last else "",
            "answers": list(_side_by_side(similar, pair)),
        },
    )


def _side_by_side(similar: Similar, pair: Pair) -> Iterator[SideBySide]:
    for shared in pair.shared:
        name = shared.question.id
        one, other = (fingerprint(work.modules[name]) for work in (pair.one, pair.other))
        found = fragments(one, other, similar.given[name].hashes)
        left = [(fragment.one, fragment.length) for fragment in found]
        right = [(fragment.other, fragment.length) for fragment in found]
        given = similar.given[name].lines
        columns = lines(one, left, given), lines(other, right, given)
        yield SideBySide(shared.question, shared.share, sum(fragment.length for fragment in found), columns)


def _list(similar: Similar) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    names = [question.id for question, _ in similar.answered]
    writer.writerow(["place", "one", "other", "other's year", *(f"{name} shared, percent" for name in names), "page"])
    for number, pair in enumerate(similar.pairs, 1):
        shares = {shared.question.id: round(100 * shared.share) for shared in pair.shared}
        cells = [pair.one.name, pair.other.name, pair.other.year, *(shares.get(name) for name in names)]
        writer.writerow([number, *(for_csv(cell) for cell in cells), page_name(number)])
    return BYTE_ORDER_MARK + text.getvalue()


def whose(work: Work) -> str:
    """A submission's owner, with the year if it is an earlier one's."""
    return f"{work.name} ({work.year})" if work.year else work.name
