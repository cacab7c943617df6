"""The operations that can be diagnosed: how a call is parsed, and the faults that an answer may have.

`OPERATIONS` has each operation's faults in the order in which an answer would make them. Settings are pairs: (height,
width). The faults of ReLU and of the fully connected layer are here, those of convolution and pools in their own files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.diagnosis.convolution_faults import CONVOLUTION
from tests.diagnosis.faults import Fault
from tests.diagnosis.lengths import length_faults, size
from tests.diagnosis.pool_faults import AVERAGE_POOL, MAX_POOL
from tests.diagnosis.refusals import refusals
from tests.diagnosis.window_faults import of_dtype
from tests.diagnosis.windows import average_pool, convolution, max_pool


@dataclass(frozen=True)
class Relu:
    """A call of relu."""

    input: Tensor
    inplace: bool = False

    def output(self) -> Tensor:
        return self.input.clamp(min=0)


_RELU: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("negative side kept", lambda x: x.clamp(max=0)),
    ("leaky", lambda x: torch.where(x < 0, x * 0.01, x)),
    ("leaky", lambda x: torch.where(x < 0, x * 0.1, x)),
    ("bounded at six", lambda x: x.clamp(0, 6)),
    ("bounded at one", lambda x: x.clamp(0, 1)),
    ("absolute value", torch.abs),
    ("input returned as it is", lambda x: x),
    ("threshold at one", lambda x: torch.where(x < 1, 0.0, x)),
    ("another activation", F.silu),
    ("another activation", F.gelu),
    ("another activation", F.elu),
    ("another activation", F.softplus),
    ("another activation", torch.tanh),
    ("another activation", torch.sigmoid),
    ("another activation", F.selu),
    ("negative values dropped", lambda x: x[x > 0]),
    ("one for zero", lambda x: torch.where(x < 0, 1.0, x)),
    ("sign alone", lambda x: (x > 0).to(x.dtype)),
]

_OF_WHOLE_NUMBERS = ("leaky", "another activation", "threshold at one", "one for zero")
"""Faults whose results for whole numbers may be floating point."""


def _floating(dtype: torch.dtype) -> torch.dtype:
    return dtype if dtype.is_floating_point else torch.float32


def _of_input(way: Callable[[Tensor], Tensor], call: Any) -> Tensor:
    return way(call.input)


RELU: list[Fault] = [
    *(Fault(cause, "values", instead=partial(_of_input, way)) for cause, way in _RELU),
    *(Fault(cause, "values", instead=partial(_of_input, way), dtype=_floating)
      for cause, way in _RELU if cause in _OF_WHOLE_NUMBERS),
    Fault("flattened", "layout", after=lambda output, _: output.flatten()),
    Fault("axis lost", "layout", after=lambda output, _: output.squeeze()),
    Fault("whole numbers become floating point", "dtype of whole numbers", dtype=_floating),
    *of_dtype(),
]  # fmt: skip


@dataclass(frozen=True)
class Linear:
    """A call of linear."""

    input: Tensor
    weight: Tensor
    bias: Tensor | None = None

    def output(self) -> Tensor:
        return F.linear(self.input, self.weight, self.bias)

    def with_weight(self, weight: Tensor) -> Linear:
        return replace(self, weight=weight)

    def is_square(self) -> bool:
        return self.weight.shape[0] == self.weight.shape[1]


def _biased(change: Callable[[Tensor, Linear], Tensor]) -> Callable[[Tensor, Linear], Tensor]:
    """What is added to the right output; nothing without a bias."""
    return lambda output, call: output if call.bias is None else output + change(call.bias, call)


def _product(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Linear], Tensor]:
    """A change of the product alone, to which the bias is added afterwards."""
    return lambda output, call: change(output) if call.bias is None else change(output - call.bias) + call.bias


def _square_alone(call: Linear) -> Linear:
    if not call.is_square():
        raise ValueError("the shapes do not fit")
    return call.with_weight(call.weight.T)


_WEIGHTS: list[tuple[str, Callable[[Linear], Linear]]] = [
    ("weight reshaped, not transposed", lambda c: c.with_weight(c.weight.reshape(c.weight.shape[1], -1).T)),
    ("weight not transposed", _square_alone),
    ("square weight not transposed", lambda c: c.with_weight(c.weight.T) if c.is_square() else c),
    ("last input missed", lambda c: Linear(c.input[..., :-1], c.weight[:, :-1], c.bias)),
    ("mean for sum", lambda c: c.with_weight(c.weight / c.weight.shape[1])),
]

_BIASES: list[tuple[str, Callable[[Tensor, Linear], Tensor]]] = [
    ("bias twice", lambda bias, _: bias),
    ("bias subtracted", lambda bias, _: -2 * bias),
    ("bias along the rows", lambda bias, _: bias.view(-1, 1) - bias),
    ("first bias for all", lambda bias, _: bias[0] - bias),
    ("bias for every input", lambda bias, c: bias * (c.weight.shape[1] - 1)),
]

_ORDERS: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("outputs reversed", lambda out: out.flip(-1)),
    ("output transposed", lambda out: out.transpose(-1, -2)),
    ("output transposed", lambda out: out.permute(*reversed(range(out.dim())))),
    ("first row for all", lambda out: out[:1].expand_as(out)),
]

_ACTIVATIONS: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("relu appended", lambda out: out.clamp(min=0)),
    ("sigmoid appended", lambda out: out.sigmoid()),
    ("tanh appended", lambda out: out.tanh()),
]


def _activated(change: Callable[[Tensor], Tensor], output: Tensor, _: Any) -> Tensor:
    return change(output)


def _activated_with_bias(change: Callable[[Tensor], Tensor], output: Tensor, call: Any) -> Tensor:
    return output if call.bias is None else change(output)


LINEAR: list[Fault] = [
    *(Fault(cause, "weight", before=change) for cause, change in _WEIGHTS),
    *(Fault(cause, "order", after=_product(change)) for cause, change in _ORDERS),
    Fault("first row for all", "order", after=lambda out, _: out[:1].expand_as(out) if out.dim() > 1 else out),
    Fault("bias missing", "bias", before=lambda call: replace(call, bias=None)),
    *(Fault(cause, "bias", after=_biased(change)) for cause, change in _BIASES),
    Fault("bias multiplied", "bias", after=lambda out, call: out if call.bias is None
        else (out - call.bias) * call.bias),
    Fault("bias twice", "bias", after=lambda out, call: out if call.bias is None else out + call.bias),
    Fault("outputs reversed", "order", after=lambda out, _: out.flip(-1)),
    Fault("output transposed", "order", after=lambda out, _: out.transpose(-1, -2)),
    *(Fault(cause, "activation", after=partial(_activated, change)) for cause, change in _ACTIVATIONS),
    *(Fault(cause, "activation", after=partial(_activated_with_bias, change))
      for cause, change in _ACTIVATIONS),
    Fault("leading axes flattened", "layout", after=lambda out, call: out.reshape(-1, call.weight.shape[0])),
    *of_dtype(),
]  # fmt: skip

_TABLES: dict[str, tuple[Callable[..., Any], list[Fault]]] = {
    "output_size": (size, list(length_faults())),
    "conv2d": (convolution, CONVOLUTION),
    "relu": (Relu, RELU),
    "max_pool2d": (max_pool, MAX_POOL),
    "avg_pool2d": (average_pool, AVERAGE_POOL),
    "linear": (Linear, LINEAR),
}

OPERATIONS: dict[str, tuple[Callable[..., Any], list[Fault]]] = {
    name: (parse, [*faults, *refusals(name)]) for name, (parse, faults) in _TABLES.items()
}
"""By operation: the parser of its calls, and the faults in the order in which an answer would make them."""
