"""The wire format: a call's arguments and results as bytes. Data only, never pickle, in either direction.

A message is a *tree* (msgpack: numbers, strings, lists and tagged maps) and a *payload*: the raw bytes of all
tensors, one after another, to which the tree's tensor nodes refer. Keeping them apart bounds what reading a message can
cost: the tree, where a single byte can become a whole Python object, is small; the payload is never unpacked.

The encoder is lenient, since a right answer can take many forms: NumPy numbers become numbers, a `torch.Size` a tuple,
    an `nn.Parameter` a tensor, and what cannot be sent becomes an `Opaque` with the name of its type. The decoder
    trusts nothing: it requires exact types, bounded lengths and depth, and tensors that lie one after another in the
        payload and fill it; anything else is a `MalformedMessage`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
import torch

MAX_TREE_BYTES = 1 << 20  # decoded, at most 130 MB of objects in three seconds (a million empty lists)
MAX_DEPTH = 16
MAX_DIMENSIONS = 16
MAX_OPAQUE_NAME = 80
MAX_COMPLAINT = 200  # characters of an error's text, which may quote what arrived
_ALIGNMENT = 64  # of a tensor's bytes in the payload

_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.complex64,
        torch.complex128,
    )
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_AS_THEY_ARE = (type(None), bool, float, str)
_NUMBERS = (type(None), bool, int, float, str)
_CONTAINERS = (list, tuple, dict)
_FITS = 2**63
_LONGEST = 2**40  # of an axis, or between two elements


class MalformedMessage(Exception):
    """The bytes received are not a valid message. The text says what was wrong with them, for staff."""


class TooLarge(Exception):
    """A value is too large to send. The text says how large it is and what is allowed."""


@dataclass(frozen=True)
class Opaque:
    """Something a call returned that is not data, known by the name of its type."""

    type_name: str


@dataclass(frozen=True)
class Message:
    """An encoded value, ready to send.

    Attributes:
        tree: msgpack bytes.
        payload: the tensors' bytes, in order, with padding between them.
    """

    tree: bytes
    payload: list[memoryview]

    def payload_bytes(self) -> int:
        return sum(part.nbytes for part in self.payload)

    def frozen(self) -> Message:
        """A copy that no longer shares memory with the tensors, so that code which holds them cannot change it."""
        return Message(self.tree, [memoryview(bytes(part)) for part in self.payload])


# Hooks for an application's own types. When encoding: a function that turns an object into the fields of a node, or
# returns None. When decoding: a function for each kind of node.
Describe = Callable[[object], dict[str, Any] | None]
Restore = Callable[[dict[str, Any]], object]


def encode(value: object, *, max_payload: int, describe: Describe = lambda _: None) -> Message:
    """Turn a value into a message.

    Args:
        value: None, bool, int, float, str, list, tuple, dict with string keys, tensor or array, nested.
        max_payload: the most bytes that all tensors together may have.
        describe: turns objects of other types into a node `{"is": kind, …}`, or returns None.

    Raises:
        TooLarge: the tensors or the rest exceed what may be sent.
    """
    encoder = _Encoder(max_payload, describe)
    tree = msgpack.packb(encoder.node(value, 0), unicode_errors="backslashreplace")
    if len(tree) > MAX_TREE_BYTES:
        raise TooLarge(f"{len(tree):,} bytes besides its tensors; {MAX_TREE_BYTES:,} may be sent")
    return Message(tree, encoder.payload)


def decode(tree: bytes, payload: bytearray, *, restore: dict[str, Restore] | None = None) -> Any:
    """Turn a message back into a value. Tensors share the payload's memory.

    Args:
        tree: msgpack bytes, from anyone.
        payload: the tensors' bytes.
        restore: functions that decode an application's nodes, by kind.

    Raises:
        MalformedMessage: the only exception that any input raises.
    """
    try:
        _require(len(tree) <= MAX_TREE_BYTES, "too long a tree")
        node = msgpack.unpackb(tree, max_bin_len=0, max_ext_len=0)
        decoder = _Decoder(payload, restore or {})
        value = decoder.value(node, 0)
        decoder.finish()
    except MalformedMessage:
        raise
    except Exception as error:  # noqa: BLE001  (msgpack, numpy and torch each object in their own ways)
        raise MalformedMessage(f"{type(error).__name__}: {error}"[:MAX_COMPLAINT]) from None
    return value


class _Encoder:
    def __init__(self, max_payload: int, describe: Describe) -> None:
        self.payload: list[memoryview] = []
        self._length = 0
        self._nodes = 0
        self._max_payload = max_payload
        self._describe = describe

    def node(self, value: object, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise TooLarge(f"nested deeper than {MAX_DEPTH}")
        kind = type(value)
        if kind in _AS_THEY_ARE or (kind is int and -_FITS < value < _FITS):  # type: ignore[operator]
            return value
        self._nodes += 1 + (len(value) if isinstance(value, _CONTAINERS) else 0)
        if self._nodes > MAX_TREE_BYTES:  # each takes at least a byte
            raise TooLarge(f"more than {MAX_TREE_BYTES:,} items")
        described = self._describe(value)
        if described is not None:
            return {key: self.node(field, depth + 1) if key == "value" else field for key, field in described.items()}
        if isinstance(value, torch.Tensor):
            return self._tensor("tensor", value)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, int) and not isinstance(value, bool):
            value = int(value)
            if not -(2**63) <= value < 2**64:
                raise TooLarge("an integer of more than 64 bits")
            return value
        if isinstance(value, _NUMBERS):
            return value
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, list):
            return self._items(value, depth + 1)
        if isinstance(value, tuple):
            return {"is": "tuple", "items": self._items(value, depth + 1)}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            items = self._items(value.values(), depth + 1)
            return {"is": "dict", "items": dict(zip(map(str, value), items, strict=True))}
        return {"is": "opaque", "type": type(value).__name__[:MAX_OPAQUE_NAME]}

    def _items(self, values: Collection[object], depth: int) -> list[object]:
        if values and depth > MAX_DEPTH:
            raise TooLarge(f"nested deeper than {MAX_DEPTH}")
        # Most are small; a call for each would take longer than all else.
        return [value if type(value) in _AS_THEY_ARE else self.node(value, depth) for value in values]

    def _array(self, array: np.ndarray) -> object:
        try:
            return self._tensor("array", torch.from_numpy(np.asarray(array, order="C")))
        except (TypeError, ValueError):  # strings, objects, and numbers whose type or byte order torch lacks
            return {"is": "opaque", "type": f"numpy array of {array.dtype}"[:MAX_OPAQUE_NAME]}

    def _tensor(self, kind: str, tensor: torch.Tensor) -> object:
        name = _NAMES.get(tensor.dtype)
        if tensor.layout is not torch.strided or tensor.is_meta or name is None:
            name = str(tensor.dtype).removeprefix("torch.")
            layout = "meta" if tensor.is_meta else str(tensor.layout).removeprefix("torch.")
            return {"is": "opaque", "type": f"tensor ({layout}, {name})"[:MAX_OPAQUE_NAME]}
        if tensor.dim() > MAX_DIMENSIONS:
            return {"is": "opaque", "type": f"tensor of {tensor.dim()} axes"}
        size = tensor.numel() * tensor.element_size()
        if self._length + size > self._max_payload:
            raise TooLarge(f"{size:,} bytes in one tensor; {self._max_payload:,} may be sent")
        grad = tensor.requires_grad
        plain = tensor.detach().resolve_conj().resolve_neg().cpu()
        data, strides = _dense(plain)
        node = {
            "is": kind,
            "dtype": name,
            "shape": list(tensor.shape),
            "strides": strides,
            "grad": grad,
            "at": self._length,
        }
        if data.numel():
            raw = memoryview(data.view(torch.uint8).numpy())  # type: ignore[arg-type]
            self.payload.append(raw)
            self._length += raw.nbytes
            if padding := -raw.nbytes % _ALIGNMENT:
                self.payload.append(memoryview(bytes(padding)))
                self._length += padding
        return node


def _dense(tensor: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
    """The tensor's elements as they lie in memory, and the strides that address them.

    Strides are kept where elements do not overlap. Gaps between them are sent as zeros, not as the memory's contents.
    Overlapping elements (an expanded tensor) become a contiguous copy.
    """
    if tensor.numel() == 0:
        return tensor.reshape(-1), [0] * tensor.dim()  # no elements; `decode` may refuse torch's strides
    if tensor.is_contiguous():
        return tensor.as_strided((tensor.numel(),), (1,)), list(tensor.stride())
    span = _span(tensor.shape, tensor.stride())
    if span is None or span > 4 * tensor.numel():
        tensor = tensor.contiguous()
        return tensor.reshape(-1), list(tensor.stride())
    if span == tensor.numel():
        return tensor.as_strided((span,), (1,)), list(tensor.stride())
    data = torch.zeros(span, dtype=tensor.dtype)
    data.as_strided(tensor.shape, tensor.stride()).copy_(tensor)
    return data, list(tensor.stride())


def _span(shape: Any, strides: Any) -> int | None:
    """The number of places from a tensor's first element to its last; None if elements overlap."""
    span = 1
    for stride, length in sorted([(st, n) for st, n in zip(strides, shape, strict=True) if n != 1]):
        if stride < span:
            return None
        span += stride * (length - 1)
    return span


