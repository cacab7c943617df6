"""Find the accuracies that a right answer reaches: train the references over many seeds, and controls beside them.

Every run goes the way of a submission: a worker, the course's training code, held-out images, scored on this side.
The threshold is the lower bound of a one-sided tolerance interval: with 95 % confidence 99.9 % of all runs lie above
it, if accuracies are normally distributed. Fresh seeds then have to pass it.
"""

from __future__ import annotations

import json
import math
import platform
import statistics
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from autograder import course
from autograder.controls import CONTROLS, Control
from autograder.course import Assignment, Question
from autograder.digests import THRESHOLDS
from autograder.errors import GraderFault
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.sandbox import Sandbox
from autograder.secret import seeds_for_tests
from autograder.short_run import (
    Data,
    ShortRun,
    network_of,
    profile_name,
    recipe_of,
)

SHARE = 0.999  # of a right answer's runs
CONFIDENCE = 0.95
FRESH = 10_000  # seeds from here on confirm a threshold


@dataclass(frozen=True)
class Counts:
    """How many runs of a reference, with seeds from 0 and with fresh ones, and of each control; None: as usual."""

    seeds: int | None = None
    fresh: int | None = None
    controls: int | None = None

    def of(self, network: str) -> tuple[int, int, int]:
        """The three, for a network. An EfficientNet takes four times as long as a LeNet."""
        usual = {"seeds": 10, "fresh": 5, "controls": 1} if network == "efficientnet" else _USUAL
        given = asdict(self)
        seeds, fresh, controls = (usual[name] if given[name] is None else given[name] for name in usual)
        return seeds, fresh, controls


_USUAL = {"seeds": 30, "fresh": 10, "controls": 2}


def calibrate_all(
    assignment: Assignment,
    questions: Sequence[Question],
    source: str,
    counts: Counts,
    *,
    jobs: int,
    into: Path = THRESHOLDS,
) -> None:
    """Measure, print and write the thresholds of some questions on one kind of data.

    Args:
        assignment: from `course`.
        questions: those with a network.
        source: of the images.
        counts: of runs.
        jobs: runs side by side.
        into: the table; other profiles in it stay.

    Raises:
        GraderFault: a reference cannot be trained.
    """
    console = Console(stderr=True)
    with Data.load(source) as data, Sandbox() as sandbox, ThreadPoolExecutor(jobs) as pool:
        for question in questions:

            def run(seed: int, control: Control | None = None, question: Question = question) -> float | str:
                accuracy = _accuracy(assignment, question, sandbox, data, seed, control)
                console.print(
                    f"{question.id} {data.kind} {control.name if control else 'reference'} {seed}: {accuracy}"
                )
                return accuracy

            seeds, fresh, controls = counts.of(question.trains)
            references = pool.map(run, range(seeds))
            confirming = pool.map(run, range(FRESH, FRESH + fresh))
            results = {
                control.name: pool.map(run, range(controls), [control] * controls)
                for control in CONTROLS
                if control.question == question.id and controls
            }
            profile = _profile(
                question, data, _numbers(references), _numbers(confirming), {k: list(v) for k, v in results.items()}
            )
            _write(into, profile_name(question, data.kind), profile)
    _print(json.loads(into.read_text("utf-8")))


def tolerance_factor(count: int, share: float = SHARE, confidence: float = CONFIDENCE) -> float:
    """How many standard deviations below the mean of `count` normal draws the bound lies.

    The factor is exact, from the noncentral t distribution (NIST/SEMATECH e-Handbook, section 7.2.6.3): 5.20 for 10
    draws, 99.9 % and 95 %.
    """
    from scipy.stats import nct

    normal = statistics.NormalDist().inv_cdf(share)
    return float(nct.ppf(confidence, count - 1, normal * math.sqrt(count)) / math.sqrt(count))


