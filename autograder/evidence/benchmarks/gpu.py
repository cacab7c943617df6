"""Measure grading on a GPU, in one run of at most eight minutes: both networks, a class, and the share of its peak.

Networks are trained as in grading: as lists, by the process that has the driver open. This process does not open it.
What the time does not suffice for is left out or made shorter, and the table says so.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from assignment.given import cifar10
from assignment.given.cifar10 import Images
from autograder import course
from autograder.course import Question
from autograder.errors import UnusableRequest
from autograder.evidence.benchmarks import Measurement, print_table
from autograder.evidence.benchmarks.training import matrix_product_speed, operations_of, solved
from autograder.grading.device import Device
from autograder.grading.images import Data
from autograder.grading.kept import Kept
from autograder.grading.listed_run import OnDevice, reference_of, scored
from autograder.grading.report import Accuracy
from autograder.grading.secret import seeds_of
from autograder.grading.short_run import listed_run
from autograder.grading.thresholds import network_of
from autograder.records.results import read_results
from autograder.sandbox import sealed
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.supervisor import Allowance

SECONDS = 450.0  # for everything
B0_SECONDS = 200.0  # of those, for the whole EfficientNet-B0
STUDENTS = 24
OTHERS = 6  # of those, with a LeNet of their own, which has to be trained
_SAMPLE = 2_560  # images: ten steps of the largest batch, to see how fast they are
_KIND = "cifar10"  # the recipes that a GPU is for
_AS_MANY = (50_000, 10_000)  # images for training and for testing
_STAND_INS = "patterns, as many as CIFAR-10 has images"


class Timed(Device):
    """A device that notes how long each training takes, without what is done on the CPU before and after."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.seconds: list[float] = []

    def _learn(self, *request: Any) -> dict[str, Any]:
        begun = time.perf_counter()
        try:
            return super()._learn(*request)
        finally:
            self.seconds.append(time.perf_counter() - begun)


class Anew(Kept):
    """Trains everything once more, and keeps it for others."""

    def find(self, _: dict[str, Any]) -> Accuracy | None:
        return None


@dataclass
class Bench:
    """One run.

    Attributes:
        device: the GPU.
        data: the images.
        real: whether they are CIFAR-10's; if not, accuracies say nothing.
        left: says how many seconds are left.
        lines: the table.
    """

    device: Timed
    data: Data
    real: bool
    left: Callable[[], float]
    lines: list[Measurement] = field(default_factory=list)

    def note(self, what: str, value: str) -> None:
        """Add a line to the table; also print it now, in case that the run is cut off."""
        self.lines.append(Measurement(what, value))
        print(f"{what}: {value}", file=sys.stderr, flush=True)

    def network(self, question: Question, peak: float) -> bool:
        """Train a question's network, by the whole recipe if there is time, and note how that went.

        Returns:
            Whether it was the whole recipe, so that the run is kept for the class.
        """
        network = network_of(question, _KIND, self.device.kind)
        recipe, name = network.recipe, network.name
        self._sample(question)  # loads kernels
        fitting = int(min(B0_SECONDS, self.left() / 2) / self._sample(question))
        whole = fitting >= recipe.epochs
        epochs = recipe.epochs if whole else max(1, fitting)
        accuracy = self._kept(question) if whole else self._trained(question, self.data, self.data.test, epochs)
        seconds = self.device.seconds[-1]
        speed = epochs * self.data.train_count / seconds
        done = 3 * _operations(question, self.device.kind) * speed  # backward is twice forward
        of = "" if whole else f" of {recipe.epochs}, for want of time"
        self.note(f"{name}: epochs", f"{epochs}{of}")
        self.note(f"{name}: seconds", f"{seconds:.1f}")
        self.note(f"{name}: images/s", f"{speed:,.0f}")
        self.note(f"{name}: accuracy", f"{accuracy.mean:.1f} %" + ("" if self.real else " on patterns"))
        share = f", {100 * done / peak:.2f} % of a matrix product's" if peak else ""
        self.note(f"{name}: TFLOP/s", f"{done / 1e12:.2f}{share}")
        return whole

    def same_twice(self, question: Question) -> None:
        """Note whether the same list gets the same predictions again."""
        one, other = (self._trained(question, self.data, self.data.test, 1) for _ in range(2))
        self.note(
            f"{network_of(question, _KIND).name}: the same when it is trained again", "yes" if one == other else "no"
        )

    def class_of(self, source: str, *, whole: bool) -> None:
        """Grade a class with training, and note how long that took."""
        questions = [] if whole else ["--question", "q6"]
        with tempfile.TemporaryDirectory() as folder:
            write_class(Path(folder) / "class")
            command = [
                *(sys.executable, "-m", "autograder", "class", f"{folder}/class", "--out", f"{folder}/out"),
                *("--device", self.device.kind, "--data", source, "--allow-missing-isolation", *questions),
            ]
            begun = time.perf_counter()
            try:
                done = subprocess.run(
                    command, cwd=course.ROOT, capture_output=True, text=True, check=False, timeout=self.left()
                )
                ended = "" if done.returncode == 0 else f"exit status {done.returncode}: {done.stderr[-300:].strip()}"
            except subprocess.TimeoutExpired:
                ended = "not finished, for want of time"
            seconds = time.perf_counter() - begun
            reports = [each.report for each in read_results(Path(folder) / "out") if each.report is not None]
        full = sum(report.score == report.max_score for report in reports)
        asked = "all questions" if whole else "question 6"
        self.note(f"a class of {STUDENTS}, {OTHERS} LeNets to train, {asked}: seconds", f"{seconds:.1f}")
        self.note("of that class: graded", f"{len(reports)}, {full} of them with every point")
        if ended:
            self.note("of that class: not well", ended)

    def _kept(self, question: Question) -> Accuracy:
        """The reference's run as grading makes it, kept for the class."""
        reference = reference_of(question, self.data.kind, self.device.kind)
        assert reference is not None
        with Sandbox() as sandbox:
            run = listed_run(
                *(
                    sandbox,
                    question,
                    self.data,
                    seeds_of().of_the_course(),
                    0.0,
                    Allowance(question.limits),
                    Anew(),
                    [],
                ),
                OnDevice(self.device, 0.0),
            )
            try:
                run.begin_reference(reference)
                return run.accuracy()
            finally:
                run.close()

    def _sample(self, question: Question) -> float:
        """Seconds that an epoch would take, by those for a few images."""
        count = min(_SAMPLE, self.data.train_count)
        with self.data.train_file.opened() as file:
            train, labels, _ = sealed.short_run_images([file, file], self.data.train_count, 1)
            few = sealed.seal([train[:count], labels[:count].to(torch.uint8)])
        unseen = Images(self.data.test.images[:100], self.data.test.labels[:100])
        with Data("few", count, few, unseen) as data:
            self._trained(question, data, unseen, 1)
        return self.device.seconds[-1] / count * self.data.train_count

    def _trained(self, question: Question, data: Data, unseen: Images, epochs: int) -> Accuracy:
        network = network_of(question, _KIND, self.device.kind)
        reference = reference_of(question, _KIND, self.device.kind)
        assert reference is not None
        request = {
            "do": "learn",
            "network": reference.as_data(),
            "recipe": asdict(replace(network.recipe, epochs=epochs)),
            "train": data.train_count,
            "held_out": len(unseen.labels),
            "before": 100,
            "seed": 1,
        }
        training = self.device.begin(f"training {network.name}", request, data.train_file, unseen.images, self.left())
        return scored(training.result(), unseen.labels, 100)


