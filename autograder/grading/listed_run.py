"""A network that came as lists of operations, trained by a process of the course's own.

What computes the same as the reference is the reference: it gets the accuracy of the reference's own run on this
machine, since training it again could only add luck. Any other network is trained, from the course's initial values
and with the course's seeds, so that the same lists always have the same accuracy.

On a GPU the whole EfficientNet-B0 is trained. Lists are still measured and compared on the CPU, in the confined
process; with batches of the GPU's size that would take gigabytes there, so they come in batches of a few images, too.
"""

from __future__ import annotations

import contextlib
import json
import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from assignment.given.cifar10 import CLASSES, Images
from autograder.course import Question
from autograder.grading.device import Device, Training
from autograder.grading.digests import grader_digest
from autograder.grading.jobs import Job, NetworkRefused
from autograder.grading.kept import Kept
from autograder.grading.report import Accuracy
from autograder.grading.secret import Seeds
from autograder.grading.thresholds import network_of, recipe_of
from autograder.operations.equal import DOUBTFUL, SAME
from autograder.operations.lists import MalformedList, Network, read
from autograder.operations.table import DRAWS
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.sealed import File, seal
from autograder.sandbox.supervisor import Allowance

EVALUATED = 100  # images in a batch of the list for evaluation
COMPARED = 8  # images in a batch of lists that are compared on the CPU and trained elsewhere
COMPARED_SECONDS = 60.0  # processor seconds to compare them; the whole B0 takes 4
MOST_OPERATIONS = 300e6  # for one image; LeNet takes 1.3 million, the small EfficientNet 4.3
MOST_MEMORY = 1500 << 20  # bytes of results of one batch; the small EfficientNet's are 149 MB
KNOWS_ALREADY = 25.0  # per cent; an untrained network is near 10, and was never seen above 20
MUCH_BROUGHT = 256  # bytes of numbers, from which on a person looks; networks of the bank bring 8, a whole B0 110
REFERENCES = Path(__file__).parent / "references.json"

AS_REFERENCE = "It computes what the reference computes: this is the reference's short run on this machine."
LIKE_REFERENCE = "It computes what the reference computes, and was trained itself all the same."
BY_LIST = "It was trained as a list of operations, from the course's initial values."


@dataclass(frozen=True)
class OnDevice:
    """Where a list is trained if not on the CPU.

    Attributes:
        device: the device.
        threshold: the accuracy that is required there, in per cent.
    """

    device: Device
    threshold: float


