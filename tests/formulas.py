"""What a right output is made of, in numbers that can be checked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

MAX_TERMS = 9  # of a sum that is written out; longer ones show their beginning

Pair = int | tuple[int, int]


def number(value: float) -> str:
    """A number as one would write it: 216, not 216.0."""
    return f"{value:.6g}".replace("-", "−")


def index(place: Sequence[int]) -> str:
    """A place in an output: out[0,0,2,1]."""
    return f"out[{','.join(map(str, place))}]"


def shape(tensor: Tensor) -> str:
    """A shape as in x[2,3,7,7]."""
    return f"[{','.join(map(str, tensor.shape))}]"


def pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def window_length(axis: str, length: int, kernel: int, stride: int, padding: int, dilation: int) -> str:
    """The formula for an output's length, filled in (torch.nn.Conv2d's documentation, under "Shape")."""
    result = (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    return f"{axis}_out = ⌊({length} + 2·{padding} − {dilation}·({kernel} − 1) − 1) / {stride}⌋ + 1 = {result}"


@dataclass(frozen=True)
class Convolution:
    """One call of a convolution, taken apart.

    Args:
        input: (N, C_in, H, W) or (C_in, H, W).
        weight: (C_out, C_in, K_h, K_w).
        bias: (C_out,) or None.
        stride, padding, dilation: as in `conv2d`.
    """

    input: Tensor
    weight: Tensor
    bias: Tensor | None = None
    stride: Pair = 1
    padding: Pair = 0
    dilation: Pair = 1

    def lengths(self) -> list[str]:
        """The formulas for H_out and W_out, filled in."""
        return [
            window_length(name, length, kernel, stride, padding, dilation)
            for name, length, kernel, stride, padding, dilation in zip(
                "HW",
                self.input.shape[-2:],
                self.weight.shape[-2:],
                pair(self.stride),
                pair(self.padding),
                pair(self.dilation),
                strict=True,
            )
        ]

    def sum_at(self, place: Sequence[int]) -> str:
        """The sum that makes one output, and the rows and columns of the input that it reads."""
        *image, channel, y, x = place
        pixels = self.input[image[0]] if image else self.input
        rows = self._read(0, y)
        columns = self._read(1, x)
        terms = []
        for c in range(pixels.shape[0]):
            for i, row in enumerate(rows):
                for j, column in enumerate(columns):
                    inside = 0 <= row < pixels.shape[1] and 0 <= column < pixels.shape[2]
                    pixel = pixels[c, row, column].item() if inside else 0.0
                    terms.append(f"{number(pixel)}·{number(self.weight[channel, c, i, j].item())}")
        if self.bias is not None:
            terms.append(number(self.bias[channel].item()))
        if len(terms) > MAX_TERMS:
            terms = [*terms[:3], f"… ({len(terms) - 3} more)"]
        return f"{' + '.join(terms)}   (rows {_listed(rows)}; columns {_listed(columns)})"

    def _read(self, axis: int, output: int) -> list[int]:
        """The rows (axis 0) or columns (axis 1) of the input that one output reads; −1 lies in the padding."""
        first = output * pair(self.stride)[axis] - pair(self.padding)[axis]
        return [first + step * pair(self.dilation)[axis] for step in range(self.weight.shape[2 + axis])]


def _listed(numbers: Sequence[int]) -> str:
    words = [number(value) for value in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


OPERATIONS = {"conv2d": Convolution}
"""How to take a function's call apart, by the function's name."""
