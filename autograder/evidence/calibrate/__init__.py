"""Find the accuracy that a right answer reaches: train the references with many seeds, and controls as well.

On a GPU lists are trained, and so controls of the training code, which a submission's own process has to train, are
left out there.

Every run is handled like a submission: a worker, the course's training code, held-out images, scoring on this side. The
    threshold is two points below the worst run of a reference, whatever the distribution. Further runs, with fresh
    seeds, must then pass: if one fails, nothing is written.

Only what was counted is claimed. With 95 % confidence, at most a share p of all runs is below the worst of n: that one
is a distribution-free tolerance bound (Wilks, 1941), and p, 1 - 0.05^(1/n), is also Clopper and Pearson's bound for 0
failures of n. It holds all the more for the threshold, since no run was below it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import statistics
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from autograder import course
from autograder.course import Assignment, Question
from autograder.errors import GraderFault
from autograder.evidence.calibrate.controls import CONTROLS, Control
from autograder.files.clock import now
from autograder.files.whole import write_whole
from autograder.grading.device import About, opened
from autograder.grading.digests import THRESHOLDS, grader_digest
from autograder.grading.images import Data
from autograder.grading.listed_run import OnDevice
from autograder.grading.secret import seeds_for_tests
from autograder.grading.short_run import ON_THE_CPU, ShortRun
from autograder.grading.thresholds import network_of, profile_name, recipe_of
from autograder.render.console import PlainConsole
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.sandbox import Sandbox

MARGIN = 2.0  # points between the worst reference and the threshold
CONFIDENCE = 0.95
FRESH = 10_000  # seeds from here on are for confirming a threshold

AccuracyOrReason = float | str
"""A run's accuracy in per cent, or why there is none."""


@dataclass(frozen=True)
class Counts:
    """The numbers of runs: a reference with seeds from 0, with fresh ones, and each control; None: the default."""

    seeds: int | None = None
    fresh: int | None = None
    controls: int | None = None

    def of(self, network: str, kind: str) -> tuple[int, int, int]:
        """The three numbers for a network and a kind of images; by default two cores take up to half an hour."""
        given = (self.seeds, self.fresh, self.controls)
        seeds, fresh, controls = (
            usual if count is None else count for count, usual in zip(given, _USUAL[network, kind], strict=True)
        )
        return seeds, fresh, controls


_USUAL = {
    ("lenet", "synthetic"): (300, 100, 2),
    ("efficientnet", "synthetic"): (40, 10, 2),
    ("lenet", "cifar10"): (30, 10, 2),
    ("efficientnet", "cifar10"): (10, 5, 1),
}


