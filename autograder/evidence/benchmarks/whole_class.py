"""Measure a class: submissions per minute, compared with peers and with their own computing time, and memory.

The class is generated, of ordinary students, and always the same; everything is measured in one run on one machine.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autograder import course
from autograder.batch.discover import discover
from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.evidence.bank.classes import write_class
from autograder.evidence.benchmarks import Measurement, memory, peers, print_table, without_training
from autograder.evidence.benchmarks.direct import Direct, recorded_calls
from autograder.evidence.benchmarks.memory import Memory
from autograder.grading.grade import grade
from autograder.grading.report import Report
from autograder.intake import Submission, read_submission
from autograder.records.results import RESULTS, Result, read_results
from autograder.sandbox.sandbox import Sandbox

A_MINUTE = 60  # submissions per minute, on two cores
TIMES_A_PEER = 10
COMPUTE_FACTOR, COMPUTE_SECONDS = 1.5, 0.3
GROWTH = 1.1  # medians of a hundred submissions always vary by a few per cent
MEMORY_BASE, MEMORY_WORKER = 1.5e9, 0.3e9
HUNDRED = 100
_REPEAT = 3
_CLUSTER_SECONDS = 60


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        questions: ids of the questions to grade; by default all that do not train a network.
        students: the size of the class whose speed is measured.
        long: the size of the class whose memory and cost are watched from its first to its last submission.
        jobs: the number of parallel gradings.
        sample: the number of submissions that peers grade too, and whose own computing time is measured.
        peers: whether peers are measured at all.
        otter: an interpreter that has Otter-Grader.
    """

    questions: tuple[str, ...] = ()
    students: int = 200
    long: int = 1000
    jobs: int = 2
    sample: int = 8
    peers: bool = False
    otter: str = sys.executable


@dataclass(frozen=True)
class _Run:
    """A class that was graded.

    Attributes:
        seconds: that the whole command took.
        results: in the order in which they came.
        began: when the first one was there.
        memory: what was seen of it.
    """

    seconds: float
    results: tuple[Result, ...]
    began: float
    memory: Memory

    @property
    def rate(self) -> float:
        """Submissions per minute."""
        return 60 * len(self.results) / self.seconds

    def median(self, part: slice) -> float:
        return statistics.median(_report(result).seconds for result in self.results[part])

    def beside(self, other: _Run) -> float:
        """The median ratio of the time that the other class's submissions took here, to the time they took there."""
        here = {result.key: _report(result).seconds for result in self.results}
        return statistics.median(here[result.key] / _report(result).seconds for result in other.results)

    @property
    def mean(self) -> float:
        return statistics.fmean(_report(result).seconds for result in self.results)


def run(options: Options) -> None:
    """Measure and print the table.

    Raises:
        UnusableRequest: a question trains a network, so that its speed is that of the training.
        GraderFault: the grader failed, or a peer did.
    """
    assignment = course.load()
    chosen = without_training(assignment, options.questions, "--training measures its speed.")
    assignment = replace(assignment, questions=chosen)
    names = ", ".join(question.id for question in chosen)
    with tempfile.TemporaryDirectory(prefix="benchmark-class-") as temporary:
        bench = Bench(Path(temporary), assignment, options.jobs)
        quick = bench.graded(options.students)
        core_seconds = options.jobs * quick.seconds / options.students
        lines = [
            Measurement(
                f"a class of {options.students:,}, all of the command",
                f"{quick.rate:.1f} a minute",
                f"at least {A_MINUTE} on two cores",
                quick.rate >= A_MINUTE,
            ),
            Measurement("seconds × processes, a submission", f"{core_seconds:.2f} s"),
            Measurement("of it in the worker", f"{quick.mean:.2f} s"),
        ]
        sample = bench.sample(quick, options.sample)
        if options.peers:
            lines += _beside_peers(quick, sample, assignment, options.otter)
        lines += _beside_own_compute(sample, assignment)
        lines += _growth_and_memory(bench, options)
        lines += _beside_dask(bench, min(HUNDRED, options.students), options.jobs)
    print_table(f"Classes of ordinary students, {names}, {options.jobs} side by side", lines)


