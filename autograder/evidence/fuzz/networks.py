"""Networks as inputs of the fuzzer, and those with which it begins.

An input is a tree in msgpack, in the form that `operations.lists.read` takes. Tensors, and objects that no message can
hold, are written as dicts with one key: `{"tensor": [dtype, shape, strides, grad]}` and `{"odd": number}`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from autograder.grading.listed_run import REFERENCES
from autograder.operations import table
from autograder.sandbox.codec import Opaque

Tree = dict[str, Any]

SMALL = 3  # seeds, the last ones, are small
MOST_ELEMENTS = 1 << 13  # of a tensor here: enough to bring too much along
_MOST_SPAN = 1 << 19  # from the first to the last
DTYPES = [*table.DTYPES, "complex64", "int16"]


class _Text(str):
    __slots__ = ()


class _Subclass(torch.Tensor):
    pass


def _cycle() -> list[Any]:
    inner: list[Any] = []
    inner.append(inner)
    return inner


def _deep(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


ODD: list[Callable[[], Any]] = [
    tuple,
    lambda: (1, {"kind": "value", "number": 0}),
    set,
    lambda: b"x",
    object,
    _cycle,
    lambda: _deep(5_000),
    lambda: {1: 2},
    lambda: {"a" * 100_000: torch.ones(2, dtype=torch.complex64)},
    lambda: {"\x1b[31m": torch.ones(2, dtype=torch.complex64)},
    lambda: 10**5_000,
    lambda: -(2**70),
    lambda: Opaque("set"),
    lambda: _Text("relu.default"),
    lambda: np.ones(2),
    lambda: np.float64(1),
    lambda: torch.nn.Parameter(torch.ones(2)),
    lambda: torch.ones(2).as_subclass(_Subclass),
    lambda: torch.ones(2, requires_grad=True).exp(),
    lambda: torch.ones(2).to_sparse(),
    lambda: torch.empty(2, device="meta"),
    lambda: torch.tensor([float("nan"), float("inf")]),
    lambda: torch.float32,
]


def made_of(tree: Any) -> Any:
    """The objects that a tree stands for."""
    if type(tree) is list:
        return [made_of(each) for each in tree]
    if type(tree) is not dict:
        return tree
    if len(tree) == 1 and "odd" in tree and type(tree["odd"]) is int:
        return ODD[tree["odd"] % len(ODD)]()
    if len(tree) == 1 and "tensor" in tree:
        return _tensor(*tree["tensor"])
    return {key: made_of(each) for key, each in tree.items()}


def _tensor(dtype: str, shape: list[int], strides: list[int] | None, grad: bool) -> torch.Tensor:
    """A tensor as the wire could bring it: any strides without overlap."""
    sizes = [int(each) % (MOST_ELEMENTS + 1) for each in shape[:6]]
    steps: list[int] = []
    step = 1
    for size in reversed(sizes):
        steps.insert(0, step)
        step *= max(1, size)
    if strides is not None and len(strides) == len(sizes):
        steps = [int(each) % 64 for each in strides]
    span = 1 + sum(max(0, size - 1) * step for size, step in zip(sizes, steps, strict=True))
    made = torch.arange(min(span, _MOST_SPAN)).to(getattr(torch, dtype))
    return made.as_strided(sizes, steps).detach().requires_grad_(bool(grad) and made.is_floating_point())


def value(number: int) -> Tree:
    return {"kind": "value", "number": number}


def operation(name: str, *arguments: Any, **named: Any) -> Tree:
    return {"name": name, "arguments": list(arguments), "named": named}


def place(name: str, *shape: int, dtype: str = "float32", trained: bool = True, constant: float | None = None) -> Tree:
    return {"name": name, "shape": list(shape), "dtype": dtype, "trained": trained, "constant": constant}


def seeds() -> list[Tree]:
    """The references, and small networks with every kind of place, operation and argument."""
    references = list(json.loads(REFERENCES.read_text("utf-8")).values())
    return [*references, _line(), _normalised(), _drawing()]


def _line() -> Tree:
    operations = [operation("mean.dim", value(0), [2, 3]), operation("linear.default", value(3), value(1), value(2))]
    listing = {"batch": 2, "operations": operations, "output": 4}
    return {
        "parameters": [place("line.weight", 10, 3), place("line.bias", 10)],
        "buffers": [],
        "train": listing,
        "evaluate": copy.deepcopy(listing),
    }


def _normalised() -> Tree:
    """Convolution, normalisation, a counter, a buffer that is carried, a constant, and a part without gradients."""

    def listing(*, training: bool) -> Tree:
        inputs = 11
        operations = [
            operation("conv2d.default", value(0), value(1), None, [4, 4], [1, 1]),
            operation("add_.Tensor", value(8), 1) if training else operation("alias.default", value(8)),
            operation(
                *("batch_norm.default", value(inputs), value(2), value(3), value(6), value(7)),
                *(training, 0.1, 1e-5, False),
            ),
            operation("relu_.default", value(inputs + 2)),
            operation("grad", False),
            operation("sum.default", value(9)),
            operation("grad", True),
            operation("mul.Tensor", value(inputs + 3), value(10)),
            operation("amax.default", value(inputs + 7), [2, 3]),
            operation("split.Tensor", value(inputs + 8), 2, 1),
            operation("getitem", value(inputs + 9), 0),
            operation("cat.default", [value(inputs + 10), value(inputs + 10)], 1),
            operation("linear.default", value(inputs + 11), value(4), value(5)),
            operation("add.Tensor", value(inputs + 12), value(inputs + 5), alpha=0.5),
        ]
        return {"batch": 2, "operations": operations, "output": inputs + 13}

    parameters = [place("conv.weight", 4, 3, 3, 3), place("norm.weight", 4, constant=1.0)]
    parameters += [place("norm.bias", 4, constant=0.0), place("line.weight", 10, 4), place("line.bias", 10)]
    untrained: dict[str, Any] = {"trained": False}
    buffers = [place("norm.running_mean", 4, constant=0.0, **untrained)]
    buffers += [place("norm.running_var", 4, constant=1.0, **untrained)]
    buffers += [place("norm.num_batches_tracked", dtype="int64", constant=0.0, **untrained)]
    buffers += [place("seen", 2, 3, **untrained)]
    return {
        "parameters": parameters,
        "buffers": buffers,
        "train": listing(training=True),
        "evaluate": listing(training=False),
        "constants": [{"tensor": ["float32", [4, 1, 1], None, False]}],
        "carried": {"seen": {"tensor": ["float32", [2, 3], [1, 2], False]}},
    }


def _drawing() -> Tree:
    """Draws, settings, tensors that are made, types, and numbers in a tensor's place."""
    dtype = {"kind": "setting", "of": "dtype", "name": "float32"}
    device = {"kind": "setting", "of": "device", "name": "any"}
    layout = {"kind": "setting", "of": "memory_format", "name": "channels_last"}

    def listing(*, training: bool) -> Tree:
        inputs = 2
        operations = [
            operation("dropout.default", value(0), 0.5, training),
            operation("rand.default", [2, 3, 1, 1], dtype=dtype, device=device),
            operation("add.Tensor", value(inputs), value(inputs + 1)),
            operation("contiguous.default", value(inputs + 2), memory_format=layout),
            operation("to.dtype", value(inputs + 3), dtype, False, True),
            operation("bernoulli_.float", value(inputs + 4), 0.25),
            operation("adaptive_avg_pool2d.default", value(inputs + 5), [1, 1]),
            operation("flatten.using_ints", value(inputs + 6), 1, -1),
            operation("einsum.default", "ij,kj->ik", [value(inputs + 7), value(1)]),
            operation("clamp.default", value(inputs + 8), None, 6.0),
            operation("slice.Tensor", value(inputs + 9), 0, 0, 2**63 - 1, 1),
            operation("gelu.default", value(inputs + 10), approximate="tanh"),
        ]
        return {"batch": 2, "operations": operations, "output": inputs + 11}

    return {
        "parameters": [place("line.weight", 10, 3)],
        "buffers": [],
        "train": listing(training=True),
        "evaluate": listing(training=False),
        "constants": [],
        "carried": {},
    }
