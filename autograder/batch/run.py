"""Grade a class: read each submission, keep results that are up to date, grade the rest, write each result at once."""

from __future__ import annotations

import contextlib
import os
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from autograder.batch.discover import Found
from autograder.batch.executors import SCHEDULER_GONE, Workers
from autograder.batch.tasks import Task, TaskResult, code_digests, grade_task
from autograder.course import Assignment
from autograder.errors import GraderFault, UnusableRequest
from autograder.files.clock import now
from autograder.files.whole import sweep
from autograder.grading.digests import stamp
from autograder.grading.secret import seeds_of
from autograder.grading.written import text_to_read
from autograder.intake import Submission, read_loose_files, read_submission
from autograder.records.changes import changes, merged, other_versions, why_again
from autograder.records.results import RESULTS, Result, read_result, write_result
from autograder.text.inert import one_line

LOOK_SECONDS = 0.5  # how long to wait before checking whether another worker is free
DEATHS = 2  # how many workers a submission may kill, the last one while nothing else runs, before it is to blame


@dataclass(frozen=True)
class Choice:
    """What to grade.

    Attributes:
        questions: ids of those to grade; all if empty.
        data: images to train networks on; None to train none.
        again: also grade what is up to date.
        since: with `again`, results from this time (ISO 8601, UTC) or later still count as up to date.
        allow_missing: allow layers of confinement to be missing.
        retrain: train every network, also one that was trained on this machine before.
        device: where networks are trained, "cpu" or "cuda".
    """

    questions: tuple[str, ...] = ()
    data: str | None = None
    again: bool = False
    since: str = ""
    allow_missing: bool = False
    retrain: bool = False
    device: str = "cpu"


class Watcher(Protocol):
    """Receives a run's events, to show its progress."""

    def began(self, student: str) -> None:
        """A submission was sent to be graded."""

    def ended(self, student: str, result: Result, *, kept: bool) -> None:
        """A result is available; `kept` means that it is from an earlier run."""

    def look(self, where: str) -> None:
        """Called regularly; `where` describes the workers."""


@dataclass
class _Job:
    """A submission waiting to be graded, and its last result."""

    found: Found
    submission: Submission
    questions: tuple[str, ...]
    answers: dict[str, str]
    before: Result | None
    deaths: int = 0
    alone: bool = False  # whether nothing else may be graded at the same time


