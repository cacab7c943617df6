"""Run a list of operations: under autograd, in float32 or with float64 in its place, on any device."""

from __future__ import annotations

import contextlib
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from autograder.operations import table
from autograder.operations.lists import Argument, Listing, Operation, Setting, Value, values_in

Observe = Callable[[Operation, dict[str, Any], Any], None]
"""Is called after an operation with the values of its arguments, by name, and its result."""


class Masks:
    """Fixed numbers in place of random draws, so that two networks that draw alike compute the same.

    The n-th draw of so many numbers gets the same numbers in every network. What is drawn to no effect (a dropout of
    nothing, or in eval mode) does not count.

    Args:
        seed: of the numbers.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn: Counter[int] = Counter()

    def uniform(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Numbers between 0 and 1."""
        count = int(torch.Size(shape).numel())
        self._drawn[count] += 1
        generator = torch.Generator().manual_seed((self._seed + 1_000_003 * count + self._drawn[count]) % 2**63)
        return torch.rand(count, generator=generator, dtype=torch.float64).to(dtype).reshape(tuple(shape))

    def normal(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Numbers of the standard normal distribution."""
        uniform = self.uniform(shape, torch.float64).clamp(1e-12, 1 - 1e-12)
        normal: Tensor = torch.special.ndtri(uniform)
        return normal.to(dtype)


class Program:
    """A list that is ready to run. It must come from `lists.read`.

    Args:
        listing: the list.
        inputs: the number of values before the first operation's result.
    """

    def __init__(self, listing: Listing, inputs: int) -> None:
        self.listing = listing
        self._inputs = inputs
        self._steps = [_Step(operation) for operation in listing.operations]
        last = {listing.output: len(self._steps)}
        for number, operation in reversed([*enumerate(listing.operations)]):
            for argument in (*operation.arguments, *operation.named.values()):
                for value in values_in(argument):
                    last.setdefault(value, number)
        for value, number in last.items():
            if inputs <= value and number < len(self._steps):
                self._steps[number].last_use_of.append(value)
        for number, step in enumerate(self._steps):
            if inputs + number not in last:
                step.last_use_of.append(inputs + number)

    def __call__(
        self,
        images: Tensor,
        values: Sequence[Tensor],
        *,
        masks: Masks | None = None,
        observe: Observe | None = None,
    ) -> Tensor:
        """The logits of a batch. Buffers among the values may be changed, as the list says.

        Args:
            images: the batch; its dtype, float32 or float64, is computed with wherever the list says float32.
            values: parameters, buffers and constants.
            masks: replace random draws.
            observe: see there.

        Raises:
            RuntimeError: torch refuses an operation; its other exceptions are possible too.
        """
        kept: list[Any] = [images, *values, *([None] * len(self._steps))]
        place = _Place(images.device, images.dtype)
        enabled = torch.is_grad_enabled()
        try:
            with _default_dtype(images.dtype):
                for number, step in enumerate(self._steps):
                    result = step.run(kept, place, masks, enabled=enabled, observe=observe)
                    kept[self._inputs + number] = result
                    for value in step.last_use_of:
                        kept[value] = None
        finally:
            torch.set_grad_enabled(enabled)
        logits: Tensor = kept[self.listing.output]
        return logits


class _Place:
    """Where and with what numbers a list is run."""

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self.device = device
        self.dtype = dtype

    def setting(self, setting: Setting) -> Any:
        match setting.of:
            case "dtype":
                return self.dtype if setting.name == "float32" else table.DTYPES[setting.name]
            case "memory_format":
                return table.MEMORY_FORMATS[setting.name]
            case "layout":
                return torch.strided
        return self.device


class _Step:
    def __init__(self, operation: Operation) -> None:
        self.last_use_of: list[int] = []
        self.operation = operation
        name = table.EMPTY.get(operation.name, operation.name)
        self._function = table.operator(name)
        special = operation.name in (table.GETITEM, table.GRAD)
        self._names = [] if special else [each for each, _, _ in table.arguments_of(operation.name)]
        self._dropped = {"memory_format"} if operation.name == "empty.memory_format" else set()

    def run(
        self, kept: list[Any], place: _Place, masks: Masks | None, *, enabled: bool, observe: Observe | None
    ) -> Any:
        operation = self.operation
        arguments = [_filled(each, kept, place) for each in operation.arguments]
        if operation.name == table.GRAD:
            torch.set_grad_enabled(enabled and arguments[0])
            return None
        if operation.name == table.GETITEM:
            return operator.getitem(arguments[0], arguments[1])
        named = {
            name: _filled(each, kept, place) for name, each in operation.named.items() if name not in self._dropped
        }
        if masks is not None and operation.name in table.DRAWS:
            given = dict(zip(self._names, arguments, strict=False)) | named
            return _drawn(operation.name, given, masks, place)
        result = self._function(*arguments, **named)
        if observe is not None:
            observe(operation, dict(zip(self._names, arguments, strict=False)) | named, result)
        return result


def _filled(argument: Argument, kept: list[Any], place: _Place) -> Any:
    """An argument with values and settings in their places."""
    if isinstance(argument, Value):
        return kept[argument.number]
    if isinstance(argument, Setting):
        return place.setting(argument)
    if isinstance(argument, list):
        return [_filled(item, kept, place) for item in argument]
    return argument


def _drawn(name: str, given: dict[str, Any], masks: Masks, place: _Place) -> Any:
    """What an operation that draws computes with fixed numbers."""
    source: Any = given.get("self", given.get("input"))
    dtype = given.get("dtype") or place.dtype
    match name:
        case "rand.default" | "randn.default":
            draw = masks.uniform if name == "rand.default" else masks.normal
            return draw(given["size"], dtype)
        case "rand_like.default" | "randn_like.default":
            draw = masks.uniform if name == "rand_like.default" else masks.normal
            return draw(source.shape, given.get("dtype") or source.dtype)
        case "bernoulli.default":
            return (masks.uniform(source.shape, source.dtype) < source).to(source.dtype)
        case "bernoulli.p":
            return (masks.uniform(source.shape, source.dtype) < given["p"]).to(source.dtype)
        case "bernoulli_.float" | "bernoulli_.Tensor":
            return source.copy_(masks.uniform(source.shape, torch.float64) < given.get("p", 0.5))
        case "uniform_.default":
            low, high = given.get("from", 0.0), given.get("to", 1.0)
            return source.copy_(low + (high - low) * masks.uniform(source.shape, source.dtype))
        case "normal_.default":
            mean, deviation = given.get("mean", 0.0), given.get("std", 1.0)
            return source.copy_(mean + deviation * masks.normal(source.shape, source.dtype))
        case "native_dropout.default":
            source = given["input"]
            kept = _kept(source, source.shape, given["p"], masks) if given["train"] else torch.ones_like(source)
            return source * kept, kept != 0
    train, p = given["train"], given["p"]
    if not train or p == 0:
        return source
    shape = (*source.shape[:2], *(1 for _ in source.shape[2:])) if name.startswith("feature_") else source.shape
    kept = _kept(source, shape, p, masks)
    return source.mul_(kept) if name.endswith("dropout_.default") else source * kept


def _kept(source: Tensor, shape: Sequence[int], p: float, masks: Masks) -> Tensor:
    return (masks.uniform(shape, source.dtype) >= p).to(source.dtype) / (1 - p if p < 1 else 1)


@contextlib.contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Have what is made without a dtype be of this one: in float64 a list makes no float32 of its own."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
