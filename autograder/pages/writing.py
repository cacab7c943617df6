"""Write the pages of a class into its folder."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course.people import comparable
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.gradebook.grades_csv import BYTE_ORDER_MARK
from autograder.pages.overview import class_page, name_of
from autograder.pages.staff import staff_page
from autograder.pages.student import student_page
from autograder.records.gradebook import GradeBook, Line
from autograder.text.inert import for_csv

INDEX = "index.html"
STUDENTS = "students"
STAFF = "staff"  # beside those for students, so that their folder can be given away whole
LIST = "pages.csv"


@dataclass(frozen=True)
class Pages:
    """What was written: the class's page, the number of students' pages, and the number of pages that changed.

    `changed` includes staff's pages about single students; `students` does not.
    """

    index: Path
    students: int
    changed: int


def write_pages(out: Path, book: GradeBook) -> Pages:
    """Write the class's page, two for each student who handed something in (one of them for staff), and a list.

    The list says whose page is which. Pages that would not change are left alone, so that syncing the folder copies
    little.

    Args:
        out: the class's folder.
        book: the class's grade book.

    Raises:
        UnusableRequest: the folder cannot be written.
    """
    lines = [each for line in book.lines if line.result is not None for each in (line, *line.choices)]
    try:
        changed = _write_each(out / STUDENTS, _student_pages(book, lines))
        changed += _write_each(out / STAFF, _staff_pages(book, lines))
        changed += _write(out / INDEX, class_page(book))
        _write(out / LIST, _list(book))
    except OSError as error:
        raise UnusableRequest(f"The pages in {out} cannot be written: {error.strerror}.") from None
    return Pages(out / INDEX, len(lines), changed)


def _list(book: GradeBook) -> str:
    """Whose page is which, by name: for those who send the pages out, and may not know students' numbers."""
    rows = [
        (name_of(line), line.student, of, f"{STUDENTS}/{of.key}.html")
        for line in book.lines
        if line.result is not None
        for of in (line, *line.choices)
    ]
    rows.sort(key=lambda row: (comparable(row[0]), row[3]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", "student", "email", "page", "about"])
    for name, student, of, page in rows:
        about = of.student.student if of.student is not student else ""
        writer.writerow([for_csv(cell) for cell in (name, student.student, student.email, page, about)])
    return BYTE_ORDER_MARK + text.getvalue()


def _student_pages(book: GradeBook, lines: list[Line]) -> Iterator[tuple[Line, str]]:
    for line in lines:
        report = line.result.report if line.result is not None else None
        yield line, student_page(book.assignment, report, name=name_of(line), line=line)


def _staff_pages(book: GradeBook, lines: list[Line]) -> Iterator[tuple[Line, str]]:
    for line in lines:
        if line.result is not None and line.result.report is not None:
            yield line, staff_page(book.assignment, line.result.report, name=name_of(line), line=line)


def _write_each(folder: Path, pages: Iterable[tuple[Line, str]]) -> int:
    """Write the pages and remove those about people no longer in the class; return how many pages changed."""
    changed, keys = 0, set()
    for line, page in pages:
        changed += _write(folder / f"{line.key}.html", page)
        keys.add(line.key)
    for stale in folder.glob("*.html"):
        if stale.stem not in keys:
            stale.unlink()
    return changed


def _write(path: Path, page: str) -> bool:
    """Write a page unless it is unchanged; return whether it changed."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.read_bytes() == page.encode():
            return False
    write_whole(path, page, lasting=False)
    return True