@dataclass
class Class:
    """The grading of one class.

    Args:
        out: the results' folder.
        assignment: from `course`.
        choice: what to grade.
        workers: the workers that grade.
        watcher: receives the run's events.

    Attributes:
        again: by reason, how many submissions are graded again although nothing new was handed in.
    """

    out: Path
    assignment: Assignment
    choice: Choice
    workers: Workers
    watcher: Watcher
    again: Counter[str] = field(default_factory=Counter)
    _running: dict[Future[TaskResult], _Job] = field(default_factory=dict)
    _alone: deque[_Job] = field(default_factory=deque)

    def grade(self, found: tuple[Found, ...]) -> None:
        """Grade these submissions. Each result is completely on disk before another submission is sent.

        Raises:
            UnusableRequest: results cannot be written, or the workers cannot grade here.
            GraderFault: the workers are gone.
        """
        jobs = self._jobs(found)
        more = True
        while more or self._running or self._alone:
            more = self._send(jobs)
            if self._running:
                done, _ = wait(self._running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
                self._settle(done)
            self.watcher.look(self.workers.where())

    def _send(self, jobs: Iterator[_Job]) -> bool:
        """Send out as many jobs as the workers can grade; return whether there may be more."""
        while len(self._running) < self.workers.slots():
            if any(job.alone for job in self._running.values()):
                return True
            if self._alone:  # a submission that was killed, or that may have killed others, is graded on its own
                if not self._running:
                    self._submit(replace(self._alone.popleft(), alone=True))
                return True
            job = next(jobs, None)
            if job is None:
                return False
            self._submit(job)
        return True

    def _submit(self, job: _Job) -> None:
        task = Task(
            job.submission,
            self.assignment,
            job.questions,
            self.choice.data,
            seeds_of(job.found.student),
            code_digests(),
            self.choice.allow_missing,
            job.alone,
            self.choice.retrain,
            self.choice.device,
        )
        self.watcher.began(job.found.student)
        try:
            self._running[self.workers.executor.submit(grade_task, task)] = job
        except BrokenProcessPool:  # a worker died between two submissions
            self.workers.renew()
            self._running[self.workers.executor.submit(grade_task, task)] = job

    def _settle(self, done: set[Future[TaskResult]]) -> None:
        broken = []
        for future in done:
            job = self._running.pop(future)
            try:
                answer = future.result()
            except BrokenProcessPool:
                broken.append(job)
                continue
            except CancelledError:
                raise GraderFault(SCHEDULER_GONE) from None
            except Exception as error:
                if _is_import_error(error):
                    raise UnusableRequest(
                        "The cluster's scheduler or a worker cannot import the grader or what it needs: start both in "
                        "this environment, with the checkout's folder in PYTHONPATH."
                    ) from error
                # Dask gives up on a task that has killed several workers.
                answer = TaskResult(fault=f"the workers that graded it died ({type(error).__name__})")
            if answer.stop:
                raise UnusableRequest(answer.fault)
            if answer.crowded:
                self._alone.append(job)
            else:
                self._keep(job, answer)
        if broken:
            # All running jobs were lost with the process pool, though only one of them may be to blame.
            broken += [self._running.pop(future) for future in list(self._running)]
            alone = len(broken) == 1
            self.workers.renew()
            for job in broken:
                job.deaths += 1
                if alone and job.deaths >= DEATHS:
                    self._keep(job, TaskResult(fault="the process that graded it died each time"))
                else:
                    self._alone.append(job)

    def _jobs(self, found: tuple[Found, ...]) -> Iterator[_Job]:
        """Yield the jobs that have to be graded; every other submission gets its result on the way."""
        for each in found:
            before = read_result(self.out, each.key)
            result = _about(each)
            if each.undecided:
                self._write(before, replace(result, problem=each.undecided, ours=True))
                continue
            try:
                submission = replace(_read(each, self.assignment), name=each.source)
            except UnusableRequest as error:
                problem = str(error).replace(str(each.path), each.source)
                self._write(before, replace(result, problem=problem, changes=changes(_report(before), None)))
                continue
            except Exception as error:  # noqa: BLE001  (a fault of ours with one submission; the others are graded)
                problem = f"the grader failed: {type(error).__name__}: {error}"
                self._write(before, replace(result, problem=one_line(problem), ours=True, report=_report(before)))
                continue
            answers = self._answers(submission)
            stamps = self._stamps(submission, before)
            stale = tuple(name for name, digest in stamps.items() if not self._is_current(name, digest, before))
            if stale or before is None or before.report is None:
                if before is None and (self.out / RESULTS / f"{each.key}.json").exists():
                    self.again["what was kept of them could not be read"] += 1
                self._count_again(submission, stale, before)
                yield _Job(each, submission, stale, answers, before)
            else:
                about = _about(each)
                kept = {name: getattr(about, name) for name in ("student", "source", "handed_in", "claimed", "one_of")}
                self._write(before, replace(before, **kept))

    def _is_current(self, question: str, digest: str, before: Result | None) -> bool:
        if before is None or before.ours or before.stamps.get(question) != digest:
            return False
        return not self.choice.again or bool(self.choice.since and before.graded_at >= self.choice.since)

    def _count_again(self, submission: Submission, stale: tuple[str, ...], before: Result | None) -> None:
        """Count the reason why a graded submission is graded again, unless it is new or `--again` was given."""
        if before is None or before.report is None or before.ours or before.digest != submission.digest:
            return
        if not self.choice.again and before.stamps.keys() & {*stale}:
            self.again[why_again(before.report)] += 1

    def _stamps(self, submission: Submission, before: Result | None) -> dict[str, str]:
        """The stamps of the questions to grade: those chosen, and for a changed submission also those graded before.

        Points of two submissions are never combined, nor are points from two versions of Python or torch.
        """
        chosen = {question.id for question in self.assignment.choose(self.choice.questions)}
        other = before is not None and before.report is not None and other_versions(before.report)
        if before is not None and (before.digest != submission.digest or other):
            chosen |= before.stamps.keys()
        return {
            question.id: stamp(submission.digest, question, self.choice.data, self.choice.device)
            for question in self.assignment.questions
            if question.id in chosen
        }

    def _answers(self, submission: Submission) -> dict[str, str]:
        return {
            question.id: text_to_read(submission, question.id)
            for question in self.assignment.questions
            if question.written
        }

    def _keep(self, job: _Job, answer: TaskResult) -> None:
        """Turn a worker's answer into a result and write it."""
        before = _report(job.before)
        result = replace(_about(job.found), digest=job.submission.digest, answers=job.answers)
        if answer.report is None:
            problem = one_line(f"the grader failed: {answer.fault}")
            result = replace(result, problem=problem, ours=True, report=before)
        else:
            same = job.before is not None and job.before.digest == job.submission.digest and not job.before.ours
            report = merged(before if same else None, answer.report, self.assignment)
            stamps = {**(job.before.stamps if same and job.before else {}), **self._stamps(job.submission, job.before)}
            result = replace(result, report=report, stamps=stamps, changes=changes(before, report))
        self._write(job.before, result, graded=True)

    def _write(self, before: Result | None, result: Result, *, graded: bool = False) -> None:
        """Write a result, unless it was not graded now and equals the one stored; notify the watcher."""
        same = replace(result, changes=(), graded_at="")
        kept = not graded and before is not None and replace(before, changes=(), graded_at="") == same
        if not kept:
            fresh = graded or before is None or result.report is None
            result = replace(result, graded_at=now("microseconds") if fresh else result.graded_at)
            try:
                write_result(self.out, result)
            except OSError as error:
                raise UnusableRequest(
                    f"The result of {result.student} cannot be written to {self.out}: {error.strerror}. What "
                    "was graded before is kept: once there is room, run the same command again."
                ) from None
        self.watcher.ended(result.student, before if kept and before is not None else result, kept=kept)


def _about(found: Found) -> Result:
    """What is known about a submission before it is read."""
    return Result(
        found.key,
        found.student,
        found.source,
        handed_in=found.handed_in,
        claimed=found.claimed,
        choose=found.choose,
        one_of=found.one_of,
    )


def _read(found: Found, assignment: Assignment) -> Submission:
    if found.files is not None:
        return read_loose_files(found.source, found.files, assignment)
    return read_submission(found.path, assignment)


def _is_import_error(error: BaseException | None) -> bool:
    """Whether an import error is the cause; Dask wraps what a worker raises when it cannot unpickle a task."""
    return error is not None and (isinstance(error, ImportError) or _is_import_error(error.__cause__))


def _report(result: Result | None) -> Any:
    return result.report if result is not None else None


@contextlib.contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Lock a class's folder: two runs at once would grade everything twice.

    Raises:
        UnusableRequest: another run holds the lock, or the folder cannot be written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out / ".running", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnusableRequest(f"--out: {out} cannot be written to: {error.strerror}.") from None
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UnusableRequest(f"--out: another run is grading into {out}. Wait for it, or stop it first.") from None
    except (ImportError, OSError):
        pass  # a file system without locks: there the user must not start two runs
    try:
        sweep(out / RESULTS)
        yield
    finally:
        os.close(descriptor)
