"""Reading a network as a target: for anything that a worker sends there is a network, or a sentence that refuses it.

What was read is written and read again. Of a part, the costs are measured; of those that are cheap, the forward passes
are run and the network is trained for a step. Measuring takes a hundred times as long as reading.
"""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Callable
from dataclasses import asdict

import msgpack
import torch
from torch import Tensor

from assignment.given.training import Recipe
from autograder.evidence.fuzz import changes, networks
from autograder.evidence.fuzz.oracle import Broken
from autograder.evidence.fuzz.tally import Reached
from autograder.evidence.fuzz.targets import Mutation, RawMutation
from autograder.operations import equal, lists, measure, run, trainer
from autograder.operations.initial import beginning
from autograder.operations.lists import MalformedList, Network
from autograder.operations.measure import Cost, Refused
from autograder.sandbox import codec

ROUND_TRIPS = 4  # one in this many networks is written and read again
MEASURED = 40  # one in this many networks is measured
MOST = Cost(300e6, 1500 << 20)  # as in grading
LONGEST = 400  # characters of a sentence
_CHEAP = Cost(1e6, 4 << 20)  # is run as well
_FEW = 200  # operations of both lists, and more are not measured: they take seconds and show nothing new
_LARGEST = 1 << 18  # elements of parameters and buffers together, of what is run
_IMAGES = 3  # held out
# What torch raises if it refuses an operation; `Program` says that it may.
_OBJECTIONS = (RuntimeError, IndexError, TypeError, ValueError, NotImplementedError)


class Target:
    """Reads a network as the grader does, and measures, compares and trains it as the course's own process does.

    Args:
        every: one in this many networks is measured, and run if that is cheap.
    """

    def __init__(self, every: int = MEASURED) -> None:
        self.reached = Reached()
        self._every = every
        logging.getLogger("torch._subclasses.fake_tensor").setLevel(
            logging.CRITICAL
        )  # it shows each refusal's traceback
        check_run(
            lists.read(networks.made_of(networks.seeds()[-1]))
        )  # torch imports what it needs: not in an input's time

    @staticmethod
    def seeds() -> list[bytes]:
        return [msgpack.packb(tree) for tree in networks.seeds()]

    @staticmethod
    def mutator(raw: RawMutation) -> Mutation:
        return changes.Mutator(raw)

    def __call__(self, data: bytes) -> None:
        """Try one input.

        Raises:
            Broken: as may any other exception that escapes the reader.
        """
        self.reached = Reached()
        try:
            sent = networks.made_of(msgpack.unpackb(data, strict_map_key=False))
        except Exception:  # noqa: BLE001  (msgpack may raise anything; then there is nothing to read)
            return
        try:
            network = lists.read(sent)
        except MalformedList as why:
            _check_sentence(str(why))
            return
        self.reached.first = True
        chance = zlib.crc32(data)
        if chance % ROUND_TRIPS == 0:
            check_round_trip(network)
        if chance % self._every == 0 and _operations(network) <= _FEW:
            self._check_costs(network)

    def _check_costs(self, network: Network) -> None:
        try:
            costs = measure.measured(network, trainer.SHAPE, MOST)
        except Refused as why:
            _check_sentence(str(why))
            return
        self.reached.second = True
        for cost in costs:
            if not (0 <= cost.operations <= MOST.operations and 0 <= cost.memory <= MOST.memory):
                raise Broken(f"a cost of {cost}")
        size = sum(place.count for place in (*network.parameters, *network.buffers))
        cheap = all(cost.operations <= _CHEAP.operations and cost.memory <= _CHEAP.memory for cost in costs)
        if cheap and size <= _LARGEST:
            self.reached.third = bool(_tried(lambda: check_run(network)))


def check_round_trip(network: Network) -> None:
    """Check that a network is the same after it was written for the wire and read again.

    Raises:
        Broken: it is not.
    """
    message = codec.encode(network.as_data(), max_payload=lists.MAX_CARRIED * 64)
    payload = bytearray(b"".join(message.payload))
    again = lists.read(codec.decode(message.tree, payload))
    if (again.digest(), again.brought()) != (network.digest(), network.brought()):
        raise Broken("not the same network after a round trip")
    if network.brought() > lists.MAX_CARRIED:
        raise Broken(f"{network.brought():,} bytes are brought along")


def check_run(network: Network) -> bool:
    """Check that a network of small costs changes only its buffers, is equal to itself, and can be trained or not.

    Returns:
        Whether it was trained.

    Raises:
        Broken: it does something else.
        RuntimeError: torch refuses an operation; its other exceptions are possible too.
    """
    for layout in (torch.contiguous_format, torch.channels_last):
        check_writes(network, layout)
    found = equal.difference(network, network, trainer.SHAPE, 1)
    if not (found == 0 or math.isinf(found)):
        raise Broken(f"it differs from itself by {found}")
    draw = torch.Generator().manual_seed(0)
    images, held_out = (
        torch.randint(256, (count, *trainer.SHAPE), dtype=torch.uint8, generator=draw)
        for count in (network.train.batch, _IMAGES)
    )
    labels = torch.arange(len(images)) % 10
    recipe = Recipe(epochs=1, batch_size=network.train.batch, learning_rate=0.01)
    request = {"network": network.as_data(), "recipe": asdict(recipe), "before": _IMAGES, "seed": 1}
    reply = trainer.learn(request, images, labels, held_out)
    if "refused" in reply:
        _check_sentence(reply["refused"])
        return False
    for name in ("before", "after"):
        if reply[name].shape != (_IMAGES,) or not ((reply[name] >= 0) & (reply[name] < 10)).all():
            raise Broken(f"not a class for each image {name}")
    return True


def check_writes(network: Network, layout: torch.memory_format) -> None:
    """Check that neither list changes an image, a parameter or a constant.

    Args:
        layout: of images and weights.

    Raises:
        Broken: one does.
        RuntimeError: torch refuses an operation; its other exceptions are possible too.
    """
    for listing, training in ((network.train, True), (network.evaluate, False)):
        draw = torch.Generator().manual_seed(0)
        images = torch.randn(listing.batch, *trainer.SHAPE, generator=draw).to(memory_format=layout)
        values = [each.to(memory_format=layout) if each.dim() == 4 else each for each in beginning(network, 1)]
        first = len(network.parameters)
        last = first + len(network.buffers)
        for place, value in zip(network.parameters, values, strict=False):
            value.requires_grad_(place.trained)
        kept = [images, *values[:first], *values[last:]]
        before = [each.detach().clone() for each in kept]
        with torch.set_grad_enabled(training):
            logits = run.Program(listing, network.inputs)(images, values)
        if logits.shape != (listing.batch, measure.CLASSES):
            raise Broken(f"logits of {tuple(logits.shape)}, which were measured to be something else")
        if not all(map(_same, kept, before)):
            raise Broken("it changed an image, a parameter or a constant")


def _tried(step: Callable[[], bool]) -> bool:
    try:
        return step()
    except _OBJECTIONS as error:
        # The process may not use more memory than it needs: see `engine`.
        if "allocate" in str(error):
            raise Broken(f"more memory was asked for than was measured: {error}") from error
        return False


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.equal(one.detach().nan_to_num(), other.nan_to_num())


def _operations(network: Network) -> int:
    return len(network.train.operations) + len(network.evaluate.operations)


def _check_sentence(text: str) -> None:
    if len(text) > LONGEST or not text.isprintable():
        raise Broken(f"a sentence of {len(text):,} characters: {text[:LONGEST]!r}")
