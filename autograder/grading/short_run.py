"""The short run: a submission's network is trained in a worker, and its predictions are scored here.

The worker gets training images with their labels and held-out images without; it returns a class for each held-out
image, and only this side knows which are right. The held-out images are CIFAR-10's test images, shuffled, and randomly
mirrored, shifted and brightened or darkened: the test set is public, and a table of it must not help. Synthetic
    patterns are drawn afresh. The randomness, and the seed of the training, come from the course's secret (`secret`).
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from assignment.given import cifar10, training
from assignment.given.cifar10 import CLASSES, Images
from assignment.given.training import Network
from autograder.course import Question
from autograder.errors import GraderFault, UnusableRequest
from autograder.grading.digests import THRESHOLDS
from autograder.grading.report import Accuracy
from autograder.grading.secret import HeldOutDraw, Seeds
from autograder.intake.cells import Notebook
from autograder.sandbox import sealed
from autograder.sandbox.failures import SubmissionFailure, Unusable
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.sandbox.supervisor import Allowance

SHIFT = 1  # pixels at most
LIGHT = 0.1  # the largest relative change of brightness
ASKED_BEFORE = 1_000  # images shown to an untrained network, to see whether it already knows them
KNOWS_ALREADY = 25.0  # per cent; an untrained network is near 10, and was never seen above 20


@dataclass(frozen=True)
class Data:
    """The images of short runs, loaded once for any number of submissions. A context manager.

    Attributes:
        source: "synthetic", "cifar10" or a folder, from `cifar10.resolve`.
        train_count: number of training images.
        train_file: the sealed file with them and their labels.
        test: the test images, from which the held-out ones are made.
    """

    source: str
    train_count: int
    train_file: sealed.File
    test: Images

    @classmethod
    def load(cls, source: str = "auto") -> Self:
        """Load and seal the images.

        Raises:
            UnusableRequest: there is no such data, or it is damaged.
        """
        try:
            source = cifar10.resolve(source)
            train, test = cifar10.load(source)
        except cifar10.DataError as error:
            raise UnusableRequest(f"--data: {error}") from None
        return cls(source, len(train.labels), sealed.seal([train.images, train.labels.to(torch.uint8)]), test)

    @property
    def kind(self) -> str:
        """The kind of data, which decides the thresholds: "synthetic" or "cifar10"."""
        return "synthetic" if self.source == "synthetic" else "cifar10"

    def close(self) -> None:
        self.train_file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class ShortRun:
    """One network of one submission, trained once.

    Args:
        sandbox: where workers come from.
        folder: the staged submission.
        question: the question, with the name of its network.
        data: the images.
        seeds: the seeds of the held-out images and of the training.
        threshold: the required accuracy, in per cent.
        flags: remarks for a person.
        problem: why the module cannot be used, if it cannot; then nothing is trained.
        left_out: names of files that were handed in but are not graded.
        allowance: shared with the submission's other workers.
        notebook: the notebook from which the module was made, if it was one.
    """

    sandbox: Sandbox
    folder: Path
    question: Question
    data: Data
    seeds: Seeds
    threshold: float
    flags: list[str] = field(default_factory=list)
    problem: str | None = None
    left_out: Sequence[str] = ()
    allowance: Allowance | None = None
    notebook: Notebook | None = None
    _session: Session | None = None
    _held_out: Images | None = None
    _result: Accuracy | SubmissionFailure | None = None

    def begin(self) -> None:
        """Start training the network in the background."""
        if self.problem is not None:
            self._result = Unusable(self.problem)
            return
        network = network_of(self.question, self.data.kind)
        self._held_out = held_out(self.data.test, self.data.kind, self.seeds.held_out(self.question.id))
        limits = self.question.limits
        # This worker does nothing but import and train.
        limits = replace(limits, question_cpu_seconds=limits.call_seconds + limits.train_seconds + 1)
        request = {
            "do": "train",
            "name": network.name,
            "settings": network.settings,
            "recipe": asdict(network.recipe),
            "train": self.data.train_count,
            "held_out": len(self._held_out.labels),
            "before": self._asked_before,
            "seed": self.seeds.training(self.question.id),
        }
        # Each worker has its own descriptor, even of the common file: a shared one would have a shared offset, in which
        # a submission could leave a number for the next one.
        file = sealed.seal([self._held_out.images])
        with file, file.opened() as unseen, self.data.train_file.opened() as train:
            self._session = Session(
                self.sandbox,
                self.folder,
                self.question.module,
                (),
                limits,
                begin_with=[request],
                files=[train, unseen],
                left_out=self.left_out,
                key=self.seeds.calls(self.question.id),
                allowance=self.allowance,
                notebook=self.notebook,
            )
            self._session.prepare()

    def accuracy(self) -> Accuracy:
        """Wait until it is trained.

        Raises:
            SubmissionFailure: it cannot be imported, made or trained, or took too long.
        """
        if self._result is None and self._session is None:
            self.begin()
        if self._result is None:
            assert self._session is not None
            limit = self.question.limits.train_seconds
            limits = replace(self.question.limits, call_seconds=limit, call_wall_seconds=4 * limit)
            try:
                self._result = self._score(self._session.begun(f"training {self._network_name}", limits))
            except SubmissionFailure as failure:
                # Everything the network saw is public, so all details may be shown.
                self._result = type(failure)(failure.detail)
            finally:
                self.flags += self._session.flags
                self.close()
        if isinstance(self._result, SubmissionFailure):
            raise self._result
        return self._result

    def result(self) -> Accuracy | None:
        """Its accuracy, once known; None if it could not be trained."""
        return self._result if isinstance(self._result, Accuracy) else None

    @property
    def epochs(self) -> int:
        return network_of(self.question, self.data.kind).recipe.epochs

    def close(self) -> None:
        """End the worker, whether it has finished or not."""
        if self._session is not None:
            self._session.close()
            self._session = None

    @property
    def _network_name(self) -> str:
        return network_of(self.question, self.data.kind).name

    @property
    def _asked_before(self) -> int:
        return min(ASKED_BEFORE, len(self.data.test.labels))

    def _score(self, reply: object) -> Accuracy:
        assert self._held_out is not None
        labels = self._held_out.labels
        if not isinstance(reply, dict):
            raise SubmissionFailure("The trained network's predictions cannot be read.")
        after = _predictions(reply.get("after"), len(labels))
        before = _predictions(reply.get("before"), self._asked_before)
        right = after == labels
        per_class: dict[str, float | None] = {
            name: round(100 * right[labels == number].float().mean().item(), 2) for number, name in enumerate(CLASSES)
        }
        untrained = 100 * (before == labels[: len(before)]).float().mean().item()
        if untrained > KNOWS_ALREADY:
            self.flags.append(f"{self._network_name} recognised {untrained:.0f} % before it was trained")
        mean = round(100 * right.float().mean().item(), 2)
        return Accuracy(mean, per_class, self.threshold, round(untrained, 2), _curve(reply.get("curve")))


def held_out(test: Images, kind: str, draw: HeldOutDraw) -> Images:
    """Images that no submission has seen, like the test images and as many.

    Patterns are drawn afresh, since anyone with the given code can draw the test images and their labels. CIFAR-10's
    are shuffled, half of them are mirrored, and each is shifted and brightened or darkened at random.

    Args:
        test: images (N, 3, 32, 32), uint8, and labels.
        kind: "synthetic" or "cifar10".
        draw: the source of all random choices.
    """
    count = len(test.labels)
    if kind == "synthetic":
        return changed(cifar10.draw_patterns(count, draw.labels, draw.pixels), draw.pixels)
    order = torch.from_numpy(draw.labels.permutation(count))
    return changed(Images(test.images[order], test.labels[order]), draw.pixels)


def changed(test: Images, draw: np.random.Generator) -> Images:
    """Half of the images mirrored, and each shifted and brightened or darkened at random.

    Args:
        test: images (N, 3, 32, 32), uint8, and labels.
        draw: the random generator.
    """
    count, _, size, _ = test.images.shape
    mirrored = torch.from_numpy(draw.random(count) < 0.5)
    images = torch.where(mirrored.view(-1, 1, 1, 1), test.images.flip(3), test.images)
    padded = F.pad(images.float(), (SHIFT,) * 4, mode="reflect").to(torch.uint8)
    corner = draw.integers(2 * SHIFT + 1, size=(2, count))
    shifted = torch.empty_like(images)
    for row in range(2 * SHIFT + 1):
        for column in range(2 * SHIFT + 1):
            here = torch.from_numpy((corner[0] == row) & (corner[1] == column))
            shifted[here] = padded[here][:, :, row : row + size, column : column + size]
    light = torch.from_numpy(1 + LIGHT * draw.uniform(-1, 1, (count, 1, 1, 1)).astype(np.float32))
    return Images((shifted * light).clamp(0, 255).to(torch.uint8), test.labels)


def network_of(question: Question, kind: str) -> Network:
    """How a question's network is created and trained."""
    return training.network(question.trains, "cpu", kind)


