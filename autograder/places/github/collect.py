"""Make a class's folder of what jobs graded: from there on it is a class like any other, to be read and booked."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.batch.discover import Discovered
from autograder.batch.run import only_run
from autograder.batch.show import Show
from autograder.batch.summary import finish
from autograder.course import Assignment
from autograder.course.deadline import moment
from autograder.course.people import comparable
from autograder.course.roster import Roster, Student, read_roster
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.places.github import folders
from autograder.records.changes import changes
from autograder.records.results import (
    CLASS_FILE,
    CLASS_SCHEMA,
    GRADED_IN_ACTIONS,
    ROSTER_FILE,
    Result,
    key_of,
    read_class,
    read_class_roster,
    read_result,
    read_result_file,
    read_results,
    write_result,
)
from autograder.text.inert import for_actions_log, json_text, one_line
from autograder.text.numbers import counted, listed

_UNCERTAIN = "A person has to look."


@dataclass(frozen=True)
class _Kept:
    """What a job kept of one student; `remarks` are its notes for a person, `percent` what lateness cost there."""

    result: Result
    remarks: tuple[str, ...]
    percent: float = 0


def collect(downloaded: Path, out: Path, assignment: Assignment, roster: Path | None = None) -> int:
    """Bring what was downloaded into a class's folder, and write its grade book and pages.

    What people gave for answers stays. A result that is older than the one there is left alone: artifacts of several
    runs may lie in one folder.

    Args:
        downloaded: the folder with the artifacts, or with what is in them.
        out: the class's folder, a new one or that of an earlier run.
        assignment: from `course`.
        roster: the class; without, the one that is in `out`.

    Returns:
        The exit status: 1 if the grader failed with somebody.

    Raises:
        UnusableRequest: there are no results, or they cannot be put into this folder.
    """
    kept, problems = _read(downloaded)
    with only_run(out):
        state = _state(out, assignment, kept)
        known = read_roster(roster) if roster is not None else read_class_roster(out)
        _write_state(out, state, roster)
        with Show(len(kept)) as show:
            new = [each.result.graded_at for each in kept if _keep(out, each.result, show)]
        for problem in (*problems, *_remarks(kept), *_about_lateness(kept, assignment, known)):
            print(for_actions_log(one_line(problem)), file=sys.stderr)
        discovered = Discovered((), _missing(out, known))
        finish(out, assignment, known, discovered, show, since=min(new, default="never"), again={})
        return int(show.failed > 0)


def _read(downloaded: Path) -> tuple[list[_Kept], list[str]]:
    """The newest result of each student, and sentences about what cannot be read.

    Raises:
        UnusableRequest: there is none.
    """
    newest: dict[str, _Kept] = {}
    problems = []
    for path in sorted(downloaded.rglob("outcome.json")) if downloaded.is_dir() else []:
        result = read_result_file(path.with_name(folders.RESULT))
        if result is None:
            problems.append(
                f"{path.parent.name}: there is no {folders.RESULT} that can be read. An older grader may have kept it: "
                "bring the staff's repository up to date (`export github`), and grade again."
            )
            continue
        key = key_of(result.student)  # never the record's own `key`: it would name files, and may be forged
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            outcome = folders.read_outcome(path.parent)
            remarks = tuple(note for note in outcome.notes if _UNCERTAIN in note) if outcome is not None else ()
            percent = outcome.percent if outcome is not None else 0
            if key not in newest or newest[key].result.graded_at < result.graded_at:
                newest[key] = _Kept(replace(result, key=key), remarks, percent)
    if not newest:
        raise UnusableRequest(
            " ".join(
                [f"{downloaded} holds no results: `gh run download RUN --dir {downloaded}` brings them.", *problems]
            )
        )
    return list(newest.values()), problems


def _state(out: Path, assignment: Assignment, kept: list[_Kept]) -> dict[str, Any]:
    """What `class.json` has to say.

    Raises:
        UnusableRequest: the folder is another assignment's, or networks were trained on other images than there.
    """
    modules = [question.module for question in assignment.questions]
    kinds = {each.result.report.environment.get("data") for each in kept if each.result.report is not None}
    if len(kinds) > 1:
        found = ", ".join(sorted(str(kind or "none") for kind in kinds))
        raise UnusableRequest(f"These results were trained on different images ({found}): give those of one kind.")
    data = next(iter(kinds), None)
    others = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    if CLASS_FILE not in others:
        if others:
            raise UnusableRequest(f"--out: {out} holds something else ({', '.join(others[:3])}): name a new folder.")
        state: dict[str, Any] = {"schema": CLASS_SCHEMA, "title": assignment.title, "folder": GRADED_IN_ACTIONS}
        return {**state, "run": None, "modules": modules, "data": data}
    state = read_class(out)
    if state["title"] != assignment.title or state.get("folder") != GRADED_IN_ACTIONS:
        raise UnusableRequest(
            f"--out: {out} holds a class that was not {GRADED_IN_ACTIONS}, or “{state['title']}”: name another."
        )
    if kinds and state.get("data") is not None and data != state["data"]:
        raise UnusableRequest(
            f"--out: in {out} networks were trained on {state['data']}, in these results "
            f"{f'on {data}' if data else 'none was'}: name another folder."
        )
    return {**state, "modules": modules, "data": data if kinds else state.get("data")}


def _write_state(out: Path, state: dict[str, Any], roster: Path | None) -> None:
    try:
        write_whole(out / CLASS_FILE, json_text(state, indent=1) + "\n")
        if roster is not None and not ((out / ROSTER_FILE).exists() and roster.samefile(out / ROSTER_FILE)):
            write_whole(out / ROSTER_FILE, roster.read_bytes())
    except OSError as error:
        raise UnusableRequest(f"--out: {out} cannot be written to: {error.strerror}.") from None


def _keep(out: Path, result: Result, show: Show) -> bool:
    """Put a result in its place, unless the one there is as new. Returns whether it was put there."""
    before = read_result(out, result.key)
    if before is not None and before.graded_at >= result.graded_at:
        show.ended(result.student, before, kept=True)
        return False
    earlier = before.report if before is not None else None
    if result.ours:  # nothing is known yet of what was handed in: the earlier points are shown beside
        result = replace(result, report=earlier)
    else:
        result = replace(result, changes=changes(earlier, result.report))
    try:
        write_result(out, result)
    except OSError as error:
        raise UnusableRequest(f"--out: {out} cannot be written to: {error.strerror}.") from None
    show.ended(result.student, result, kept=False)
    return True


def _missing(out: Path, roster: Roster | None) -> tuple[Any, ...]:
    there = {comparable(result.student) for result in read_results(out)}
    return tuple(student for student in (roster.students if roster else ()) if comparable(student.student) not in there)


def _remarks(kept: list[_Kept]) -> Iterator[str]:
    """What a person has to look at, by the notes of the job."""
    for each in kept:
        for remark in each.remarks:
            yield f"{each.result.student}: {remark}"
    failed = sum(each.result.ours for each in kept)
    if failed:
        yield f"{counted(failed, 'student')} could not be graded through no fault of their own: run the workflow again."


def _about_lateness(kept: list[_Kept], assignment: Assignment, roster: Roster | None) -> Iterator[str]:
    """A sentence if lateness costs something else by the settings here than by those that the jobs had."""
    students = {comparable(student.student): student for student in (roster.students if roster else ())}
    differing = []
    for each in kept:
        student = students.get(comparable(each.result.student), Student(each.result.student))
        if each.result.report is None or each.result.handed_in is None or student.handed_in is not None:
            continue
        late = student.deadline(assignment.due, assignment.late).lateness(moment(each.result.handed_in))
        if late.percent != each.percent:
            differing.append(f"{each.result.student} ({each.percent:g} % there, {late.percent:g} % here)")
    if differing:
        yield (
            f"Lateness takes something else off here than where it was graded, {len(differing)}: "
            f"{listed(differing)}. The grade book goes by `due` and `[late]` in this checkout's assignment.toml and by "
            "the roster's extensions: make them those of the staff's repository, and collect again."
        )