@dataclass
class Journal:
    """The finished runs, one per line of a file, so that an interrupted calibration can be resumed.

    Attributes:
        path: the file, which need not exist.
    """

    path: Path
    _known: dict[str, AccuracyOrReason] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self.path.exists():
            return
        for line in self.path.read_text("utf-8").splitlines():
            try:
                entry = json.loads(line)
                self._known[entry["of"]] = entry["accuracy"]
            except (ValueError, TypeError, KeyError):  # the last line, if writing it was interrupted
                continue

    def of(self, run: str, measure: Callable[[], AccuracyOrReason], **about: object) -> AccuracyOrReason:
        """A run's outcome; the run is made only if it is not in the journal.

        Args:
            run: a digest of everything that decides the outcome.
            measure: makes it.
            about: details for readers of the file.
        """
        if run not in self._known:
            accuracy = measure()
            with self._lock, self.path.open("a", encoding="utf-8") as file:
                # A newline first, so that a truncated line before it does not spoil this one.
                file.write("\n" + json.dumps({"of": run, **about, "accuracy": accuracy}, ensure_ascii=False))
                file.flush()
                os.fsync(file.fileno())
                self._known[run] = accuracy
        return self._known[run]

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def calibrate_all(
    assignment: Assignment,
    questions: Sequence[Question],
    source: str,
    counts: Counts,
    *,
    jobs: int,
    device: str = "cpu",
    into: Path = THRESHOLDS,
) -> None:
    """Measure, print and write the thresholds of questions on one kind of data.

    Every run is recorded in a file beside the table as soon as it ends. After an interruption, run the same command
    again: finished runs are taken from the file, unless anything that decides them has changed. The file is removed in
        the end.

    Args:
        assignment: from `course`.
        questions: those with a network.
        source: of the images.
        counts: of runs.
        jobs: runs side by side; a GPU trains one after another.
        device: "cpu" or "cuda".
        into: the table; other profiles in it stay.

    Raises:
        UnusableRequest: there are no such images, or there is no such device.
        GraderFault: a reference cannot be trained, or a fresh run fails the threshold; its profile is not written.
    """
    console = PlainConsole(stderr=True)
    journal = Journal(into.with_suffix(".measured.jsonl"))
    with (
        opened(device) as there,
        Data.load(source) as data,
        Sandbox() as sandbox,
        ThreadPoolExecutor(jobs) as pool,
    ):
        elsewhere = None if there is None else OnDevice(there, 0.0)
        about = None if there is None else there.about
        for question in questions:
            profile = profile_name(question, data.kind, device)

            def run(
                number: int, control: Control | None = None, question: Question = question, profile: str = profile
            ) -> AccuracyOrReason:
                modules = modules_of(assignment, control)
                what = control.name if control else "reference"
                accuracy = journal.of(
                    _digest(question, data, modules, number, about),
                    lambda: _accuracy(question, sandbox, data, modules, number, elsewhere),
                    profile=profile,
                    what=what,
                    number=number,
                )
                console.print(f"{profile} {what} {number}: {accuracy}", highlight=False)
                return accuracy

            seeds, fresh, controls = counts.of(question.trains, data.kind)
            try:
                results = {
                    control.name: pool.map(run, range(controls), [control] * controls)
                    for control in CONTROLS
                    if control.question == question.id and controls and (about is None or not control.of_training)
                }
                references = pool.map(run, range(seeds))
                confirming = pool.map(run, range(FRESH, FRESH + fresh))
                measured = {name: list(runs) for name, runs in results.items()}
                found = profile_of(question, data.kind, list(references), list(confirming), measured, about)
            except BaseException:  # when interrupted: record the current runs and start no more
                pool.shutdown(cancel_futures=True)
                raise
            _write(into, profile, found)
    journal.remove()
    _print(json.loads(into.read_text("utf-8")))


def at_most(failed: int, runs: int) -> float:
    """The upper bound of the share of failing runs at 95 % confidence: Clopper and Pearson's exact one.

    Args:
        failed: runs that failed.
        runs: all of them.
    """
    from scipy.stats import binomtest

    return float(binomtest(failed, runs, alternative="less").proportion_ci(CONFIDENCE, "exact").high)


def modules_of(assignment: Assignment, control: Control | None) -> dict[str, bytes]:
    """The files that a worker gets: all given files and the solutions, one of them with a control's edit."""
    modules = course.given_files()
    modules |= {
        f"{each.module}.py": (course.SOLUTIONS / f"{each.module}.py").read_bytes() for each in assignment.questions
    }
    if control is not None:
        text = modules[control.file].decode()
        if text.count(control.old) != 1:
            raise GraderFault(f"The control {control.name!r} fits {text.count(control.old)} places of {control.file}.")
        modules[control.file] = text.replace(control.old, control.new).encode()
    return modules


