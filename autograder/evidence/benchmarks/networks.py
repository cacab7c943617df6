"""Measure what grading networks costs beside an earlier build: both are checked out and measured in one run.

Each build has a checkout of its own, so that nothing is kept from earlier runs, and a class is graded in one more way
by each of these: the other half first and by one job, and killed in the middle. All must give the same `grades.csv`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder import course
from autograder.errors import GraderFault, UnusableRequest
from autograder.evidence.bank.classes import write_class
from autograder.evidence.benchmarks import Measurement, memory, print_table
from autograder.records.results import RESULTS, Result, read_results

BEFORE = "8306e59"  # the last build in which each network was trained by its submission's own process
AGAIN, FIRST, CLASS = 0.15, 1.05, 0.2  # aims, as ratios to that build
_GRADES = "grades.csv"
_GRADED_BEFORE_THE_KILL = 3


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        before: the commit of the earlier build.
        students: the size of the class; 0: none is graded.
        jobs: gradings side by side.
        data: images to train on, as for `grade`.
    """

    before: str = BEFORE
    students: int = 24
    jobs: int = 2
    data: str = "synthetic"


@dataclass(frozen=True)
class _Cost:
    """What a command took: processor seconds, seconds by the clock, and bytes at the peak, each shared page once."""

    processor: float
    seconds: float
    peak: int


def run(options: Options) -> None:
    """Measure and print the tables.

    Raises:
        UnusableRequest: the earlier build is not there.
        GraderFault: a command failed, or one class has two results.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-networks-") as temporary:
        folder = Path(temporary)
        before, now = _checked_out(options.before, folder / "before"), _checked_out("HEAD", folder / "now")
        data = options.data if options.data in ("synthetic", "cifar10") else str(Path(options.data).resolve())
        shown = f"on {options.data}, beside {options.before}"
        print_table(f"Right answers to the questions that train, {shown}", _right_answers(before, now, data))
        if options.students:
            lines = _class(before, now, folder, options, data)
            print_table(f"A class of {options.students}, {options.jobs} side by side, {shown}", lines)


def _checked_out(commit: str, folder: Path) -> Path:
    clone = ["git", "clone", "--quiet", "--no-checkout", "--shared", str(course.ROOT), str(folder)]
    for command in (clone, ["git", "-C", str(folder), "checkout", "--quiet", "--detach", commit]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnusableRequest(f"The build {commit} cannot be checked out: {done.stderr.strip()}")
    return folder


def _right_answers(before: Path, now: Path, data: str) -> Iterator[Measurement]:
    chosen = [word for question in course.load().questions if question.trains for word in ("--question", question.id)]
    command = ["grade", str(course.SOLUTIONS), "--data", data, *chosen]
    then = _cost(before, command)
    for what, aim in (("the first on a machine", FIRST), ("again", AGAIN)):
        cost = _cost(now, command)
        yield _ratio(f"processor seconds, {what}", cost.processor, then.processor, aim)
        yield _ratio(f"peak memory in MB, {what}", cost.peak / 1e6, then.peak / 1e6, 1.0)


def _class(before: Path, now: Path, folder: Path, options: Options, data: str) -> Iterator[Measurement]:
    submissions = folder / "class"
    questions = [question.id for question in course.load().questions]
    write_class(submissions, options.students, 0, questions, ordinary=True)
    grade = ["class", str(submissions), "--data", data, "--jobs"]
    then = _cost(before, [*grade, str(options.jobs), "--out", str(folder / "out-before")])
    cost = _cost(now, [*grade, str(options.jobs), "--out", str(folder / "out")])
    yield _ratio("seconds", cost.seconds, then.seconds, CLASS)
    yield _ratio("processor seconds", cost.processor, then.processor, CLASS)
    results = list(read_results(folder / "out"))
    trained, differing = _networks(results), differing_tests(list(read_results(folder / "out-before")), results)
    yield Measurement("short runs that differ", str(trained))
    yield Measurement("tests with another verdict", str(len(differing)), "none", not differing)
    for line in differing:
        print(line)

    halves = [each.student for each in results[options.students // 2 :]]
    chosen = [word for student in halves for word in ("--student", student)]
    _cost(now, [*grade, "1", "--out", str(folder / "out-turned"), *chosen])
    _cost(now, [*grade, "1", "--out", str(folder / "out-turned")])
    _killed_once(now, [*grade, str(options.jobs), "--out", str(folder / "out-killed")], folder / "out-killed")
    grades = (folder / "out" / _GRADES).read_bytes()
    for what, out in (("the other half first, one by one", "out-turned"), ("killed in the middle", "out-killed")):
        same = (folder / out / _GRADES).read_bytes() == grades
        yield Measurement(f"{_GRADES}, {what}", "the same bytes" if same else "differs", "the same bytes", same)


def _networks(results: Sequence[Result]) -> int:
    """The number of different short runs in a class."""
    reports = [result.report for result in results if result.report is not None]
    accuracies = [question.accuracy for report in reports for question in report.questions]
    return len({str(accuracy) for accuracy in accuracies if accuracy is not None})


def differing_tests(before: Sequence[Result], now: Sequence[Result]) -> list[str]:
    """The tests whose points differ between two gradings of a class, a line each."""
    points = [
        {
            (result.key, question.id, test.name): test.score
            for result in results
            if result.report is not None
            for question in result.report.questions
            for test in question.tests
        }
        for results in (before, now)
    ]
    common = sorted(points[0].keys() & points[1].keys())
    return [
        f"{' '.join(key)}: {points[0][key]} → {points[1][key]}" for key in common if points[0][key] != points[1][key]
    ]


def _killed_once(checkout: Path, command: Sequence[str], out: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", *command],
        cwd=checkout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and len(list((out / RESULTS).glob("*.json"))) < _GRADED_BEFORE_THE_KILL:
        time.sleep(0.1)
    process.kill()
    process.wait()
    _cost(checkout, command)


def _cost(checkout: Path, command: Sequence[str]) -> _Cost:
    """Run a command of a build and measure it.

    Raises:
        GraderFault: it failed.
    """
    used, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, "-m", "autograder", *command], cwd=checkout, stdout=log, stderr=log)
        seen = memory.watch(process)
        seconds = time.perf_counter() - begun
        if process.returncode:
            log.seek(0)
            raise GraderFault(f"{command[0]} failed: {log.read().decode('utf-8', 'replace').strip()[-2000:]}")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return _Cost(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, seconds, seen.peak)


def _ratio(what: str, value: float, before: float, aim: float) -> Measurement:
    ratio = value / before
    return Measurement(what, f"{value:.0f} : {before:.0f} = {ratio:.2f}", f"at most {aim:.2f}", ratio <= aim)
