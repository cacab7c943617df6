"""Checks of what must hold for any value that was read."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.evidence.fuzz.targets import Target
from autograder.sandbox import codec


class Broken(Exception):
    """A guarantee does not hold. The text says which."""


@dataclass(frozen=True)
class Handle:
    """Stands for an application's object here."""

    parts: dict[str, Any]


def check_tensors(value: object, payload: bytearray, given: Iterable[object] = ()) -> None:
    """Check that tensors lie in the payload without overlap, and that bools, which are copied, have enough memory.

    Args:
        value: the value that was read.
        payload: what its tensors were read from.
        given: tensors that the application itself supplied.

    Raises:
        Broken: they do not.
    """
    begin = torch.frombuffer(payload, dtype=torch.uint8).data_ptr() if payload else 0
    taken = []
    for tensor in _tensors(value):
        if any(tensor is each for each in given):
            continue
        if tensor.dtype not in codec._DTYPES.values() or tensor.dim() > codec.MAX_DIMENSIONS:
            raise Broken(f"a tensor of {tensor.dtype} with {tensor.dim()} axes")
        if tensor.numel() == 0:
            continue
        shape, strides, size = tensor.shape, tensor.stride(), tensor.element_size()
        if min(strides, default=1) < 0:
            raise Broken(f"strides {strides}")
        first = tensor.data_ptr()
        end = first + size * (1 + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True)))
        if math.prod(shape) * size > end - first:
            raise Broken("elements overlap")
        if tensor.dtype is torch.bool:
            storage = tensor.untyped_storage()
            if end > storage.data_ptr() + storage.nbytes() or storage.nbytes() > len(payload):
                raise Broken("a tensor beyond its memory")
            if not set(tensor.contiguous().view(torch.uint8).reshape(-1).tolist()) <= {0, 1}:
                raise Broken("a bool that is neither true nor false")
        elif not begin <= first <= end <= begin + len(payload):
            raise Broken("a tensor beyond the payload")
        else:
            taken.append((first, end))
    taken.sort()
    if any(end > first for (_, end), (first, _) in itertools.pairwise(taken)):
        raise Broken("tensors overlap")


def note_tensors(target: Target) -> None:
    """From now on, record in a target when an input reaches the decoding of tensors."""
    original = codec._Decoder._tensor

    def noted(decoder: Any, node: Any) -> torch.Tensor:
        target.reached.second = True
        return original(decoder, node)

    codec._Decoder._tensor = noted  # type: ignore[assignment, method-assign]


def _tensors(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, np.ndarray):
        yield torch.from_numpy(value)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, Handle):
        yield from _tensors(value.parts)


def same(one: Any, other: Any) -> bool:
    """Whether two values have the same type and the same bits, NaN included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return [*one] == [*other] and all(map(same, one.values(), other.values()))
    if isinstance(one, torch.Tensor):
        facts = [(tensor.dtype, tensor.shape, tensor.requires_grad) for tensor in (one, other)]
        return facts[0] == facts[1] and _bits(one) == _bits(other)
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, Handle):
        return same(one.parts, other.parts)
    return bool(one == other)


def _bits(tensor: torch.Tensor) -> bytes:
    flat = tensor.detach().contiguous().as_strided((tensor.numel(),), (1,))  # a single element may have any stride
    return bytes(flat.view(torch.uint8).numpy())