def _accuracy(
    assignment: Assignment, question: Question, sandbox: Sandbox, data: Data, seed: int, control: Control | None
) -> float | str:
    """Per cent, or why there is none."""
    modules = {path.name: path.read_bytes() for path in course.STUBS.glob("*.py")}
    modules |= {
        f"{each.module}.py": (course.SOLUTIONS / f"{each.module}.py").read_bytes() for each in assignment.questions
    }
    if control is not None:
        text = modules[control.file].decode()
        if text.count(control.old) != 1:
            raise GraderFault(f"The control {control.name!r} fits {text.count(control.old)} places of {control.file}.")
        modules[control.file] = text.replace(control.old, control.new).encode()
    folder = sandbox.stage(modules)
    run = ShortRun(sandbox, folder, question, data, seeds_for_tests(seed), 0.0)
    try:
        return run.accuracy().mean
    except SubmissionFailure as failure:
        return failure.summary.splitlines()[-1]  # the exception
    finally:
        run.close()
        sandbox.unstage(folder)


def _numbers(accuracies: Iterable[float | str]) -> list[float]:
    found = []
    for accuracy in accuracies:
        if isinstance(accuracy, str):
            raise GraderFault(f"A reference could not be trained: {accuracy}")
        found.append(accuracy)
    return found


def _profile(
    question: Question,
    data: Data,
    references: list[float],
    confirming: list[float],
    controls: dict[str, list[float | str]],
) -> dict[str, Any]:
    mean, deviation = statistics.mean(references), statistics.stdev(references)
    factor = tolerance_factor(len(references))
    threshold = math.floor(10 * (mean - factor * deviation)) / 10
    # What a single new run does, by the predictive t distribution: of use, unlike the bound, in a sentence.
    from scipy.stats import t

    spread = deviation * math.sqrt(1 + 1 / len(references))
    return {
        "threshold": threshold,
        "mean": round(mean, 2),
        "deviation": round(deviation, 2),
        "seeds": len(references),
        "factor": round(factor, 2),
        "false_fail": float(f"{t.cdf((threshold - mean) / spread, len(references) - 1):.1g}"),
        "references": references,
        "fresh": confirming,
        "controls": {
            name: {"accuracies": runs, "caught": all(isinstance(run, str) or run < threshold for run in runs)}
            for name, runs in controls.items()
        },
        "recipe": recipe_of(network_of(question, data.kind)),
        "measured": {
            "on": datetime.now(UTC).date().isoformat(),
            "images": data.kind,
            "torch": torch.__version__,
            "machine": platform.machine(),
        },
    }


def _write(path: Path, name: str, profile: dict[str, Any]) -> None:
    """Put one profile into the table, whole or not at all."""
    table = json.loads(path.read_text("utf-8")) if path.exists() else {"profiles": {}}
    table["profiles"] = dict(sorted({**table["profiles"], name: profile}.items()))
    new = path.with_suffix(".new")
    new.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", "utf-8")
    new.replace(path)


def _print(table: dict[str, Any]) -> None:
    console = Console()
    for name, profile in table["profiles"].items():
        fresh = profile["fresh"]
        shown = Table(title=f"{name}: threshold {profile['threshold']} %")
        shown.add_column("what")
        shown.add_column("accuracy", justify="right")
        shown.add_column("", justify="left")
        references = profile["references"]
        shown.add_row(
            f"the reference, {len(references)} seeds",
            f"{profile['mean']} ± {profile['deviation']}",
            f"least {min(references)}; fails about {profile['false_fail']:g} of runs",
        )
        passed = sum(accuracy >= profile["threshold"] for accuracy in fresh)
        if fresh:
            shown.add_row(f"fresh seeds, {len(fresh)}", f"least {min(fresh)}", f"{passed} of {len(fresh)} pass")
        for control, result in profile["controls"].items():
            numbers = [run for run in result["accuracies"] if not isinstance(run, str)]
            accuracy = f"{statistics.mean(numbers):.1f}" if numbers else "none"
            shown.add_row(control, accuracy, "caught" if result["caught"] else "passes")
        console.print(shown)