@dataclass
class ListedRun:
    """One network of one submission.

    Args:
        sandbox: where processes come from.
        question: the question, with the name of its network.
        kind: of the images, "synthetic" or "cifar10".
        images: names the images, for what is kept.
        train_count, train_file: the training images: their number, and the sealed file with them and their labels.
        held_out: makes the held-out images, which is only done if a network is trained.
        asked_before: the number of images that are shown to the new network.
        seeds: the course's, the same for everybody.
        threshold: the accuracy that is required on the CPU, in per cent.
        allowance: shared with the submission's other workers.
        kept: runs that were made before; None: everything is trained.
        flags: remarks for a person.
        elsewhere: a device to train on; None: the CPU.
    """

    sandbox: Sandbox
    question: Question
    kind: str
    images: str
    train_count: int
    train_file: File
    held_out: Callable[[], Images]
    asked_before: int
    seeds: Seeds
    threshold: float
    allowance: Allowance
    kept: Kept | None
    flags: list[str] = field(default_factory=list)
    elsewhere: OnDevice | None = None
    _job: Job | Training | None = None
    _labels: Tensor | None = None
    _about: str = BY_LIST
    _decides: dict[str, Any] = field(default_factory=dict)
    _found: Accuracy | None = None
    _lock: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def begin(self, data: object, compared: object = None) -> None:
        """Compare the network with the reference, and start training in the background what has to be trained.

        Args:
            data: what the submission's worker sent.
            compared: the same network for batches of a few images, if that is what is compared.

        Raises:
            SubmissionFailure: it is not a network that may be trained.
            WorkerKilled: a process was killed from outside.
            UnusableRequest: the device cannot be used.
        """
        try:
            network = read(data)
            few = read(compared) if self._compares_few else network
        except MalformedList as why:
            self.flags.append(f"{self._name} is not a list of operations that may be run")
            raise SubmissionFailure(f"{self._name} cannot be trained. {why}") from None
        self._check_batches(network, few)
        brought = network.brought()
        if brought > MUCH_BROUGHT:
            self.flags.append(f"{self._name} brings {brought:,} bytes of numbers along")
        if not self._is_reference(network, few):
            self._train(network)
        elif self.kept is None:  # everything is trained: this, too
            self._about = LIKE_REFERENCE
            self._train(network)
        else:
            reference = reference_of(self.question, self.kind, self._device)
            assert reference is not None
            self.begin_reference(reference)

    def begin_reference(self, reference: Network) -> None:
        """Start training the reference in the background, unless it was trained before."""
        self._about = AS_REFERENCE
        self.allowance = Allowance(self.question.limits)  # its training is not this submission's work
        self._train(reference)

    def accuracy(self) -> Accuracy:
        """Wait until it is trained.

        Raises:
            SubmissionFailure: it cannot be trained, or took too long.
            WorkerKilled: the process was killed from outside.
            UnusableRequest: the device cannot be used, or is full.
        """
        try:
            if self._found is None:
                assert self._job is not None
                reply = self._job.result()
                assert self._labels is not None
                self._found = scored(reply, self._labels, self.asked_before)
                if self.kept is not None:
                    self.kept.keep(self._decides, self._found)
        finally:
            self.close()
        if self._found.before > KNOWS_ALREADY:
            self.flags.append(f"{self._name} recognised {self._found.before:.0f} % before it was trained")
        threshold = self.threshold if self.elsewhere is None else self.elsewhere.threshold
        if self._about != BY_LIST and self._found.mean < threshold:  # for which the submission is not to blame
            self.flags.append(
                f"{self._name}: what computes the same as the reference reached {self._found.mean:.1f} % here, and "
                f"{threshold:.1f} % are needed; measure the thresholds here with `python -m autograder calibrate"
                f"{self._option}`"
            )
            threshold = self._found.mean
        return replace(self._found, threshold=threshold, about=self._about)

    def close(self) -> None:
        """End the process, whether it has finished or not."""
        if self._job is not None:
            self._job.close()
            self._job = None
        self._lock.close()

    @property
    def _name(self) -> str:
        return network_of(self.question, self.kind, self._device).name

    @property
    def _device(self) -> str:
        return "cpu" if self.elsewhere is None else self.elsewhere.device.kind

    @property
    def _option(self) -> str:
        return "" if self._device == "cpu" else f" --device {self._device}"

    @property
    def _compares_few(self) -> bool:
        return compared_batch(self.question, self.kind, self._device) is not None

    def _check_batches(self, network: Network, few: Network) -> None:
        """Check that costs are measured for the batches that the network is trained and evaluated with.

        Raises:
            SubmissionFailure: its lists are for others.
        """
        asked = (network_of(self.question, self.kind, self._device).recipe.batch_size, EVALUATED)
        lists = [(network, asked), *([(few, (COMPARED, COMPARED))] if self._compares_few else [])]
        for each, wanted in lists:
            sizes = (each.train.batch, each.evaluate.batch)
            if sizes != wanted:
                self.flags.append(f"{self._name} is written down for batches of {sizes}, where {wanted} were asked for")
                raise SubmissionFailure(f"{self._name} cannot be trained. Its lists are for batches of another size.")

    def _is_reference(self, network: Network, few: Network) -> bool:
        """Whether it computes what the reference computes.

        Args:
            network: as it is trained.
            few: as it is compared; the same if its batches are small enough for the CPU.

        Raises:
            SubmissionFailure: it may not be trained.
        """
        found = self._compared(few, reference_of(self.question, self.kind, self._device, few=self._compares_few))
        same = found is not None and found <= SAME
        if not same and few is not network:
            self._compared(network, None)
        return same

    def _compared(self, network: Network, reference: Network | None) -> float | None:
        """The network's difference from a reference; None if it cannot be compared with it, or there is none.

        Raises:
            SubmissionFailure: it may not be trained.
        """
        request = {
            "do": "compare",
            "network": network.as_data(),
            "reference": None if reference is None else reference.as_data(),
            "most": [MOST_OPERATIONS, MOST_MEMORY],
            "seed": self.seeds.training(f"{self.question.id} compared"),
        }
        limits = self.question.limits
        if self._compares_few:
            limits = replace(limits, call_seconds=COMPARED_SECONDS, call_wall_seconds=4 * COMPARED_SECONDS)
        job = Job(self.sandbox, f"training {self._name}", request, limits, self.allowance)
        try:
            answer = job.result()
        except NetworkRefused as why:
            self.flags.append(f"It was refused before {why.summary}")
            raise
        finally:
            job.close()
        difference: float | None = answer["difference"]
        if difference is not None and SAME < difference <= DOUBTFUL:
            self.flags.append(
                f"{self._name} differs from the reference by {difference:.1e}, which is more than rounding"
            )
        elif answer["evaluated"] and (difference is None or difference > SAME) and not _draws(network):
            self.flags.append(
                f"{self._name} computes what the reference computes when it is evaluated, and something else when it "
                "is trained"
            )
        return difference

    def _train(self, network: Network) -> None:
        recipe = network_of(self.question, self.kind, self._device)
        self._decides = {
            "network": network.digest(),
            "recipe": recipe_of(recipe, self.kind),
            "images": self.images,
            "seeds": self.seeds.fingerprint,
            "grader": grader_digest(),
            "torch": str(torch.__version__),
            "machine": platform.machine(),
            "device": "cpu" if self.elsewhere is None else self.elsewhere.device.about.name,
        }
        if self.kept is not None:
            self._lock.enter_context(self.kept.alone(self._decides))
            self._found = self.kept.find(self._decides)
            if self._found is not None:
                self._lock.close()
                return
        unseen = self.held_out()
        self._labels = unseen.labels
        request = {
            "do": "learn",
            "network": network.as_data(),
            "recipe": asdict(recipe.recipe),
            "train": self.train_count,
            "held_out": len(unseen.labels),
            "before": self.asked_before,
            "seed": self.seeds.training(self.question.id),
        }
        what, seconds = f"training {self._name}", self.question.limits.train_seconds
        if self.elsewhere is not None:
            device = self.elsewhere.device
            self._job = device.begin(what, request, self.train_file, unseen.images, 4 * seconds)
            return
        limits = replace(
            self.question.limits,
            call_seconds=seconds,
            call_wall_seconds=4 * seconds,
            question_cpu_seconds=seconds + 1,
        )
        with seal([unseen.images]) as file, file.opened() as held_out, self.train_file.opened() as train:
            self._job = Job(self.sandbox, what, request, limits, self.allowance, [train, held_out])