def run(source: str) -> None:
    """Measure everything and print the table.

    Args:
        source: the images, as for `cifar10.resolve`.

    Raises:
        UnusableRequest: there is no GPU that torch can use, or there are no such images.
    """
    ends = time.monotonic() + SECONDS
    with closing(Timed("cuda")) as device:
        about = device.about  # says whether there is one, before anything takes time
        with images(source) as data:
            real = data.source != _STAND_INS
            bench = Bench(device, data, real, lambda: ends - time.monotonic())
            bench.note("GPU", f"{about.name}, driver {about.driver or 'unknown'}, {about.memory >> 20:,} MB")
            bench.note("torch", torch.__version__)
            bench.note("images", data.source)
            peak = _peak()
            bench.note("a matrix product in bfloat16: TFLOP/s", f"{peak / 1e12:.0f}")
            lenet, efficientnet = course.load().choose(["q6", "q7"])
            bench.network(lenet, peak)
            bench.same_twice(lenet)
            whole = bench.network(efficientnet, peak)
            bench.class_of(data.source if real else "synthetic", whole=whole or not real)
    print_table("Grading on a GPU", bench.lines)


def images(source: str) -> Data:
    """CIFAR-10 if it is there; otherwise as many patterns, which take as long.

    Raises:
        UnusableRequest: the images were named and do not exist, or are damaged.
    """
    try:
        chosen = cifar10.resolve(source)
    except cifar10.DataError as error:
        raise UnusableRequest(f"--data: {error}") from None
    if chosen != "synthetic":
        return Data.load(chosen)
    train, test = cifar10.synthetic(*_AS_MANY)
    return Data(_STAND_INS, len(train), sealed.seal([train.images, train.labels.to(torch.uint8)]), test)


def write_class(folder: Path) -> None:
    """Write the solutions of a class, some with another LeNet, each with its own."""
    others = "F.relu(self.fc2(x))"
    for number in range(STUDENTS):
        answers = folder / f"student{number:02}" / "assignment"
        answers.mkdir(parents=True)
        for file in sorted(course.SOLUTIONS.glob("*.*")):
            text = file.read_text("utf-8")
            if file.name == "q6_lenet.py" and number < OTHERS:
                assert text.count(others) == 1
                text = text.replace(others, f"torch.tanh({1 + number / 8} * self.fc2(x))")
            (answers / file.name).write_text(text, "utf-8")


def _peak() -> float:
    """Operations per second of a matrix product. A process of its own finds out: this one opens no driver."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(matrix_product_speed).result()


def _operations(question: Question, device: str) -> float:
    network = network_of(question, _KIND, device)
    model = solved(network.module, network.name, **network.settings)
    return operations_of(model, torch.zeros(8, 3, 32, 32, dtype=torch.uint8))
