"""What a wrong answer usually means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor


def likely_cause(
    operation: str, arguments: Sequence[object], named: Mapping[str, object], got: Tensor
) -> str | None:
    """Say which usual mistake gives just these numbers; None if no single one does.

    Args:
        operation: the function that was called, "conv2d".
        arguments, named: what it was called with.
        got: what it returned, of whatever shape.
    """
    return None
