"""Question 2: the rectified linear unit.

ReLU keeps what is positive and makes everything else 0. Between two convolutions it is what keeps the network
from collapsing into a single linear map. You write it without the library's own ReLU, threshold or clamp layers;
comparisons, masks, `torch.where`, `torch.maximum`, `Tensor.clamp`, NumPy or loops are all yours to use.

In the functions of questions 1 to 5 only torch, NumPy and the standard library can be used.

Sources: the slides of the lab; torch.nn.ReLU in torch's documentation.
"""

from __future__ import annotations

from torch import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Replace every negative value by 0, as `torch.nn.functional.relu` does.

        relu(x) = max(0, x), value by value

    On paper: [[−2, 0.5], [3, −0.1]] becomes [[0, 0.5], [3, 0]].

    Args:
        input: any shape, also a single number (); any number type, including integers.
        inplace: write the result into `input` itself and return that same tensor.

    Returns:
        A tensor of the input's shape, dtype and device. Unless `inplace`, it is a new one, and the input is not
        changed.
    """
    # TODO: your code here.
    raise NotImplementedError("TODO")
