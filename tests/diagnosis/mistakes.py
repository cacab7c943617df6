"""Common mistakes in questions 1 to 5, each made with torch's own operations.

`MISTAKES` has, for each operation, pairs of a cause and a function that makes that mistake; several functions may make
the same mistake in different ways. A function that does not know the result raises an exception or returns None.
Settings here are pairs: (height, width).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.diagnosis.convolution_mistakes import CONVOLUTION
from tests.diagnosis.pool_mistakes import AVERAGE_POOL, MAX_POOL
from tests.diagnosis.window_mistakes import Mistake
from tests.diagnosis.windows import average_pool, convolution, max_pool

RELU: list[tuple[str, Mistake]] = [
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
    ("flattened", lambda x: x.clamp(min=0).flatten()),
    ("axis lost", lambda x: x.clamp(min=0).squeeze()),
    ("negative values dropped", lambda x: x[x > 0]),
    ("one for zero", lambda x: torch.where(x < 0, 1.0, x)),
]

_REFUSED = torch.empty(0)  # no answer looks like this: the mistake would have raised an exception

LINEAR: list[tuple[str, Mistake]] = [
    ("weight reshaped, not transposed", lambda c: c.apply(weight=c.weight.reshape(c.weight.shape[1], -1).T)),
    ("weight not transposed", lambda c: c.apply(weight=c.weight.T) if c.is_square() else _REFUSED),
    ("bias missing", lambda c: c.apply(bias=None)),
    ("bias twice", lambda c: c.apply(bias=None) if c.bias is None else c.apply(bias=2 * c.bias)),
    ("bias subtracted", lambda c: c.apply(bias=None) if c.bias is None else c.apply(bias=-c.bias)),
    ("bias along the rows", lambda c: c.apply() if c.bias is None else c.apply(bias=None) + c.bias.view(-1, 1)),
    ("square weight not transposed", lambda c: c.apply(weight=c.weight.T)
        if c.is_square() else c.apply()),
    ("leading axes flattened", lambda c: c.apply().reshape(-1, c.weight.shape[0])),
    ("last input missed", lambda c: Linear(c.input[..., :-1], c.weight[:, :-1], c.bias).apply()),
    ("relu appended", lambda c: c.apply() if c.bias is None else c.apply().clamp(min=0)),
    ("sigmoid appended", lambda c: c.apply() if c.bias is None else c.apply().sigmoid()),
    ("outputs reversed", lambda c: c.apply(bias=None).flip(-1) + (0 if c.bias is None else c.bias)),
    ("output transposed", lambda c: c.apply(bias=None).transpose(-1, -2) + (0 if c.bias is None else c.bias)),
    ("outputs reversed", lambda c: c.apply().flip(-1)),
    ("output transposed", lambda c: c.apply().transpose(-1, -2)),
    ("first row for all", lambda c: c.apply() if c.input.dim() == 1 else c.apply()[:1].expand_as(c.apply())),
    ("first row for all", lambda c: c.apply(bias=None)[:1].expand(*c.input.shape[:-1], -1)
        + (0 if c.bias is None else c.bias)),
    ("output transposed", lambda c: c.apply(bias=None).permute(*reversed(range(c.input.dim())))
        + (0 if c.bias is None else c.bias)),
    ("first bias for all", lambda c: c.apply() if c.bias is None else c.apply(bias=None) + c.bias[0]),
    ("bias for every input", lambda c: c.apply() if c.bias is None else c.apply(bias=c.bias * c.weight.shape[1])),
    ("bias multiplied", lambda c: c.apply() if c.bias is None else c.apply(bias=None) * c.bias),
    ("sigmoid appended", lambda c: c.apply().sigmoid()),
    ("relu appended", lambda c: c.apply().clamp(min=0)),
    ("mean for sum", lambda c: c.apply(weight=c.weight / c.weight.shape[1])),
]  # fmt: skip


@dataclass(frozen=True)
class Linear:
    """A call of linear."""

    input: Tensor
    weight: Tensor
    bias: Tensor | None = None

    def apply(self, **other: Any) -> Tensor:
        call = replace(self, **other)
        return F.linear(call.input, call.weight, call.bias)

    def right(self) -> Tensor:
        return self.apply()

    def is_square(self) -> bool:
        return self.weight.shape[0] == self.weight.shape[1]


def _first(input: Tensor, inplace: bool = False) -> Tensor:  # noqa: ARG001  (relu's own arguments)
    return input


MISTAKES: dict[str, tuple[Callable[..., Any], list[tuple[str, Mistake]]]] = {
    "conv2d": (convolution, CONVOLUTION),
    "relu": (_first, RELU),
    "max_pool2d": (max_pool, MAX_POOL),
    "avg_pool2d": (average_pool, AVERAGE_POOL),
    "linear": (Linear, LINEAR),
}
"""By operation: the parser of its calls, and the mistakes."""
