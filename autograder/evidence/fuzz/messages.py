"""Seed messages, and mutations that keep most of them readable for a while.

Random bytes hardly ever get past the header. So a message is parsed, one or a few of its nodes are changed, and it is
encoded again: mostly with every tensor in its place in the payload, so that the change is wrong and not its
    consequences.
"""

from __future__ import annotations

import random
import struct
from typing import Any

import msgpack
import torch

from autograder.evidence.fuzz.targets import RawMutation
from autograder.sandbox import codec

HEADER = struct.Struct("!IQ")
MAX_PAYLOAD = 1 << 16  # bytes, of a message here
_ALIGNMENT = 64
_CONTAINERS = (list, dict)

_Place = tuple[Any, Any]
"""A list or dict, and an index or key into it."""

_LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 65, 255, 2**16, 2**31, 2**32 - 1, 2**39, 2**40 - 1, 2**40, 2**62]
_ODD: list[Any] = [-1, -64, 2**63 - 1, 2**64 - 1, -(2**63), True, None, 1.0, float("nan"), "1", b"", [], {}, [1]]
_WORDS = ["", "is", "items", "value", "x", "é", "\x00", "\x1b[31m", "no such", "a" * 300, "aten::relu", "1"]
_KINDS = ["tensor", "array", "tuple", "dict", "opaque", "argument", "handle", "nothing known"]
_KEYS = [*_WORDS, *_KINDS, b"", 1]
_TENSOR_FIELDS = ["dtype", "shape", "strides", "grad", "at", "is"]
_DTYPES = ["bool", "uint8", "int64", "float16", "bfloat16", "float32", "float64", "complex64", "complex128", "uint16"]
_ITEM_SIZE = {"bool": 1, "uint8": 1, "int8": 1, "int16": 2, "float16": 2, "bfloat16": 2, "int32": 4, "float32": 4}
_ITEM_SIZE |= {"int64": 8, "float64": 8, "complex64": 8, "complex128": 16}


def frame(tree: bytes, payload: bytes = b"") -> bytes:
    """A message as sent over the wire."""
    return HEADER.pack(len(tree), len(payload)) + tree + payload


def unframe(data: bytes) -> tuple[bytes, bytes]:
    """The tree and the payload, split where the header says."""
    length = HEADER.unpack_from(data)[0] if len(data) >= HEADER.size else 0
    return data[HEADER.size : HEADER.size + length], data[HEADER.size + length :]


def framed(value: object) -> bytes:
    """A value as encoded by the codec itself."""
    message = codec.encode(value, max_payload=MAX_PAYLOAD)
    return frame(message.tree, b"".join(message.payload))


def dictionary(**items: object) -> dict[str, Any]:
    """The node of a dict, for nodes that the codec does not create itself."""
    return {"is": "dict", "items": items}


HANDLE = {"is": "handle", "number": 0, "type": "Conv2d", "repr": "Conv2d(1, 2)", "value": dictionary(stride=[1, 1])}
ARGUMENT = {"is": "argument", "key": 0}
FRAME = ["q1_conv2d.py", 1, "conv2d"]