def threshold_for(question: Question, kind: str) -> float:
    """The accuracy that a right answer reaches, by calibration.

    Raises:
        GraderFault: it was not calibrated, or not for this recipe or these patterns.
    """
    profiles = _thresholds().get("profiles", {})
    profile = profiles.get(profile_name(question, kind))
    if profile is None or profile["recipe"] != recipe_of(network_of(question, kind), kind):
        patterns = ", on the patterns in assignment/given/cifar10.py" if kind == "synthetic" else ""
        raise GraderFault(
            f"{THRESHOLDS.name} has no threshold for {question.id} on {kind} images with the recipe in "
            f"assignment/given/training.py{patterns}: run `python -m autograder calibrate`, or grade "
            "with --no-training."
        )
    return float(profile["threshold"])


def profile_name(question: Question, kind: str) -> str:
    """The name of a profile: a question, a device and a kind of data."""
    return f"{question.id} cpu {kind}"


def recipe_of(network: Network, kind: str) -> dict[str, Any]:
    """Everything that decides how accurate a right answer becomes, in the form of the table.

    Args:
        network: how the network is created and trained.
        kind: "synthetic" or "cifar10".
    """
    images = {"patterns": patterns_digest()} if kind == "synthetic" else {}
    return {**network.settings, **asdict(network.recipe), "shift": SHIFT, "light": LIGHT, **images}


