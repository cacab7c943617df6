"""Grade what was fetched. Students' code runs here, so nothing here has a token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import Assignment
from autograder.errors import GraderFault, UnusableRequest
from autograder.files.clock import now
from autograder.files.whole import write_whole
from autograder.grading.digests import stamp
from autograder.grading.grader import Grader
from autograder.grading.report import Report, for_student, write_json
from autograder.grading.secret import seeds_of
from autograder.grading.written import text_to_read
from autograder.intake import Submission, read_submission
from autograder.places.github import folders
from autograder.places.github.folders import Commit, Fetched, RepositoryResult
from autograder.places.github.plan import PlannedStudent
from autograder.records.results import Result, key_of, write_result_file
from autograder.render.markdown import feedback
from autograder.render.versions import other_python
from autograder.sandbox.isolation import in_one_line, require_layers
from autograder.text.inert import for_actions_log, for_markdown, one_line
from autograder.text.numbers import counted


@dataclass(frozen=True)
class _Graded:
    """A commit and what it got."""

    commit: Commit
    submission: Submission
    report: Report

    @property
    def after_penalty(self) -> float:
        return round(self.report.score * (1 - self.commit.percent / 100), 2)


def grade_all(
    entries: Sequence[PlannedStudent],
    assignment: Assignment,
    work: Path,
    *,
    data: str | None,
    device: str = "cpu",
    allow_missing: bool = False,
) -> int:
    """Grade each student; a problem with one does not affect the others.

    Args:
        entries: whom.
        assignment: from `course`.
        work: the folder that the steps share.
        data: images to train networks on; None: no network is trained.
        device: where they are trained, "cpu" or "cuda".
        allow_missing: a layer of confinement may be missing.

    Returns:
        The exit status: 1 if the grader failed with somebody.

    Raises:
        UnusableRequest: a layer is missing, or there are no such images or no such device.
    """
    with Grader() as grader:
        layers = grader.layers()
        print(in_one_line(layers), flush=True)
        require_layers(layers, allow_missing=allow_missing)
        if data is not None and any(question.trains for question in assignment.questions):
            grader.open(device)  # if there is none, that is not a student's fault
            grader.load(data)
        outcomes = [_grade(entry, assignment, grader, data, device, work) for entry in entries]
    return int(any(outcome.ours for outcome in outcomes))


def _grade(
    entry: PlannedStudent, assignment: Assignment, grader: Grader, data: str | None, device: str, work: Path
) -> RepositoryResult:
    fetched = folders.read_fetched(work / folders.FETCHED / entry.key)
    results = work / folders.RESULTS / entry.key
    results.mkdir(parents=True, exist_ok=True)
    try:
        if fetched is None:
            outcome = RepositoryResult(problem="was not fetched.", ours=True)
        elif fetched.problem:
            outcome = RepositoryResult(repository=fetched.repository, problem=fetched.problem, ours=fetched.ours)
        else:
            outcome = _outcome(entry, fetched, assignment, grader, data, device, work)
    except (GraderFault, UnusableRequest) as error:
        outcome = RepositoryResult(problem=f"the grader failed: {error}", ours=True)
    except Exception as error:  # noqa: BLE001  (a fault of ours with one student; the others are graded)
        outcome = RepositoryResult(problem=f"the grader failed: {type(error).__name__}: {error}", ours=True)
    if outcome.score is None:
        write_result_file(results / folders.RESULT, _without_points(entry, outcome))
    folders.write(outcome, results / "outcome.json")
    sentence = outcome.problem or f"{outcome.points}. {' '.join(outcome.notes)}"
    print(for_actions_log(f"{entry.student.student}: {sentence}"), flush=True)
    return outcome


def _without_points(entry: PlannedStudent, outcome: RepositoryResult) -> Result:
    source = " ".join(filter(None, (outcome.repository, outcome.commit[:7])))
    return Result(
        *(key_of(entry.student.student), entry.student.student, source),
        problem=one_line(outcome.problem),
        ours=outcome.ours,
        handed_in=outcome.handed_in,
        graded_at=now("microseconds"),
    )


def _with_points(entry: PlannedStudent, best: _Graded, assignment: Assignment, device: str) -> Result:
    """What came of the commit that counts, with its written answers: for readers, and for the grade book."""
    submission, report = best.submission, best.report
    graded = {question.id for question in report.questions}
    return Result(
        *(key_of(entry.student.student), entry.student.student, submission.name, submission.digest, report),
        handed_in=best.commit.handed_in,
        claimed=best.commit.handed_in is not None and not best.commit.certain,
        answers={
            question.id: text_to_read(submission, question.id) for question in assignment.questions if question.written
        },
        stamps={
            question.id: stamp(submission.digest, question, report.environment.get("data"), device)
            for question in assignment.questions
            if question.id in graded
        },
        graded_at=now("microseconds"),
    )


def _outcome(
    entry: PlannedStudent,
    fetched: Fetched,
    assignment: Assignment,
    grader: Grader,
    data: str | None,
    device: str,
    work: Path,
) -> RepositoryResult:
    results = work / folders.RESULTS / entry.key
    graded, unusable, problems = [], [], []
    for commit in fetched.commits:
        files = work / folders.FETCHED / entry.key / commit.sha
        name = f"{fetched.repository} {commit.sha[:7]}"
        try:
            submission = replace(read_submission(files, assignment), name=name)
        except UnusableRequest as error:
            unusable.append(commit)
            problems.append(str(error).replace(str(files), name))
            continue
        report = grader.grade(submission, assignment, data=data, seeds=seeds_of(entry.student.student), device=device)
        graded.append(_Graded(commit, submission, report))
    if not graded:
        text = "\n".join([f"## {assignment.title}\n", *(f"- {for_markdown(problem)}" for problem in problems), ""])
        write_whole(results / "feedback.md", text)
        return RepositoryResult(
            repository=fetched.repository,
            commit=unusable[-1].sha,
            handed_in=unusable[-1].handed_in,
            problem=f"what was handed in cannot be used: {' '.join(problems)}",
            notes=fetched.remarks,
        )
    best = max(graded, key=lambda each: each.after_penalty)  # the first of equals: the one on time
    for each in graded:
        write_json(each.report, results / ("report.json" if each is best else f"report-{each.commit.sha[:7]}.json"))
    write_result_file(results / folders.RESULT, _with_points(entry, best, assignment, device))
    notes = (*_notes(best, [each for each in graded if each is not best], unusable), *fetched.remarks)
    student = for_student(best.report)
    write_whole(results / "feedback.md", feedback(student, heading=assignment.title, remarks=notes))
    return RepositoryResult(
        repository=fetched.repository,
        commit=best.commit.sha,
        handed_in=best.commit.handed_in,
        score=best.report.score,
        max_score=best.report.max_score,
        pending=best.report.pending,
        days=best.commit.days,
        percent=best.commit.percent,
        after_penalty=best.after_penalty,
        notes=notes,
        flags=(
            *(f"{question.id}: {flag}" for question in best.report.questions for flag in question.flags),
            *filter(None, [other_python(best.report.environment)]),
        ),
    )


def _notes(best: _Graded, others: Sequence[_Graded], unusable: Sequence[Commit]) -> tuple[str, ...]:
    """Which commit counts and why; sentences of ours, which the student reads, too."""
    commit = best.commit
    notes = [f"Commit {commit.sha[:7]}, {_when(commit)}, counts{_lateness(best)}."]
    notes += [
        f"Commit {other.commit.sha[:7]}, {_when(other.commit)}, has {counted(other.report.score, 'point')}"
        f"{_lateness(other)}: the better of the two counts."
        for other in others
    ]
    notes += [f"Commit {other.sha[:7]} holds nothing that can be graded." for other in unusable]
    if not commit.certain:
        notes.append(
            "When it was pushed is not known; this goes by the commit's own date, which its author can write. "
            "A person has to look."
        )
    return tuple(notes)


def _when(commit: Commit) -> str:
    return f"{'pushed' if commit.certain else 'dated'} {commit.when}" if commit.when else "the newest"


def _lateness(graded: _Graded) -> str:
    commit = graded.commit
    if not commit.days:
        return ""
    return (
        f" ({counted(commit.days, 'day')} late: {commit.percent:g} % of {graded.report.score} points are taken off by "
        f"the course's rule, {graded.after_penalty:g} remain)"
    )
