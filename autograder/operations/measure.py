"""What a list would cost and whether it may be run, found with tensors that have no contents."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.operations import table
from autograder.operations.lists import MAX_SENTENCE, Listing, Network, Operation, Place
from autograder.operations.run import Program
from autograder.text.inert import one_line

CLASSES = 10
_WHILE_TRAINING = 3  # a weight has a gradient, and the optimizer a number for it


class Refused(Exception):
    """A list may not be run. The text, a sentence, says why."""


@dataclass(frozen=True)
class Cost:
    """What a forward pass takes.

    Attributes:
        operations: floating-point operations for one image.
        memory: bytes of weights and results that are held at once.
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
        Refused: the shapes do not fit together, the logits are none, there is nothing to train, it writes to what it
            may not change, or it costs too much.
    """
    found = []
    for training, listing in ((True, network.train), (False, network.evaluate)):
        ledger = _Ledger(network, training=training)
        found.append(ledger.cost_of(listing, shape, most))
    return found[0], found[1]


class _Ledger(TorchDispatchMode):
    """Adds up what a list's operations make, and what they make of that on the way."""

    def __init__(self, network: Network, *, training: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._network = network
        self._training = training
        self._protected: set[int] = set()
        self._copies: list[Tensor] = []
        self._bytes: dict[int, int] = {}  # of each storage, by its number
        self._holders: Counter[int] = Counter()
        self._held = self._peak = 0
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
                weights, others = (sum(each.nbytes for each in group) for group in (parameters, buffers))
                self._hold(others + (_WHILE_TRAINING if self._training else 1) * weights)
                with counter, self:
                    logits = Program(listing, network.inputs)(
                        images, [*parameters, *buffers, *constants], observe=self._observe
                    )
                self._require_logits(logits, listing.batch)
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001  (torch objects to shapes in many ways)
            sentence = f"Its operations do not fit together: {type(error).__name__}: {error}"
            raise Refused(one_line(sentence, MAX_SENTENCE)) from None
        operations = counter.get_total_flops() + self._elements
        self._refuse_if_costly(operations)
        return Cost(operations / listing.batch, self._peak)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count what one of torch's own steps makes; an operation of a list may take several."""
        result = func(*args, **(kwargs or {}))
        for each in _tensors(result):
            self._elements += each.numel()
            self._count(each)
        return result  # whether that is too much is decided when torch has finished the whole operation

    def _observe(self, operation: Operation, given: dict[str, Any], result: Any) -> None:
        training = bool(given.get("training", given.get("use_input_stats", False)))
        for name in table.written(operation.name, training):
            if any(_storage(each) in self._protected for each in _tensors(given.get(name))):
                raise Refused(
                    f"Its forward changes an image, a parameter or a constant in place ({operation.name}): only "
                    "buffers and results may be changed."
                )
        if operation.name in table.MAY_COPY and _storage(given["self"]) in self._protected:
            # A copy here may be the thing itself where it is run.
            self._copies.append(result)  # which keeps its storage's number from being used again
            self._protected.add(_storage(result))
        self._refuse_if_costly(self._elements)

    def _count(self, tensor: Tensor) -> None:
        storage = _storage(tensor)
        size = tensor.untyped_storage().nbytes()
        known = self._bytes.get(storage, 0)
        self._bytes[storage] = max(known, size)
        self._hold(max(0, size - known))
        if not self._training:  # where nothing is kept for gradients
            self._holders[storage] += 1
            weakref.finalize(tensor, self._release, storage).atexit = False

    def _hold(self, size: int) -> None:
        self._held += size
        self._peak = max(self._peak, self._held)

    def _release(self, storage: int) -> None:
        self._holders[storage] -= 1
        if not self._holders[storage]:
            self._held -= self._bytes.pop(storage)

    def _refuse_if_costly(self, operations: float) -> None:
        allowed = self._most.operations
        if operations / self._batch > allowed:
            raise Refused(
                f"One image takes {operations / self._batch / 1e6:,.0f} million operations; {allowed / 1e6:,.0f} "
                "million are allowed."
            )
        most = self._most.memory
        if self._peak > most:
            raise Refused(
                f"Its weights and the results of one batch take {self._peak >> 20:,} MB; {most >> 20:,} MB are allowed."
            )

    def _require_logits(self, logits: object, batch: int) -> None:
        if not isinstance(logits, Tensor) or not logits.is_floating_point():
            raise Refused("The network returned no logits.")
        if logits.shape != (batch, CLASSES):
            raise Refused(f"The network returned {tuple(logits.shape)} for {batch} images, not {(batch, CLASSES)}.")
        if self._training and not logits.requires_grad:
            raise Refused("What the network returns does not depend on its parameters: there is nothing to train.")


def _empty(place: Place) -> Tensor:
    return torch.empty(place.shape, dtype=table.DTYPES[place.dtype])


def _tensors(result: Any) -> Iterator[Tensor]:
    for each in result if isinstance(result, list | tuple) else [result]:
        if isinstance(each, Tensor):
            yield each


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001  (how torch's own weak references tell storages apart)
