"""How far values may be from the right ones: what rounding explains, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

# The largest accepted differences, relative to each value and to the scale of the sum behind it. A float32 has a
# relative error of 2⁻²⁴ = 6e-8. A sum of n products, in any order, is off by at most n times that, relative to the
# products' sizes: 2.4e-5 for n = 400, the longest sum compared; typically by √n times, 1.2e-6. A Fourier transform
# spreads its errors over the whole image, in proportion to the largest output; the least exact right answer in our bank
# is off by 4e-7 of that (27 products, normal numbers), and 1e-5 is allowed. Half precision, 2⁻¹¹ = 5e-4 for each
# product, is refused. The same reasoning gives 1e-13 for float64; 1e-10 refuses results computed in float32.
_TOLERANCES = {torch.float32: (1e-4, 1e-5), torch.float64: (1e-10, 1e-11)}

_OF_A_NETWORK = 1.5e-4  # of the largest output


def of_one_kind(got: Tensor, expected: Tensor) -> bool:
    return got.shape == expected.shape and got.dtype == expected.dtype


def surely_equal(got: Tensor, expected: Tensor) -> bool:
    """Whether all values are finite and within tolerance; most answers are, and this is quicker than `differences`.

    False decides nothing yet.
    """
    equal = torch.equal(got, expected)
    if equal or expected.dtype not in _TOLERANCES:
        return equal
    relative, _ = _TOLERANCES[expected.dtype]
    left = expected.abs().mul_(relative).sub_(torch.sub(got, expected).abs_())  # infinity gives NaN
    return bool((left >= 0).all())


def differences(got: Tensor, expected: Tensor, arguments: Sequence[Any]) -> tuple[Tensor, Tensor]:
    """Where the values differ too much (NaN always does), and the allowed differences."""
    relative, of_scale = _TOLERANCES.get(expected.dtype, (0.0, 0.0))
    allowed = 0.0
    # An infinite value must be matched exactly: isclose does not count it as within an infinite tolerance.
    wrong = ~torch.isclose(got, expected, rtol=relative, atol=allowed)
    if wrong.any():  # near zero, the size of the terms matters, not that of their sum
        allowed = of_scale * _scale(arguments, expected)
        wrong = ~torch.isclose(got, expected, rtol=relative, atol=allowed)
    return wrong, relative * expected.abs() + allowed


def equal_for_a_network(got: Any, expected: Tensor) -> bool:
    """Whether a whole network's output is the one that another machine computed.

    Processors round differently, and dozens of layers add that up: the outputs of right networks, computed in float32
    with AVX2, are off by up to 5.4e-5 of the largest from those computed with AVX-512.
    """
    if not isinstance(got, Tensor) or not of_one_kind(got, expected):
        return False
    return torch.allclose(got.detach(), expected, rtol=0, atol=_OF_A_NETWORK * _largest(expected))


def _scale(arguments: Sequence[Any], expected: Tensor) -> float:
    """The scale of the terms in a sum: the largest output, or the largest pixel times the largest weight.

    The second matters if windows see nothing but padding: all outputs are 0, and a Fourier transform's are 1e-17.
    """
    of_arguments = [_largest(value) for value in arguments[:2] if isinstance(value, Tensor)]
    return max(_largest(expected), math.prod(of_arguments) if of_arguments else 0.0)


def _largest(values: Tensor) -> float:
    finite = values[values.isfinite()]
    return finite.abs().max().item() if finite.numel() else 0.0
