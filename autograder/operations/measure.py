"""What a list would cost and whether it may be run, found with tensors that have no contents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder.operations import table
from autograder.operations.lists import Listing, Network, Operation, Place
from autograder.operations.run import Program

CLASSES = 10


class Refused(Exception):
    """A list may not be run. The text, a sentence, says why."""


@dataclass(frozen=True)
class Cost:
    """What a forward pass takes.

    Attributes:
        operations: floating-point operations for one image.
        memory: bytes of results that are held at once.
    """

    operations: float
    memory: int


def measured(network: Network, shape: tuple[int, int, int], most: Cost) -> tuple[Cost, Cost]:
    """The costs of the list for training and of the one for evaluation. Nothing is computed.

    Args:
        network: from `lists.read`.
        shape: of an image.
        most: what each of them may cost.

    Raises:
        Refused: the shapes do not fit together, the logits are none, it writes to what it may not change, or it costs
            too much.
    """
    found = []
    for training, listing in ((True, network.train), (False, network.evaluate)):
        ledger = _Ledger(network, training=training)
        found.append(ledger.cost_of(listing, shape, most))
    return found[0], found[1]


class _Ledger:
    def __init__(self, network: Network, *, training: bool) -> None:
        self._network = network
        self._training = training
        self._protected: set[int] = set()
        self._bytes: Counter[int] = Counter()
        self._elements = 0
        self._most = Cost(0, 0)
        self._batch = 1

    def cost_of(self, listing: Listing, shape: tuple[int, int, int], most: Cost) -> Cost:
        from torch._subclasses.fake_tensor import FakeTensorMode
        from torch.utils.flop_counter import FlopCounterMode

        self._most, self._batch = most, listing.batch
        network = self._network
        counter = FlopCounterMode(display=False)
        try:
            with FakeTensorMode(allow_non_fake_inputs=True) as mode, torch.set_grad_enabled(self._training):
                images = torch.empty(listing.batch, *shape)
                parameters = [_empty(place).requires_grad_(place.trained) for place in network.parameters]
                buffers = [_empty(place) for place in network.buffers]
                constants = [mode.from_tensor(each) for each in network.constants]
                self._protected = {_storage(each) for each in (images, *parameters, *constants)}
                with counter:
                    logits = Program(listing, network.inputs)(
                        images, [*parameters, *buffers, *constants], observe=self._observe
                    )
                self._require_logits(logits, listing.batch)
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001  (torch objects to shapes in many ways)
            raise Refused(f"Its operations do not fit together: {type(error).__name__}: {error}"[:300]) from None
        operations = counter.get_total_flops() + self._elements
        self._refuse_if_costly(operations)
        return Cost(operations / listing.batch, sum(self._bytes.values()))

    def _observe(self, operation: Operation, given: dict[str, Any], result: Any) -> None:
        training = bool(given.get("training", given.get("use_input_stats", False)))
        for name in table.written(operation.name, training):
            target = given.get(name)
            for each in target if isinstance(target, list) else [target]:
                if isinstance(each, Tensor) and _storage(each) in self._protected:
                    raise Refused(
                        f"Its forward changes an image, a parameter or a constant in place ({operation.name}): only "
                        "buffers and results may be changed."
                    )
        for each in result if isinstance(result, list | tuple) else [result]:
            if isinstance(each, Tensor):
                self._elements += each.numel()
                size = each.untyped_storage().nbytes()
                self._bytes[_storage(each)] = max(self._bytes[_storage(each)], size)
        self._refuse_if_costly(self._elements)

    def _refuse_if_costly(self, operations: float) -> None:
        allowed = self._most.operations
        if operations / self._batch > allowed:
            raise Refused(
                f"One image takes {operations / self._batch / 1e6:,.0f} million operations; {allowed / 1e6:,.0f} "
                "million are allowed."
            )
        held, most = sum(self._bytes.values()) if self._training else 0, self._most.memory
        if held > most:
            raise Refused(f"The results of one batch take {held >> 20:,} MB; {most >> 20:,} MB are allowed.")

    @staticmethod
    def _require_logits(logits: object, batch: int) -> None:
        if not isinstance(logits, Tensor) or not logits.is_floating_point():
            raise Refused("The network returned no logits.")
        if logits.shape != (batch, CLASSES):
            raise Refused(f"The network returned {tuple(logits.shape)} for {batch} images, not {(batch, CLASSES)}.")


def _empty(place: Place) -> Tensor:
    return torch.empty(place.shape, dtype=table.DTYPES[place.dtype])


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001  (how torch's own weak references tell storages apart)
