"""Whether gradients flow through an answer: reported, not graded, since NumPy and plain loops are right answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from tests.checks import assert_same


def tell_gradients(
    tell: Callable[[str], None],
    function: Callable[..., Any],
    reference: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    **named: Any,
) -> None:
    """Compare gradients with torch's, for a random upstream gradient, and report the outcome.

    Args:
        tell: called with the sentence.
        function, reference: the student's function and torch's.
        inputs: the arguments, all of which require grad.
        **named: further arguments for both.
    """
    name = function.__name__
    y = assert_same(function, reference, *inputs, **named)
    if not y.requires_grad:
        tell(f"No gradients flow through your {name}. Right for this question; a network could not learn through it.")
        return
    upstream = torch.randn_like(y)
    expected = torch.autograd.grad(reference(*inputs, **named), inputs, upstream)
    got = torch.autograd.grad(y, inputs, upstream, allow_unused=True)
    arrived = [g is not None for g in got]
    if not any(arrived):
        tell(f"No gradients come through your {name}: none reaches its arguments. Right for this question.")
        return
    right = all(g is None or torch.allclose(g, e, 1e-3, 1e-4) for g, e in zip(got, expected, strict=True))
    if not right:
        tell(f"Gradients flow through your {name}, but wrong ones.")
    elif not all(arrived):
        places = ["first", "second", "third"]
        missed = " and ".join(f"the {place}" for place, there in zip(places, arrived, strict=False) if not there)
        tell(f"Gradients flow through your {name}, but none reaches {missed} of its arguments.")
    else:
        tell(f"Gradients flow through your {name}.")
