"""The submissions that are compared: read as for grading, but neither run nor graded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.batch.discover import Found, discover
from autograder.batch.unpacked import unpacked
from autograder.course import Assignment
from autograder.course.people import comparable
from autograder.course.roster import Roster
from autograder.errors import UnusableRequest
from autograder.intake import Submission, read_loose_files, read_submission
from autograder.records.results import CLASS_FILE, GRADED_IN_ACTIONS, key_of, read_class, read_class_roster
from autograder.text.encoding import decoded
from autograder.text.inert import one_line


@dataclass(frozen=True)
class Work:
    """A submission, or one that several people handed in together.

    Attributes:
        name: whose it is, printable.
        key: names its files.
        year: the name of the earlier class it is from; "" for the class's own.
        people: whose it is, as names are compared.
        modules: the text of each module by the question's id.
        handed_in: the time of submission in ISO 8601, if known.
    """

    name: str
    key: str
    year: str
    people: frozenset[str]
    modules: dict[str, str]
    handed_in: str | None = None


def read_works(out: Path, assignment: Assignment, folder: Path | None, problems: list[str]) -> list[Work]:
    """The submissions of the class in `out`.

    Args:
        out: the class's folder, as `class` wrote it.
        assignment: from `course`; only its questions' modules are read.
        folder: where the submissions are; None: where they were when they were graded.
        problems: gets a sentence for each submission that cannot be read.

    Raises:
        UnusableRequest: `out` holds no class, or there are no submissions.
    """
    state = read_class(out)
    roster = read_class_roster(out)
    where = folder or Path(state.get("folder") or GRADED_IN_ACTIONS)
    if folder is None and str(where) == GRADED_IN_ACTIONS:
        raise UnusableRequest(f"{out} does not say where its submissions are: name their folder with --submissions.")
    if not where.exists():
        raise UnusableRequest(f"The submissions are not in {where} any more: name their folder with --submissions.")
    return _read(where, assignment, roster, out, "", problems)


def read_earlier(folder: Path, assignment: Assignment, problems: list[str]) -> list[Work]:
    """The submissions of an earlier class: a folder or .zip of them, or what `class` wrote about them.

    Raises:
        UnusableRequest: there are none.
    """
    year = one_line(folder.resolve().name, 40) or "earlier"
    if not (folder / CLASS_FILE).exists():
        return _read(folder, assignment, None, None, year, problems)
    where = Path(read_class(folder).get("folder") or GRADED_IN_ACTIONS)
    if not where.is_absolute() or not where.exists():
        raise UnusableRequest(
            f"--earlier: {folder} has results, but its submissions are not where they were: name their folder instead."
        )
    return _read(where, assignment, read_class_roster(folder), folder, year, problems)


def _read(
    where: Path, assignment: Assignment, roster: Roster | None, out: Path | None, year: str, problems: list[str]
) -> list[Work]:
    with _opened(where, problems) as folder:
        discovered = discover(folder, assignment, roster, out=out)
        together: dict[tuple[object, ...], list[Found]] = {}
        for found in discovered.found:
            if not found.choose:  # each of those to choose from has an entry of its own
                files = tuple(sorted((found.files or {}).items()))
                together.setdefault((found.path, files), []).append(found)
        works = []
        for same in together.values():  # a group's submission is there once for each of its members
            try:
                submission = _submission(same[0], assignment)
            except UnusableRequest as error:
                problems.append(str(error))
                continue
            works.append(_work(same, submission, assignment, year))
    return works


@contextmanager
def _opened(where: Path, problems: list[str]) -> Iterator[Path]:
    """The folder itself, or what a class's zip file holds, for as long as it is read."""
    if where.is_dir() or where.suffix.lower() != ".zip":
        yield where
        return
    with tempfile.TemporaryDirectory(prefix="similar-") as folder:
        inside, left_out = unpacked(where, Path(folder))
        problems += left_out
        yield inside


def _submission(found: Found, assignment: Assignment) -> Submission:
    if found.files is not None:
        return read_loose_files(found.source, found.files, assignment)
    return read_submission(found.path, assignment)


def _work(same: list[Found], submission: Submission, assignment: Assignment, year: str) -> Work:
    names = sorted({found.student for found in same})
    modules = {
        question.id: decoded(submission.modules[f"{question.module}.py"])
        for question in assignment.questions
        if f"{question.module}.py" in submission.modules
    }
    people = frozenset(comparable(found.one_of or found.student) for found in same)
    return Work(", ".join(names), key_of(names[0]), year, people, modules, same[0].handed_in)
