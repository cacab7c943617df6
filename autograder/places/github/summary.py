"""One table of the class: on the job's page, and for a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from autograder.course import Assignment
from autograder.errors import UnusableRequest
from autograder.files.whole import write_whole
from autograder.places.github import folders
from autograder.places.github.folders import RepositoryResult
from autograder.places.github.plan import Plan, PlannedStudent
from autograder.text.inert import actions_command, for_csv, for_markdown

MAX_PAGE = 1_000_000  # bytes; GitHub takes 1 MiB of a step
_COLUMNS = (
    *("student", "name", "email", "repository", "commit", "handed_in", "score", "max_score", "pending"),
    *("days_late", "percent_off", "after_penalty", "problem", "notes", "flags"),
)


def summarize(plan: Plan, assignment: Assignment, work: Path, table: Path) -> int:
    """Write the tables. Returns the exit status: 1 if the grader failed with somebody.

    Args:
        plan: who was to be graded.
        assignment: from `course`.
        work: where the results of all shards lie.
        table: the CSV file to write.

    Raises:
        UnusableRequest: it cannot be written.
    """
    missing = RepositoryResult(problem="was not graded: the job ended before.", ours=True)
    outcomes = [(entry, folders.read_outcome(work / folders.RESULTS / entry.key) or missing) for entry in plan.entries]
    rows = io.StringIO(newline="")
    writer = csv.writer(rows)
    writer.writerow(_COLUMNS)
    writer.writerows([for_csv(cell) for cell in _row(entry, outcome)] for entry, outcome in outcomes)
    try:
        write_whole(table, rows.getvalue())
    except OSError as error:
        raise UnusableRequest(f"--csv: {table} cannot be written: {error.strerror}.") from None
    problems = [*plan.problems]
    problems += [f"{entry.student.student}: {outcome.problem}" for entry, outcome in outcomes if outcome.problem]
    page = _page(assignment.title, outcomes, problems)
    where = os.environ.get("GITHUB_STEP_SUMMARY")
    if where:
        with Path(where).open("a", encoding="utf-8") as file:
            file.write(page)
    for problem in problems:
        print(actions_command("warning", problem, title="Not graded"))
    graded = sum(outcome.score is not None for _, outcome in outcomes)
    print(f"{graded} of {len(outcomes)} students graded.")
    return int(any(outcome.ours for _, outcome in outcomes))


def _row(entry: PlannedStudent, outcome: RepositoryResult) -> list[str | float | None]:
    student = entry.student
    return [
        *(student.student, student.name, student.email, outcome.repository or student.repository),
        *(outcome.commit, outcome.handed_in, outcome.score, outcome.max_score, outcome.pending),
        *(outcome.days, outcome.percent, outcome.after_penalty, outcome.problem),
        *(" ".join(outcome.notes), " ".join(outcome.flags)),
    ]


def _page(title: str, outcomes: list[tuple[PlannedStudent, RepositoryResult]], problems: list[str]) -> str:
    graded = sum(outcome.score is not None for _, outcome in outcomes)
    lines = [f"## {title}", "", f"{graded} of {len(outcomes)} students graded.", ""]
    lines += [f"- {for_markdown(problem)}" for problem in problems]
    lines += [
        "",
        "Points are before any penalty; what lateness costs by the course's rule stands beside them.",
        "",
        "| student | name | points | to be read | late | after penalty | commit | remarks |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    size = len("\n".join(lines).encode())
    for entry, outcome in outcomes:
        line = _line(entry, outcome)
        size += len(line.encode()) + 1
        if size > MAX_PAGE:
            lines += ["", "More students than fit here; `scores.csv` has all of them."]
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _line(entry: PlannedStudent, outcome: RepositoryResult) -> str:
    student = entry.student
    if outcome.score is None:
        cells = ["–", "", "", "", "", for_markdown(outcome.problem)]
    else:
        late = f"{outcome.days} d, {outcome.percent:g} %" if outcome.days else ""
        remarks = " ".join([*outcome.notes[1:], *outcome.flags])
        points = f"{outcome.score} of {outcome.max_score}"
        penalized = f"{outcome.after_penalty:g}" if outcome.percent else ""
        cells = [points, str(outcome.pending or ""), late, penalized, f"`{outcome.commit[:7]}`", for_markdown(remarks)]
    return f"| {for_markdown(student.student)} | {for_markdown(student.name)} | {' | '.join(cells)} |"
