"""Grade a submission: the central function that every entry point calls."""

from __future__ import annotations

import hmac
import platform
import time
from pathlib import Path

import torch

from autograder import course
from autograder.course import Assignment, Question
from autograder.errors import GraderFault, KilledFromOutside
from autograder.files.clock import now
from autograder.grading.calls import KeptFailure
from autograder.grading.device import Device
from autograder.grading.digests import grader_digest, suite_digest, suite_files, thresholds_digest
from autograder.grading.images import Data
from autograder.grading.kept import Kept
from autograder.grading.large_tables import tables
from autograder.grading.listed_run import OnDevice
from autograder.grading.report import QuestionReport, Report
from autograder.grading.secret import Seeds, seeds_of
from autograder.grading.short_run import ShortRun
from autograder.grading.suite import Progress, SuitePlugin, run_suite
from autograder.grading.thresholds import threshold_for
from autograder.grading.verdict import unusable_test
from autograder.grading.warm import required_on
from autograder.grading.written import read_written
from autograder.intake import Submission, read_submission
from autograder.intake.encoding import misleading
from autograder.sandbox.failures import Unusable
from autograder.sandbox.launch import WorkerKilled
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.sandbox.supervisor import Allowance


def grade(
    submission: Submission,
    assignment: Assignment,
    sandbox: Sandbox,
    *,
    questions: tuple[str, ...] = (),
    data: Data | None = None,
    seeds: Seeds | None = None,
    progress: Progress | None = None,
    alone: bool | None = None,
    failures: list[KeptFailure] | None = None,
    kept: Kept | None = None,
    device: Device | None = None,
) -> Report:
    """Run the suites against a submission and count the points.

    A worker that was killed from outside, most likely for lack of memory, says nothing about the submission, nor do the
    workers beside it: then the whole submission is graded once more, with one worker at a time.

    Args:
        submission: from `intake`.
        assignment: from `course`.
        sandbox: where the student's code runs.
        questions: ids of the questions to grade; all if empty.
        data: images to train networks on; without them, those tests and their points are left out.
        seeds: the student's seeds, see `secret`; by default those for an unknown student.
        progress: called after each test.
        alone: whether to use one worker at a time; None: only if necessary.
        failures: a list to which failing hidden tests are added, with all their calls; see `evidence`.
        kept: runs of networks that were made on this machine before; None: everything is trained.
        device: where networks that are lists are trained; None: on the CPU.

    Raises:
        UnusableRequest: there is no such question, or the device cannot be used.
        KilledFromOutside: a worker was killed although it was alone, or at the first time if `alone` is False.
        GraderFault: the grader failed, which says nothing about the submission.
    """
    chosen = seeds or seeds_of()
    for last in (False, True) if alone is None else (alone,):
        if failures is not None:
            failures.clear()
        try:
            return _grade(
                submission,
                assignment,
                sandbox,
                questions,
                data,
                chosen,
                progress,
                alone=last,
                failures=failures,
                kept=kept,
                device=device,
            )
        except KilledFromOutside:
            if last or alone is not None:
                raise
    raise AssertionError


def _grade(
    submission: Submission,
    assignment: Assignment,
    sandbox: Sandbox,
    questions: tuple[str, ...],
    data: Data | None,
    seeds: Seeds,
    progress: Progress | None,
    *,
    alone: bool,
    failures: list[KeptFailure] | None,
    kept: Kept | None,
    device: Device | None,
) -> Report:
    begun = time.perf_counter()
    torch.set_num_threads(1)  # the tests' own computations are small: threads would only wait for one another
    chosen = assignment.choose(questions)
    required = _required(device, sandbox, chosen, data, seeds, kept)
    suite = suite_digest()
    seed = hmac.digest(suite.encode(), submission.digest.encode(), "sha256")
    folder = sandbox.stage(submission.modules, course.given_files())
    allowance = Allowance(chosen[0].limits)
    sessions = {question.id: _session(question, submission, sandbox, folder, seeds, allowance) for question in chosen}
    runs: dict[str, ShortRun] = {}
    try:
        for session in sessions.values() if not alone else ():
            session.prepare()
        if data is not None:  # the networks are trained in parallel, while the other tests run
            remarks = tables(submission.modules, submission.explanations, submission.notebooks)
            runs = {
                question.id: _short_run(
                    *(question, submission, sandbox, folder, data, seeds, remarks, allowance, kept),
                    required.get(question.id),
                )
                for question in chosen
                if question.trains
            }
            for short_run in runs.values() if not alone else ():
                short_run.begin()
            for short_run in runs.values() if not alone else ():
                short_run.proceed()
        run = run_suite(chosen, sessions, seed, runs=runs, progress=progress, alone=alone, failures=failures)
        _refuse_undecidable(run, chosen, assignment, sandbox, seed, seeds)
    except WorkerKilled as error:
        raise KilledFromOutside(str(error)) from error
    finally:
        for session in sessions.values():
            session.close()
        for short_run in runs.values():
            short_run.close()
        sandbox.unstage(folder)
    return Report(
        submission=submission.name,
        graded_at=now(),
        seconds=round(time.perf_counter() - begun, 3),
        hashes={
            "submission": submission.digest,
            "suite": suite,
            "thresholds": thresholds_digest(),
            "grader": grader_digest(),
            "secret": seeds.fingerprint,
        },
        seed=seed.hex(),
        environment={
            "python": platform.python_version(),
            "course_python": assignment.python,
            "torch": str(torch.__version__),  # a class of torch's, which unpickling would have to import
            **_trained_on(device if runs else None),
            "data": data.source if runs and data is not None else None,
        },
        isolation=sandbox.layers(),
        questions=[
            _question_report(question, submission, sessions[question.id], run, runs.get(question.id))
            for question in chosen
        ],
        left_out=list(submission.left_out),
        notes=list(submission.notes),
    )