def _draws(network: Network) -> bool:
    """Whether it draws random numbers when it is trained, as an honest network with dropout does."""
    return any(operation.name in DRAWS for operation in network.train.operations)


def compared_batch(question: Question, kind: str, device: str) -> int | None:
    """The images in a batch of lists that are only compared; None if those that are trained are compared.

    What is trained on the CPU is small enough to be compared there.
    """
    return None if network_of(question, kind, device) == network_of(question, kind) else COMPARED


def reference_of(question: Question, kind: str, device: str = "cpu", *, few: bool = False) -> Network | None:
    """The reference's network as lists, for the batches of its recipe; None if there are none for them.

    Args:
        question, kind, device: as for `network_of`.
        few: for the batches in which lists are compared instead.
    """
    batch = COMPARED if few else network_of(question, kind, device).recipe.batch_size
    return _references().get(reference_key(question.trains, batch))


def reference_key(network: str, batch: int) -> str:
    """The name of a reference in the file."""
    return f"{network} {batch}"


@cache
def _references() -> dict[str, Network]:
    return {key: read(data) for key, data in json.loads(REFERENCES.read_text("utf-8")).items()}


def scored(reply: dict[str, Any], labels: Tensor, asked_before: int) -> Accuracy:
    """The accuracy of predictions; only this side knows which are right.

    Args:
        reply: `before`, `after` and `curve`, as `operations.trainer.learn` returns them.
        labels: of the held-out images.
        asked_before: the number of images that were shown to the new network.

    Raises:
        SubmissionFailure: they are not a class for each image.
    """
    after = predictions_of(reply.get("after"), len(labels))
    before = predictions_of(reply.get("before"), asked_before)
    right = after == labels
    per_class: dict[str, float | None] = {
        name: round(100 * right[labels == number].float().mean().item(), 2) for number, name in enumerate(CLASSES)
    }
    untrained = 100 * (before == labels[: len(before)]).float().mean().item()
    mean = round(100 * right.float().mean().item(), 2)
    return Accuracy(mean, per_class, 0.0, round(untrained, 2), curve_of(reply.get("curve")))


def predictions_of(reply: object, count: int) -> Tensor:
    """Predictions for so many images, as a process sent them.

    Raises:
        SubmissionFailure: they are something else.
    """
    if not isinstance(reply, Tensor) or reply.shape != (count,) or reply.dtype != torch.int64:
        raise SubmissionFailure("The trained network's predictions are not a class for each image.")
    return reply


def curve_of(reply: object) -> list[tuple[int, float | None]]:
    """A worker's losses, only to be displayed, so they need only be numbers. Epochs are counted here."""
    points: Sequence[object] = reply if isinstance(reply, list) else []
    losses = [
        float(point[1])
        for point in points[:100]
        if isinstance(point, list) and len(point) == 2 and isinstance(point[1], int | float) and math.isfinite(point[1])
    ]
    return list(enumerate(losses, start=1))