class Bench:
    """Generated classes in a folder, and how they are graded."""

    def __init__(self, folder: Path, assignment: Assignment, jobs: int) -> None:
        self._folder = folder
        self._assignment = assignment
        self._jobs = jobs

    def graded(self, students: int, *more: str, watched: bool = False) -> _Run:
        """Grade a class with the command `class`.

        Args:
            students: the size of the class; a larger one begins with the smaller one.
            more: further options of the command.
            watched: whether to sample its memory.

        Raises:
            GraderFault: it failed.
        """
        submissions = self._submissions(students)
        out = Path(tempfile.mkdtemp(prefix="out-", dir=self._folder))
        command = [
            *(sys.executable, "-m", "autograder", "class", str(submissions), "--out", str(out), "--no-training"),
            *(word for question in self._assignment.questions for word in ("--question", question.id)),
            *(more or ("--jobs", str(self._jobs))),
        ]
        log = self._folder / "log"
        begun = time.perf_counter()
        with log.open("wb") as file:
            process = subprocess.Popen(command, cwd=course.ROOT, stdout=file, stderr=file)
            try:
                seen = memory.watch(process) if watched else Memory()
                status = process.wait()
            finally:
                process.terminate()
        seconds = time.perf_counter() - begun
        came = {each.key: (out / RESULTS / f"{each.key}.json").stat().st_mtime for each in read_results(out)}
        results = tuple(sorted(read_results(out), key=lambda each: came[each.key]))
        if status or len(results) != students or any(each.report is None for each in results):
            raise GraderFault(f"class failed with {status}: {log.read_text('utf-8', 'replace').strip()[-2000:]}")
        return _Run(seconds, results, min(came.values()), seen)

    def sample(self, graded: _Run, count: int) -> list[tuple[Submission, Result]]:
        """A representative sample of a class, evenly spaced from the quickest to the slowest."""
        by_time = sorted(graded.results, key=lambda each: _report(each).seconds)
        count = min(count, len(by_time))
        chosen = [by_time[(2 * number + 1) * len(by_time) // (2 * count)] for number in range(count)]
        found = discover(self._submissions(len(by_time)), self._assignment).found
        paths = {each.key: each.path for each in found}
        return [(read_submission(paths[each.key], self._assignment), each) for each in chosen]

    def _submissions(self, students: int) -> Path:
        folder = self._folder / f"class-{students}"
        if not folder.exists():
            write_class(folder, students, 0, [question.id for question in self._assignment.questions], ordinary=True)
        return folder


def _beside_peers(
    quick: _Run, sample: Sequence[tuple[Submission, Result]], assignment: Assignment, otter: str
) -> Iterator[Measurement]:
    submissions = [submission for submission, _ in sample]
    reports = [_report(result) for _, result in sample]
    mean = statistics.fmean(report.seconds for report in reports)
    yield Measurement(f"the {len(sample)} of them that peers grade, in the worker", f"{mean:.2f} s")
    for peer in [*peers.nbgrader(submissions, assignment), peers.otter(submissions, assignment, reports, otter)]:
        if peer.seconds is None:
            yield Measurement(peer.name, f"not installed: {peer.absent}")
            continue
        ratio = quick.rate * peer.seconds / 60
        same = sum(ours.score == theirs for ours, theirs in zip(reports, peer.points, strict=True))
        yield Measurement(peer.name, f"{peer.seconds:.2f} s")
        yield Measurement("its points are ours", f"{same} of {len(sample)}", "all", same == len(sample))
        yield Measurement("class beside it", f"{ratio:.1f} ×", f"at least {TIMES_A_PEER} ×", ratio >= TIMES_A_PEER)


def _beside_own_compute(sample: Sequence[tuple[Submission, Result]], assignment: Assignment) -> Iterator[Measurement]:
    """The cost of a single submission in a running sandbox, compared with its tests' calls made directly."""
    costs = []
    with Sandbox() as sandbox:
        grade(sample[0][0], assignment, sandbox)  # the first one starts the fork server
        for submission, _ in sample:
            calls = recorded_calls(submission, assignment, sandbox)
            with Direct(submission.modules, calls) as made_directly:
                both = [(_seconds(submission, assignment, sandbox), made_directly.seconds()[0]) for _ in range(_REPEAT)]
            costs.append(tuple(map(statistics.median, zip(*both, strict=True))))
    ours, direct = (statistics.fmean(column) for column in zip(*costs, strict=True))
    beside = [cost / (COMPUTE_FACTOR * own + COMPUTE_SECONDS) for cost, own in [(ours, direct), *costs]]
    aim = f"{COMPUTE_FACTOR} × own compute + {COMPUTE_SECONDS} s"
    yield Measurement(f"{len(sample)} of them, one by one, mean", f"{ours:.2f} s")
    yield Measurement("their own compute, mean", f"{direct:.2f} s")
    yield Measurement("the mean beside what it may be", f"{beside[0]:.2f} ×", aim, beside[0] <= 1)
    yield Measurement("the worst beside what it may be", f"{max(beside[1:]):.2f} ×", aim, max(beside[1:]) <= 1)


def _seconds(submission: Submission, assignment: Assignment, sandbox: Sandbox) -> float:
    begun = time.perf_counter()
    grade(submission, assignment, sandbox)
    return time.perf_counter() - begun


def _growth_and_memory(bench: Bench, options: Options) -> Iterator[Measurement]:
    """A long class, watched, and short ones, to compare the cost of the same submissions."""
    short = [bench.graded(students) for students in (10, HUNDRED) if students < options.long]
    whole = bench.graded(options.long, watched=True)
    for few in short:
        grown = whole.beside(few)
        yield Measurement(f"a submission in a class of {len(few.results)}, median", f"{few.median(slice(None)):.3f} s")
        yield Measurement(
            f"the same in a class of {options.long:,}", f"{grown:.2f} ×", f"at most {GROWTH} ×", grown <= GROWTH
        )
    part = min(HUNDRED, options.long // 2)
    first, last = whole.median(slice(part)), whole.median(slice(-part, None))
    yield Measurement(f"a class of {options.long:,}, the first {part}", f"{first:.3f} s")
    yield Measurement(f"the last {part}", f"{last:.3f} s")
    yield Measurement(
        "the last beside the first", f"{last / first:.2f} ×", f"at most {GROWTH} ×", last <= GROWTH * first
    )
    seen = whole.memory
    limit = MEMORY_BASE + options.jobs * MEMORY_WORKER
    if seen.hidden:
        yield Measurement("its memory", "not measured: only root may look into workers")
        return
    yield Measurement(
        "its memory, all processes, peak", _gigabytes(seen.peak), f"under {_gigabytes(limit)}", seen.peak < limit
    )
    early, late = seen.fifths(since=whole.began)
    yield Measurement("in the first fifth of the time", _gigabytes(early))
    yield Measurement("in the last fifth", _gigabytes(late))
    yield Measurement(
        "the last beside the first", f"{late / early:.2f} ×", f"at most {GROWTH} ×", late <= GROWTH * early
    )
    yield Measurement(f"{len(seen.looks):,} looks at memory took", f"{100 * seen.busy / whole.seconds:.0f} % of a core")


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.2f} GB"


def _beside_dask(bench: Bench, students: int, workers: int) -> Iterator[Measurement]:
    what = f"a class of {students} by {workers} Dask workers"
    if importlib.util.find_spec("distributed") is None:
        yield Measurement(what, "not installed: pip install distributed")
        return
    local = bench.graded(students)
    with _cluster(workers) as address:
        clustered = bench.graded(students, "--scheduler", address)
    yield Measurement(what, f"{clustered.rate:.1f} a minute")
    yield Measurement(f"by {workers} local processes", f"{local.rate:.1f} a minute")
    yield Measurement("the cluster beside them", f"{clustered.rate / local.rate:.2f} ×")


@contextlib.contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """Start a scheduler and single-threaded workers on this machine; gives the scheduler's address."""
    from distributed import Client

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-dask-")))
        file = folder / "scheduler.json"
        environment = {**os.environ, "PYTHONPATH": str(course.ROOT)}
        for program, *arguments in (
            ("dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
            ("dask_worker", "--nworkers", str(workers), "--nthreads", "1", "--local-directory", str(folder)),
        ):
            command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments, "--no-dashboard"]
            process = subprocess.Popen(
                [*command, "--scheduler-file", str(file)], cwd=folder, env=environment, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            until = time.monotonic() + _CLUSTER_SECONDS
            while not file.exists():
                if time.monotonic() > until or process.poll() is not None:
                    raise GraderFault("Dask's scheduler did not start.")
                time.sleep(0.1)
        address: str = json.loads(file.read_text("utf-8"))["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=_CLUSTER_SECONDS)
        yield address


def _report(result: Result) -> Report:
    assert result.report is not None
    return result.report