def _required(
    device: Device | None,
    sandbox: Sandbox,
    questions: tuple[Question, ...],
    data: Data | None,
    seeds: Seeds,
    kept: Kept | None,
) -> dict[str, OnDevice]:
    """What is required of each question's network on a device, which may take a training of the reference.

    That comes before any network of a submission, since two processes that wait for each other's runs would wait for
    ever.

    Raises:
        KilledFromOutside: a process was killed.
        UnusableRequest: the device cannot be used, or is full.
        GraderFault: a reference cannot be trained there.
    """
    if device is None or data is None:
        return {}
    try:
        return {
            question.id: required_on(device, sandbox, question, data, seeds.of_the_course(), kept)
            for question in questions
            if question.trains
        }
    except WorkerKilled as error:
        raise KilledFromOutside(str(error)) from error


def _trained_on(device: Device | None) -> dict[str, str | None]:
    """What a report says of the device: its name, and the version of its driver if it has one."""
    about = None if device is None else device.about
    if about is None:
        return {"device": "cpu"}
    return {"device": about.name, **({"driver": about.driver} if about.driver else {})}


def _refuse_undecidable(
    run: SuitePlugin,
    questions: tuple[Question, ...],
    assignment: Assignment,
    sandbox: Sandbox,
    seed: bytes,
    seeds: Seeds,
) -> None:
    """Run the tests that could not judge an answer on the course's solution, if it is here.

    Raises:
        GraderFault: a test cannot judge the solution either, so the test is to blame and not the answer.
    """
    undecided = {
        question.id: {test.name for test in run.results(question.id) if test.status == "error"}
        for question in questions
        if (course.SOLUTIONS / f"{question.module}.py").exists()
    }
    again = tuple(question for question in questions if undecided.get(question.id))
    if not again:
        return
    solutions = read_submission(course.SOLUTIONS, assignment)
    folder = sandbox.stage(solutions.modules, course.given_files())
    allowance = Allowance(again[0].limits)
    sessions = {question.id: _session(question, solutions, sandbox, folder, seeds, allowance) for question in again}
    try:
        tried = run_suite(again, sessions, seed)
    finally:
        for session in sessions.values():
            session.close()
        sandbox.unstage(folder)
    for question in again:
        public, hidden = suite_files(question)
        for test in tried.results(question.id):
            if test.status == "error" and test.name in undecided[question.id]:
                path = public if test.visibility == "public" else hidden
                raise GraderFault(unusable_test(path, f"the test “{test.name}”", test.staff.partition("\n")[0]))


def _session(
    question: Question, submission: Submission, sandbox: Sandbox, folder: Path, seeds: Seeds, allowance: Allowance
) -> Session:
    session = Session(
        sandbox,
        folder,
        question.module,
        question.from_scratch,
        question.limits,
        left_out=submission.left_out,
        beside=submission.beside.get(f"{question.module}.py", ""),
        key=seeds.calls(question.id),
        allowance=allowance,
        notebook=submission.notebooks.get(f"{question.module}.py"),
    )
    problem = submission.problems.get(f"{question.module}.py")
    if problem is not None:
        session.give_up(Unusable(problem))
    why = misleading(submission.modules.get(f"{question.module}.py", b""))
    if why:
        session.flag(f"{question.module}.py {why}")
    return session


def _short_run(
    question: Question,
    submission: Submission,
    sandbox: Sandbox,
    folder: Path,
    data: Data,
    seeds: Seeds,
    remarks: list[str],
    allowance: Allowance,
    kept: Kept | None,
    elsewhere: OnDevice | None,
) -> ShortRun:
    return ShortRun(
        sandbox,
        folder,
        question,
        data,
        seeds=seeds,
        threshold=threshold_for(question, data.kind),
        flags=list(remarks),
        problem=submission.problems.get(f"{question.module}.py"),
        left_out=submission.left_out,
        allowance=allowance,
        notebook=submission.notebooks.get(f"{question.module}.py"),
        kept=kept,
        elsewhere=elsewhere,
    )


def _question_report(
    question: Question, submission: Submission, session: Session, run: SuitePlugin, short_run: ShortRun | None
) -> QuestionReport:
    tests = run.results(question.id)
    written = read_written(submission, question)
    return QuestionReport(
        id=question.id,
        title=question.title,
        score=sum(test.score for test in tests),
        max_score=sum(test.max_score for test in tests),
        pending=question.written if written is not None and written.state == "awaiting" else 0,
        seconds=round(sum(test.seconds for test in tests), 3),
        flags=list(
            dict.fromkeys(
                [
                    *_about_files(submission, question),
                    *session.flags,
                    *(short_run.flags if short_run is not None else []),
                ]
            )
        ),
        tests=tests,
        written=written,
        accuracy=short_run.result() if short_run is not None else None,
        notes=[*submission.cell_notes.get(f"{question.module}.py", ()), *session.notes],
    )


def _about_files(submission: Submission, question: Question) -> list[str]:
    """Remarks for a person about the files in which this question was, or may have been, answered."""
    files = [f"{question.module}.py", *([course.EXPLANATIONS] if question.written else [])]
    return [submission.flags[file] for file in files if file in submission.flags]
