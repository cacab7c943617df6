"""Question 5: the fully connected layer.

Every output is a weighted sum of all inputs. You write it as a function and as a layer that a network can train;
use `@`, `torch.matmul`, `einsum`, NumPy (in the function) or loops, but not the library's linear layer.

In the functions of questions 1 to 5 only torch, NumPy and the standard library can be used.

Sources: the slides of the lab; torch.nn.Linear in torch's documentation.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Apply a fully connected layer, as `torch.nn.functional.linear` does.

        output[…, o] = Σ input[…, k] · weight[o, k] + bias[o]
                       k

    On paper: input [1, 2], weight [[3, 4], [5, 6], [7, 8]] and bias [0, 0, 100] give
    [1·3 + 2·4, 1·5 + 2·6, 1·7 + 2·8 + 100] = [11, 17, 123].

    Args:
        input: (…, in_features), with any number of leading axes, including none.
        weight: (out_features, in_features).
        bias: (out_features,), or None.

    Returns:
        (…, out_features); dtype and device of the input. The arguments are not changed.
    """
    ### BEGIN SOLUTION
    output = input @ weight.T
    return output if bias is None else output + bias
    ### END SOLUTION


class FullyConnected(nn.Module):
    """A fully connected layer that can be trained, as `torch.nn.Linear` is.

    Attributes:
        weight: an `nn.Parameter`, (out_features, in_features).
        bias: an `nn.Parameter`, (out_features,), or None.

    Both are initialised with random numbers, uniformly distributed between −1/√in_features and 1/√in_features.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        """Make the parameters.

        Args:
            in_features: length of the input's last axis.
            out_features: length of the output's last axis.
            bias: whether the layer adds a bias to every output.
        """
        super().__init__()
        ### BEGIN SOLUTION
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound)) if bias else None
        ### END SOLUTION

    def forward(self, input: Tensor) -> Tensor:
        """Apply the layer to (…, in_features); the result is (…, out_features)."""
        ### BEGIN SOLUTION
        return linear(input, self.weight, self.bias)
        ### END SOLUTION