@cache
def patterns_digest() -> str:
    """A digest of the code that draws the patterns, with every number in it, so that it changes when they do.

    It is computed from the code, not from the images, whose pixels may differ by one between processors. Comments and
    docstrings do not count.
    """
    digest = hashlib.sha256()
    for function in (cifar10.synthetic, cifar10.draw_patterns, cifar10.draw_patches):
        (tree,) = ast.parse(inspect.getsource(function)).body
        assert isinstance(tree, ast.FunctionDef)
        tree.body = tree.body[1:]  # the docstring
        digest.update(ast.unparse(tree).encode())
    return digest.hexdigest()[:16]


def _thresholds() -> dict[str, Any]:
    try:
        table: dict[str, Any] = json.loads(THRESHOLDS.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise GraderFault(f"{THRESHOLDS} cannot be read: {error}") from None
    return table


def _predictions(reply: object, count: int) -> Tensor:
    if not isinstance(reply, Tensor) or reply.shape != (count,) or reply.dtype != torch.int64:
        raise SubmissionFailure("The trained network's predictions are not a class for each image.")
    return reply


def _curve(reply: object) -> list[tuple[int, float | None]]:
    """A worker's losses, only to be displayed, so they need only be numbers. Epochs are counted here."""
    points: Sequence[object] = reply if isinstance(reply, list) else []
    losses = [
        float(point[1])
        for point in points[:100]
        if isinstance(point, list) and len(point) == 2 and isinstance(point[1], int | float) and math.isfinite(point[1])
    ]
    return list(enumerate(losses, start=1))