class _Decoder:
    def __init__(self, payload: bytearray, restore: dict[str, Restore]) -> None:
        self._payload = payload
        self._restore = restore
        self._next = 0  # where the next tensor must lie

    def finish(self) -> None:
        _require(self._next == len(self._payload), "bytes that belong to no tensor")

    def value(self, node: Any, depth: int) -> object:
        if depth > MAX_DEPTH:
            raise MalformedMessage(f"nested deeper than {MAX_DEPTH}")
        if type(node) in _NUMBERS:
            return node
        if type(node) is list:
            return self._items(node, depth + 1)
        _require(type(node) is dict and type(node.get("is")) is str, "a node without a kind")
        kind = node["is"]
        if kind == "tuple":
            return tuple(self._items(_field(node, "items", list), depth + 1))
        if kind == "dict":
            items = _field(node, "items", dict)
            _require(set(map(type, items)) <= {str}, "a key that is not a string")  # msgpack allows bytes
            return dict(zip(items, self._items(items.values(), depth + 1), strict=True))
        if kind == "tensor":
            return self._tensor(node)
        if kind == "array":
            return self._tensor(node).numpy()
        if kind == "opaque":
            name = _field(node, "type", str)[:MAX_OPAQUE_NAME]
            return Opaque("".join(character for character in name if character.isprintable()))
        _require(kind in self._restore, "a node of an unknown kind")
        if "value" in node:
            node = {**node, "value": self.value(node["value"], depth + 1)}
        return self._restore[kind](node)

    def _items(self, nodes: Collection[Any], depth: int) -> list[object]:
        if nodes and depth > MAX_DEPTH:
            raise MalformedMessage(f"nested deeper than {MAX_DEPTH}")
        return [node if type(node) in _NUMBERS else self.value(node, depth) for node in nodes]

    def _tensor(self, node: dict[str, Any]) -> torch.Tensor:
        name = _field(node, "dtype", str)
        _require(name in _DTYPES, "an unknown dtype")
        dtype = _DTYPES[name]
        shape, strides = _lengths(node, "shape"), _lengths(node, "strides")
        _require(len(shape) == len(strides), "as many strides as axes")
        _require(_field(node, "at", int) == self._next, "a tensor out of its place in the payload")
        count = math.prod(shape)
        if count == 0:
            tensor = torch.empty(shape, dtype=dtype)
        else:
            span = _span(shape, strides)
            _require(span is not None, "a tensor whose elements overlap")
            assert span is not None
            size = span * dtype.itemsize
            end = self._next + size
            _require(end + (-size % _ALIGNMENT) <= len(self._payload), "a tensor beyond the payload")
            if dtype is torch.bool:  # any byte other than 0 or 1 would make a bool that is neither
                raw = torch.frombuffer(self._payload, dtype=torch.uint8, count=span, offset=self._next)
                flat = raw != 0
            else:
                flat = torch.frombuffer(self._payload, dtype=dtype, count=span, offset=self._next)
            self._next = end + (-size % _ALIGNMENT)
            tensor = flat.as_strided(shape, strides)
        if _field(node, "grad", bool):
            _require(dtype.is_floating_point or dtype.is_complex, "gradients for a tensor of integers")
            tensor.requires_grad_()
        return tensor


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise MalformedMessage(complaint)


def _field(node: dict[str, Any], name: str, kind: type) -> Any:
    value = node.get(name)
    if type(value) is not kind:
        raise MalformedMessage(f"no {kind.__name__} called {name}")
    return value


def _lengths(node: dict[str, Any], name: str) -> list[int]:
    values = _field(node, name, list)
    _require(len(values) <= MAX_DIMENSIONS, "too many axes")
    for value in values:
        if type(value) is not int or not 0 <= value < _LONGEST:
            raise MalformedMessage("a length out of range")
    return list(values)
