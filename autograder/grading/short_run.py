"""The short run: a submission's network is trained, and its predictions are scored here.

The submission's worker writes the network down as lists of operations, which a process of the course's own trains (see
`listed_run`): the student's code meets no image. A network that cannot be written down is trained in the worker itself,
and flagged for a person: the worker gets training images with their labels and held-out images without. That is on the
CPU, with the CPU's recipe and threshold, wherever lists are trained.

Either returns a class for each held-out image, and only this side knows which are right. The held-out images are
CIFAR-10's test images, shuffled, and randomly mirrored, shifted and brightened or darkened: the test set is public, and
a table of it must not help. Synthetic patterns are drawn afresh. The randomness, and the seed of the training, come
from the course's secret (`secret`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from assignment.given import cifar10
from assignment.given.cifar10 import Images
from autograder.course import Question
from autograder.grading.images import Data
from autograder.grading.kept import Kept
from autograder.grading.listed_run import EVALUATED, KNOWS_ALREADY, ListedRun, OnDevice, compared_batch, scored
from autograder.grading.report import Accuracy
from autograder.grading.secret import HeldOutDraw, Seeds
from autograder.grading.thresholds import LIGHT, SHIFT, network_of
from autograder.intake.cells import Notebook
from autograder.sandbox import sealed
from autograder.sandbox.failures import SubmissionFailure, Unusable, one_line
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.sandbox.supervisor import Allowance

IN_ITS_WORKER = "It could not be written as a list of operations, and was trained by the submission's own process."
ON_THE_CPU = " That is on the CPU."


@dataclass
class ShortRun:
    """One network of one submission, trained once.

    Args:
        sandbox: where workers come from.
        folder: the staged submission.
        question: the question, with the name of its network.
        data: the images.
        seeds: the seeds of the held-out images and of the training.
        threshold: the accuracy that is required on the CPU, in per cent.
        flags: remarks for a person.
        problem: why the module cannot be used, if it cannot; then nothing is trained.
        left_out: names of files that were handed in but are not graded.
        allowance: shared with the submission's other workers.
        notebook: the notebook from which the module was made, if it was one.
        kept: runs that were made on this machine before; None: everything is trained.
        by_list: whether the network is trained as lists of operations if it can be.
        elsewhere: where lists are trained; None: on the CPU.
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
    kept: Kept | None = None
    by_list: bool = True
    elsewhere: OnDevice | None = None
    _session: Session | None = None
    _begun: bool = False
    _tracing: bool = False
    _listed: ListedRun | None = None
    _held_out: Images | None = None
    _result: Accuracy | SubmissionFailure | None = None

    def begin(self) -> None:
        """Start making the network in the background."""
        self._begun = True
        if self.problem is not None:
            self._result = Unusable(self.problem)
        elif self.by_list:
            self._tracing = True
            network = network_of(self.question, self.data.kind, self._device)
            few = compared_batch(self.question, self.data.kind, self._device)
            request = {
                "do": "trace",
                "name": network.name,
                "settings": network.settings,
                "train_batch": network.recipe.batch_size,
                "evaluate_batch": EVALUATED,
                "seed": self.seeds.training(self.question.id),
                **({} if few is None else {"compared_batch": few}),
            }
            self._begin_in_worker(request)
        else:
            self._begin_training_in_worker()

    def proceed(self) -> None:
        """Wait for the network's lists, and start training in the background what has to be trained.

        Raises:
            WorkerKilled: a process was killed from outside.
            UnusableRequest: the device cannot be used.
        """
        if not self._tracing:
            return
        self._tracing = False
        try:
            reply = self._answer_of_the_worker()
            found = reply if isinstance(reply, dict) else {}
            if isinstance(found.get("why"), str):
                why = one_line(found["why"])
                self.flags.append(f"{self._network_name} was trained by the submission's own process: {why}")
                self._begin_training_in_worker()
            else:
                self._listed = listed_run(
                    self.sandbox,
                    self.question,
                    self.data,
                    self.seeds.of_the_course(),
                    self.threshold,
                    self.allowance or Allowance(self.question.limits),
                    self.kept,
                    self.flags,
                    self.elsewhere,
                )
                self._listed.begin(found.get("network"), found.get("compared"))
        except SubmissionFailure as failure:
            self._fail(failure)

    def accuracy(self) -> Accuracy:
        """Wait until it is trained.

        Raises:
            SubmissionFailure: it cannot be imported, made or trained, or took too long.
            UnusableRequest: the device cannot be used, or is full.
        """
        if not self._begun:
            self.begin()
        self.proceed()
        if self._result is None:
            try:
                if self._listed is not None:
                    self._result = self._listed.accuracy()
                else:
                    self._result = self._score(self._answer_of_the_worker())
            except SubmissionFailure as failure:
                self._fail(failure)
            finally:
                self.close()
        assert self._result is not None
        if isinstance(self._result, SubmissionFailure):
            raise self._result
        return self._result

    def _fail(self, failure: SubmissionFailure) -> None:
        # Everything the network saw is public, so all details may be shown.
        self._result = type(failure)(failure.detail)

    def _answer_of_the_worker(self) -> object:
        """What the worker answers to what it began with. It is closed then."""
        assert self._session is not None
        limit = self.question.limits.train_seconds
        limits = replace(self.question.limits, call_seconds=limit, call_wall_seconds=4 * limit)
        try:
            return self._session.begun(f"training {self._network_name}", limits)
        finally:
            self.flags += self._session.flags
            self._session.close()
            self._session = None

    def _begin_training_in_worker(self) -> None:
        network = network_of(self.question, self.data.kind)
        self._held_out = held_out(self.data.test, self.data.kind, self.seeds.held_out(self.question.id))
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
            self._begin_in_worker(request, [train, unseen])

    def _begin_in_worker(self, request: dict[str, Any], files: Sequence[int] = ()) -> None:
        limits = self.question.limits
        # This worker does nothing but import and make or train the network.
        limits = replace(limits, question_cpu_seconds=limits.call_seconds + limits.train_seconds + 1)
        self._session = Session(
            self.sandbox,
            self.folder,
            self.question.module,
            (),
            limits,
            begin_with=[request],
            files=files,
            left_out=self.left_out,
            key=self.seeds.calls(self.question.id),
            allowance=self.allowance,
            notebook=self.notebook,
        )
        self._session.prepare()

    def result(self) -> Accuracy | None:
        """Its accuracy, once known; None if it could not be trained."""
        return self._result if isinstance(self._result, Accuracy) else None

    @property
    def epochs(self) -> int:
        device = self._device if self._listed is not None else "cpu"
        return network_of(self.question, self.data.kind, device).recipe.epochs

    def close(self) -> None:
        """End what was begun, whether it has finished or not."""
        if self._listed is not None:
            self._listed.close()
        if self._session is not None:
            self._session.close()
            self._session = None

    @property
    def _network_name(self) -> str:
        return network_of(self.question, self.data.kind).name

    @property
    def _device(self) -> str:
        """Where lists are trained."""
        return "cpu" if self.elsewhere is None else self.elsewhere.device.kind

    @property
    def _asked_before(self) -> int:
        return self.data.asked_before

    def _score(self, reply: object) -> Accuracy:
        assert self._held_out is not None
        if not isinstance(reply, dict):
            raise SubmissionFailure("The trained network's predictions cannot be read.")
        accuracy = scored(reply, self._held_out.labels, self._asked_before)
        if accuracy.before > KNOWS_ALREADY:
            self.flags.append(f"{self._network_name} recognised {accuracy.before:.0f} % before it was trained")
        about = IN_ITS_WORKER if self.by_list else ""
        if self.elsewhere is not None:
            about += ON_THE_CPU
        return replace(accuracy, threshold=self.threshold, about=about)


def listed_run(
    sandbox: Sandbox,
    question: Question,
    data: Data,
    seeds: Seeds,
    threshold: float,
    allowance: Allowance,
    kept: Kept | None,
    flags: list[str],
    elsewhere: OnDevice | None = None,
) -> ListedRun:
    """The run of a network that came as lists, on these images; see `ListedRun` for the arguments."""
    return ListedRun(
        sandbox,
        question,
        data.kind,
        data.digest if kept is not None else "",
        data.train_count,
        data.train_file,
        lambda: held_out(data.test, data.kind, seeds.held_out(question.id)),
        data.asked_before,
        seeds,
        threshold,
        allowance,
        kept,
        flags,
        elsewhere,
    )


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
