"""In a process of the course's own: measure, compare and train networks that came as lists of operations.

No student's code is ever in this process, nor a label of a held-out image, nor a secret. On the CPU it is confined like
a worker; what opens a GPU is in `on_device`. It answers these requests, each a dict with `do` (`harness` has the
others):

    compare  network, reference, shape, most, seed       -> see `compare`
    learn    network, recipe, train, held_out, before, seed  -> see `learn`
"""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from autograder.operations.equal import SAME, differences
from autograder.operations.initial import beginning, moved
from autograder.operations.lists import Network, read
from autograder.operations.measure import Cost, Refused, measured
from autograder.operations.run import Program

SHAPE = (3, 32, 32)


class Listed(nn.Module):
    """A network that is a list of operations, for code that trains modules.

    Args:
        network: the lists.
        values: of its parameters, buffers and constants, which it takes over.
        autocast: whether the autocast of who trains it may choose other numbers than the list's own.
    """

    def __init__(self, network: Network, values: Sequence[Tensor], *, autocast: bool = True) -> None:
        super().__init__()
        self._autocast = autocast
        self._train = Program(network.train, network.inputs)
        self._evaluate = Program(network.evaluate, network.inputs)
        named = zip((*network.parameters, *network.buffers), values, strict=False)
        for number, (place, value) in enumerate(named):  # a module's own names for them may not contain points
            if number < len(network.parameters):
                self.register_parameter(f"p{number}", nn.Parameter(value, requires_grad=place.trained))
            else:
                self.register_buffer(f"b{number}", value)
        self._constants = list(values[len(network.parameters) + len(network.buffers) :])

    def forward(self, images: Tensor) -> Tensor:
        """The logits of a batch: of the list's size in train mode, and of at most its size in eval mode."""
        program, count = self._train if self.training else self._evaluate, len(images)
        missing = program.listing.batch - count
        if missing > 0 and not self.training:
            padded = torch.cat([images, images[:1].expand(missing, -1, -1, -1)])
            # In the order of memory that the images have: who trains tries whether a network takes another one.
            images = padded.contiguous(memory_format=_order(images))
        values = [*self.parameters(), *self.buffers(), *self._constants]
        with contextlib.nullcontext() if self._autocast else torch.autocast(images.device.type, enabled=False):
            logits = program(images, values)
        return logits[:count]


def _order(images: Tensor) -> torch.memory_format:
    return torch.contiguous_format if images.is_contiguous() else torch.channels_last


def compare(request: dict[str, Any]) -> dict[str, Any]:
    """Measure a network, and compare it with another.

    Returns:
        `refused`: a sentence, if it may not be run. Otherwise `difference`: from the reference, see `equal`; None if
        there is none to compare with, or if it is infinite; and `evaluated`: whether the logits in eval mode, at
        least, are the reference's.
    """
    network = read(request["network"])
    try:
        measured(network, SHAPE, Cost(*request["most"]))
    except Refused as why:
        return {"refused": str(why)}
    found = evaluated = math.inf
    if request["reference"] is not None:
        found, evaluated = differences(network, read(request["reference"]), SHAPE, request["seed"])
    return {"difference": found if math.isfinite(found) else None, "evaluated": evaluated <= SAME}


def learn(
    request: dict[str, Any], images: Tensor, labels: Tensor, held_out: Tensor, device: str = "cpu"
) -> dict[str, Any]:
    """Train a network by the course's recipe, from the course's initial values, and return its predictions.

    On a GPU torch computes convolutions and products in bfloat16 where that is sound, as it does at home (see `fit`). A
    list may hold steps that refuse two kinds of numbers at once, which no network on a CPU would meet: then it is
    trained once more in float32 alone.

    Args:
        request: see above.
        images, labels: for training, uint8 (N, 3, 32, 32) and int64 (N,).
        held_out: images alone.
        device: "cpu" or "cuda".

    Returns:
        `curve`: number and loss of each epoch; `before` and `after`: the class predicted for each held-out image, by
        a network that has learnt nothing (for the first images only) and by the trained one; or `refused`, a sentence.

    Raises:
        RuntimeError: torch refuses an operation, or the device has too little memory.
    """
    try:
        return _learnt(request, images, labels, held_out, device)
    except RuntimeError as error:
        if device == "cpu" or not _refuses_mixed_numbers(error):
            raise
    # Outside of the except block the exception is gone, and with it the frames that hold the device's memory.
    return _learnt(request, images, labels, held_out, device, autocast=False)


def _learnt(
    request: dict[str, Any], images: Tensor, labels: Tensor, held_out: Tensor, device: str, *, autocast: bool = True
) -> dict[str, Any]:
    training = importlib.import_module("assignment.given.training")
    cifar10 = importlib.import_module("assignment.given.cifar10")
    network = read(request["network"])
    values = [value.to(device) for value in beginning(network, request["seed"])]
    # A list always does the same, so a CUDA graph could replay it and save most of a small network's time, which goes
    # into starting its kernels. There is none here: it takes a schedule that lives on the device, and has to be shown
    # to give the same accuracies, for which no GPU was at hand.
    model = Listed(network, values, autocast=autocast)
    batch = network.evaluate.batch
    try:
        new = Listed(network, [value.to(device) for value in moved(network, request["seed"])], autocast=autocast)
        before = training.predict(new, held_out[: request["before"]], batch_size=batch).argmax(1)
        history = training.fit(
            model,
            cifar10.Images(images, labels),
            training.Recipe(**request["recipe"]),
            device=device,
            seed=request["seed"],
            whole_batches=True,
        )
    except training.TrainingError as error:
        return {"refused": str(error)}
    after = training.predict(model, held_out, batch_size=batch).argmax(1)
    return {"curve": [list(point) for point in history.curve], "before": before, "after": after}


def _refuses_mixed_numbers(error: RuntimeError) -> bool:
    """Whether an operation refused to take bfloat16 and float32 together, as torch says it in several ways."""
    text = str(error)
    return "dtype" in text or "scalar type" in text