def seeds() -> list[bytes]:
    """Real messages: every kind of node, every dtype, tensors of every layout."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    tensors = [
        *(torch.ones(2, 3).to(getattr(torch, name)) for name in _ITEM_SIZE),
        torch.tensor(7),
        torch.empty(0, 3),
        torch.ones(2, requires_grad=True),
        base.transpose(0, 2),
        base[:, 1:],
        base[..., ::2],
        base[:1].expand(3, 3, 4),
    ]
    values: list[object] = [
        *([tensor] for tensor in tensors),
        *(tensor.detach().numpy() for tensor in tensors if tensor.dtype is not torch.bfloat16),
        [None, True, False, 0, -1, 2**63 - 1, 2**64 - 1, -(2**63), 1.5, float("nan"), float("inf"), "", "é\n"],
        ((1, (2, [3])), {"a": {"b": ()}}, {}),
        {"number": 1, "value": (torch.ones(3), [torch.zeros(2, 2), 1]), "changed": [[0, torch.ones(2)]], "used": []},
        {"number": 1, "value": {"weight": torch.ones(2, 1, 3, 3), "bias": torch.zeros(2)}, "used": ["aten::relu"]},
        {"number": 1, "error": {"kind": "raised", "type": "KeyError", "text": "'x'", "frames": [FRAME]}},
        set(),
    ]
    nodes = [
        dictionary(number=1, value=ARGUMENT, changed=[], used=[]),
        dictionary(number=1, value={"is": "tuple", "items": [HANDLE, HANDLE]}),
        [HANDLE, ARGUMENT, {"is": "opaque", "type": "set"}],
    ]
    return [*map(framed, values), *(frame(msgpack.packb(node)) for node in nodes)]


class Mutator:
    """Changes a message, in the same way for the same seed.

    Args:
        raw: mutates raw bytes.
    """

    def __init__(self, raw: RawMutation) -> None:
        self._raw = raw
        self._draw = random.Random()
        self._grafts = [msgpack.unpackb(unframe(seed)[0]) for seed in seeds()]

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        self._draw.seed(seed)
        chance = self._draw.random()
        if chance < 0.05:
            return self._raw(data, max_size)
        tree, payload = unframe(data)
        if chance < 0.15:
            return frame(self._raw(tree, max_size // 2), payload)[:max_size]
        if chance < 0.2:
            return frame(tree, self._raw(payload, max_size // 2))[:max_size]
        if chance < 0.23:
            lengths = [len(tree), len(payload)]
            lengths[int(2 * self._draw.random())] = self._any(_LENGTHS[:-1])
            return HEADER.pack(lengths[0] % 2**32, lengths[1]) + tree + payload
        try:
            node = msgpack.unpackb(tree, strict_map_key=False)
        except Exception:  # noqa: BLE001  (msgpack may raise anything after an earlier change)
            node = self._new()
        places, tensors = _survey(node)
        for _ in range(1 + int(3 * self._draw.random() ** 2)):
            node = self._change(node, places, tensors)
        if self._draw.random() < 0.85:
            payload = self._lay_out(node, payload)
        if self._draw.random() < 0.1:
            node = self._change(node, places, tensors)
        try:
            mutated = frame(msgpack.packb(node), payload)
        except (ValueError, TypeError, OverflowError):  # nested too deep for msgpack, or a number that it cannot encode
            return data
        return mutated if len(mutated) <= max_size else data

    def _change(self, root: Any, places: list[_Place], tensors: list[dict[str, Any]]) -> Any:
        """Change one place of a tree."""
        if tensors and self._draw.random() < 0.6:
            self._change_tensor(self._any(tensors))
            return root
        if not places or self._draw.random() < 0.05:
            return self._new()
        holder, key = self._any(places)
        if key not in holder if type(holder) is dict else key >= len(holder):
            return root  # an earlier change removed it
        chance = self._draw.random()
        if chance < 0.2:
            del holder[key]
        elif chance < 0.3:
            holder[key] = [holder[key]]
        elif chance < 0.4 and type(holder) is list:
            holder.insert(key, holder[key])
        elif chance < 0.5 and type(holder) is dict:
            holder[self._any(_KEYS)] = holder[key]
        elif chance < 0.7 and type(holder[key]) in (int, float, str):
            holder[key] = self._any(_WORDS if type(holder[key]) is str else _LENGTHS)
        else:
            holder[key] = self._new()
        return root

    def _change_tensor(self, node: dict[str, Any]) -> None:
        field = self._any(_TENSOR_FIELDS)
        shape, strides = node.get("shape"), node.get("strides")
        chance = self._draw.random()
        if chance < 0.15:
            node[field] = self._any(_ODD)
        elif chance < 0.2:
            node.pop(field, None)
        elif field == "dtype":
            node["dtype"] = self._any(_DTYPES)
        elif field == "grad":
            node["grad"] = not node.get("grad")
        elif field == "at":
            node["at"] = self._any(_LENGTHS)
        elif field == "is":
            node["is"] = self._any(_KINDS[:2])
        elif type(shape) is list and type(strides) is list:
            self._change_axes(shape, strides)

    def _change_axes(self, shape: list[Any], strides: list[Any]) -> None:
        lengths = shape if self._draw.random() < 0.5 else strides
        chance = self._draw.random()
        if chance < 0.3 or not lengths:
            place = int(self._draw.random() * (1 + min(len(shape), len(strides))))
            shape.insert(place, self._any(_LENGTHS[:8]))
            strides.insert(place, self._any(_LENGTHS))
        elif chance < 0.4:
            lengths.pop()
        elif chance < 0.5:
            lengths[int(self._draw.random() * len(lengths))] = self._any(_ODD)
        elif chance < 0.6:
            self._draw.shuffle(lengths)
        elif chance < 0.8 and len(shape) == len(strides) and all(type(length) is int for length in shape):
            step = 1
            for axis in reversed(range(len(shape))):
                strides[axis] = step
                step *= max(1, shape[axis])
        else:
            lengths[int(self._draw.random() * len(lengths))] = self._any(_LENGTHS)

    def _new(self) -> Any:
        chance = self._draw.random()
        if chance < 0.4:
            return _copy(self._any(self._grafts))
        if chance < 0.6:
            return self._any(_ODD)
        if chance < 0.7:
            return self._any(_WORDS)
        if chance < 0.8:
            return {"is": self._any(_KINDS), "items": [], "type": "x", "key": 0, "number": 0}
        return {"is": "tensor", "dtype": self._any(_DTYPES), "shape": [2], "strides": [1], "grad": False, "at": 0}

    def _lay_out(self, root: Any, payload: bytes) -> bytes:
        """Assign each tensor its place, and extend the payload to the length that they need."""
        _, tensors = _survey(root)
        end = 0
        for node in tensors:
            if type(node.get("at")) is int:
                node["at"] = end
            end += _bytes_of(node)
            if end > MAX_PAYLOAD:
                return payload
        return payload[:end] + self._draw.randbytes(max(0, end - len(payload)))

    def _any(self, choices: list[Any]) -> Any:
        choice = choices[int(self._draw.random() * len(choices))]
        return _copy(choice) if type(choice) in (list, dict) and choices is _ODD else choice


def _survey(root: Any) -> tuple[list[_Place], list[dict[str, Any]]]:
    """Every place in a tree, and its tensors in the order of decoding."""
    places: list[_Place] = []
    tensors: list[dict[str, Any]] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            places += [(node, key) for key in node]
            if "dtype" in node:
                tensors.append(node)  # its lists are changed in another way
            else:
                waiting += [item for item in reversed(node.values()) if type(item) in _CONTAINERS]
        elif type(node) is list:
            places += [(node, at) for at in range(len(node))]
            waiting += [item for item in reversed(node) if type(item) in _CONTAINERS]
    return places, tensors


def _copy(node: Any) -> Any:
    if type(node) is list:
        return [_copy(item) for item in node]
    return {key: _copy(item) for key, item in node.items()} if type(node) is dict else node


def _bytes_of(node: dict[str, Any]) -> int:
    """How much of the payload a tensor's node claims, with padding; 0 if unknown."""
    shape, strides, dtype = node.get("shape"), node.get("strides"), node.get("dtype")
    if type(shape) is not list or type(strides) is not list or type(dtype) is not str or 0 in shape:
        return 0
    span = 1
    for length, stride in zip(shape, strides, strict=False):
        if type(length) is not int or type(stride) is not int:
            return 0
        span += max(0, length - 1) * max(0, stride)
    size = span * _ITEM_SIZE.get(dtype, 1)
    return size + -size % _ALIGNMENT