def _digest(question: Question, data: Data, modules: dict[str, bytes], number: int, about: About | None) -> str:
    """A digest of everything that decides a run's outcome."""
    parts = [
        question.id,
        data.source,
        data.train_count,
        len(data.test),
        recipe_of(network_of(question, data.kind, "cpu" if about is None else about.kind), data.kind),
        {name: hashlib.sha256(text).hexdigest() for name, text in modules.items()},
        number,
        grader_digest(),  # the trainer's code
        torch.__version__,
        platform.machine(),
        None if about is None else about.name,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _accuracy(
    question: Question,
    sandbox: Sandbox,
    data: Data,
    modules: dict[str, bytes],
    number: int,
    elsewhere: OnDevice | None = None,
) -> AccuracyOrReason:
    """The accuracy in per cent, or why there is none. As in grading, held-out images have a separate seed."""
    folder = sandbox.stage(modules)
    # A mistake in the training code has an effect only where that code trains: in a worker.
    by_list = modules.get("given/training.py") == course.given_files()["given/training.py"]
    run = ShortRun(sandbox, folder, question, data, seeds_for_tests(number), 0.0, by_list=by_list, elsewhere=elsewhere)
    try:
        accuracy = run.accuracy()
    except SubmissionFailure as failure:
        return failure.summary.splitlines()[-1]  # the exception
    finally:
        run.close()
        sandbox.unstage(folder)
    if elsewhere is not None and accuracy.about.endswith(ON_THE_CPU):
        return "It could not be written as a list of operations, and nothing else is trained on a GPU."
    return accuracy.mean


def profile_of(
    question: Question,
    kind: str,
    references: Sequence[AccuracyOrReason],
    confirming: Sequence[AccuracyOrReason],
    controls: dict[str, list[AccuracyOrReason]],
    about: About | None = None,
) -> dict[str, Any]:
    """The table's profile of a question on one kind of images.

    Args:
        question, kind: the question, and the kind of images.
        references, confirming, controls: the outcomes of all runs.
        about: the device; None: the CPU.

    Raises:
        GraderFault: a reference could not be trained, or one of these runs of a right answer would fail.
    """
    device = "cpu" if about is None else about.kind
    worst, fresh = min(_numbers(references)), _numbers(confirming)
    threshold = math.floor(round(10 * (worst - MARGIN), 6)) / 10
    failing = [accuracy for accuracy in fresh if accuracy < threshold]
    if failing:
        raise GraderFault(
            f"{profile_name(question, kind, device)}: {len(failing)} of {len(fresh)} fresh runs fail the threshold of "
            f"{threshold} % ({', '.join(map(str, sorted(failing)))}), so it was not written. Right answers vary more "
            "than the references showed: mend the recipe in assignment/given/training.py, or measure more references "
            "(--seeds)."
        )
    runs = len(references) + len(fresh)
    return {
        "threshold": threshold,
        "rule": f"{MARGIN:g} points below the worst reference",
        "mean": round(statistics.mean(_numbers(references)), 2),
        "deviation": round(statistics.stdev(_numbers(references)), 2),
        "right_answers": {"runs": runs, "failed": 0, "at_most": _share(at_most(0, runs)), "confidence": CONFIDENCE},
        "references": list(references),
        "fresh": fresh,
        "controls": {
            name: {
                "accuracies": outcomes,
                "caught": all(isinstance(each, str) or each < threshold for each in outcomes),
            }
            for name, outcomes in controls.items()
        },
        "recipe": recipe_of(network_of(question, kind, device), kind),
        "measured": {
            "on": now()[:10],
            "images": kind,
            "torch": torch.__version__,
            "machine": platform.machine(),
            **({} if about is None else {"device": about.name, "driver": about.driver}),
        },
    }


def _numbers(outcomes: Sequence[AccuracyOrReason]) -> list[float]:
    found = []
    for outcome in outcomes:
        if isinstance(outcome, str):
            raise GraderFault(f"A reference could not be trained: {outcome}")
        found.append(outcome)
    return found


def _share(share: float) -> float:
    """A share rounded up to four decimal places."""
    return math.ceil(share * 10_000) / 10_000


def _write(path: Path, name: str, profile: dict[str, Any]) -> None:
    """Write one profile to the table, atomically."""
    table = json.loads(path.read_text("utf-8")) if path.exists() else {"profiles": {}}
    table["profiles"] = dict(sorted({**table["profiles"], name: profile}.items()))
    write_whole(path, json.dumps(table, indent=1, ensure_ascii=False) + "\n")


def _print(table: dict[str, Any]) -> None:
    console = PlainConsole()
    for name, profile in table["profiles"].items():
        shown = Table(title=f"{name}: threshold {profile['threshold']} %")
        shown.add_column("what")
        shown.add_column("accuracy", justify="right")
        shown.add_column("", justify="left")
        for what, runs in (("references", profile["references"]), ("fresh runs", profile["fresh"])):
            if runs:
                passed = sum(accuracy >= profile["threshold"] for accuracy in runs)
                shown.add_row(
                    f"{what}, {len(runs)}",
                    f"least {min(runs)}, median {statistics.median(runs):.1f}",
                    f"{passed} of {len(runs)} pass",
                )
        counted = profile["right_answers"]
        shown.add_row(
            "right answers, all runs",
            f"{counted['failed']} of {counted['runs']} failed",
            f"with {counted['confidence']:.0%} confidence at most {counted['at_most']:.1%} do",
        )
        for control, result in profile["controls"].items():
            numbers = [run for run in result["accuracies"] if not isinstance(run, str)]
            accuracy = f"{statistics.mean(numbers):.1f}" if numbers else "none"
            shown.add_row(control, accuracy, "caught" if result["caught"] else "passes")
        console.print(shown)
