"""In a confined process of the course's own: measure, compare and train networks that came as lists of operations.

No student's code is ever in this process, nor a label of a held-out image, nor a secret. It answers these requests,
each a dict with `do` (`harness` has the others):

    compare  network, reference, shape, most, seed       -> see `compare`
    learn    network, recipe, train, held_out, before, seed  -> see `learn`
"""

from __future__ import annotations

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
    """

    def __init__(self, network: Network, values: Sequence[Tensor]) -> None:
        super().__init__()
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
            images = torch.cat([images, images[:1].expand(missing, -1, -1, -1)])
        logits = program(images, [*self.parameters(), *self.buffers(), *self._constants])
        return logits[:count]


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


def learn(request: dict[str, Any], images: Tensor, labels: Tensor, held_out: Tensor) -> dict[str, Any]:
    """Train a network by the course's recipe, from the course's initial values, and return its predictions.

    Args:
        request: see above.
        images, labels: for training, uint8 (N, 3, 32, 32) and int64 (N,).
        held_out: images alone.

    Returns:
        `curve`: number and loss of each epoch; `before` and `after`: the class predicted for each held-out image, by
        a network that has learnt nothing (for the first images only) and by the trained one; or `refused`, a sentence.
    """
    training = importlib.import_module("assignment.given.training")
    cifar10 = importlib.import_module("assignment.given.cifar10")
    network = read(request["network"])
    model = Listed(network, beginning(network, request["seed"]))
    batch = network.evaluate.batch
    try:
        new = Listed(network, moved(network, request["seed"]))
        before = training.predict(new, held_out[: request["before"]], batch_size=batch).argmax(1)
        history = training.fit(
            model,
            cifar10.Images(images, labels),
            training.Recipe(**request["recipe"]),
            seed=request["seed"],
            whole_batches=True,
        )
    except training.TrainingError as error:
        return {"refused": str(error)}
    after = training.predict(model, held_out, batch_size=batch).argmax(1)
    return {"curve": [list(point) for point in history.curve], "before": before, "after": after}
