"""Checks of drop-connect: for which images a block's result is dropped, for how many, and how the rest are scaled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tests.diagnosis.model_misconceptions import CAUSES, sentence
from tests.failures import CheckFailed
from tests.networks import added_by

_DRAWS = 40  # a block with a rate of a quarter keeps all of them once in 10⁵ cases


def is_nothing(added: Tensor, axes: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    return added.abs().amax(axes) < 1e-6


def is_close(got: Tensor, wanted: Tensor, axes: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    return torch.isclose(got, wanted, rtol=1e-3, atol=1e-4).flatten(axes[0]).all(-1)


def whole(block: Any, images: Tensor, right: Tensor) -> Tensor:
    """The result that a block without dropping adds to each image.

    Args:
        block: the student's, with drop_rate 0.
        images: its input.
        right: the output of a right block.

    Raises:
        CheckFailed: it does not add its input, or adds nothing to it.
    """
    own = added_by(block, images)
    if is_close(own + images, right - images).all():
        lines = [("block", "MBConv(…) with drop_rate=0"), ("", "there is no input to fall back on")]
        raise CheckFailed("a block does not add its input to its own result", lines, CAUSES["no residual"])
    if is_nothing(own).any():
        lines = [("block", "MBConv(…) with drop_rate=0"), ("", "to some images it adds nothing")]
        raise CheckFailed("a block drops its own result although drop_rate is 0, or has none", lines)
    return own


def assert_dropped(mine: Any, images: Tensor, own: Tensor, rate: float, name: str) -> None:
    """Assert that a block adds to each image nothing or `own` / (1 − rate), `own` being its result at rate 0."""
    got = added_by(mine, images)
    fallen, scaled = is_nothing(got), is_close(got, own / (1 - rate))
    if not (fallen | scaled).all():
        count = f"{int((~(fallen | scaled)).sum())} of {len(got)} images"
        lines = [("block", name), ("", f"{count} have neither, beside your block at drop_rate=0")]
        summary = "in train mode an image's own result is neither dropped nor divided by 1 − drop_rate"
        raise CheckFailed(summary, lines, sentence(dropped_wrongly(mine, got, images, own, rate)))
    assert_rate(fallen, rate, name, lambda: sentence(drawn_wrongly(mine, images, own, rate, fallen)))


def dropped_wrongly(mine: Any, got: Tensor, images: Tensor, own: Tensor, rate: float) -> list[str]:
    """Which mistakes explain what was added to every image; each outcome of a mistake must occur."""
    result = own / (1 - rate)
    outcomes_of = {
        "survivors not scaled": (torch.zeros_like(own), own),
        "input dropped": (own - images, own + images * rate / (1 - rate)),
    }
    keys = []
    for key, outcomes in outcomes_of.items():
        first, second = (is_close(got, outcome) for outcome in outcomes)
        if (first | second).all() and first.any() and second.any():
            keys.append(key)
    if is_close(got, own).all():
        keys += drawn_at_once(mine, images, own, rate) or ["never dropped"]
    nothing, kept = is_nothing(got, (2, 3)), is_close(got, result, (2, 3))
    if (nothing | kept).all() and (nothing.any(1) & kept.any(1)).any():
        keys.append("dropped by channels")
    return keys


def drawn_wrongly(mine: Any, images: Tensor, own: Tensor, rate: float, fallen: Tensor) -> list[str]:
    """Which mistakes explain the number of dropped images."""
    return ["kept with the drop rate"] if is_rate(fallen, 1 - rate) else drawn_at_once(mine, images, own, rate)


def drawn_at_once(mine: Any, images: Tensor, own: Tensor, rate: float) -> list[str]:
    """The mistake, if each of many draws drops either all images or none; otherwise an empty list."""
    draws = [added_by(mine, images) for _ in range(_DRAWS)]
    kept = [each for each in draws if not is_nothing(each).all()]
    if not 0 < len(kept) < len(draws):
        return []
    ways = {"dropped for the whole batch": own / (1 - rate), "one draw, not scaled": own}
    return [key for key, outcome in ways.items() if all(is_close(each, outcome).all() for each in kept)]


def is_rate(fallen: Tensor, rate: float) -> bool:
    allowed: float = 5 * (max(rate * (1 - rate), 0.02) / len(fallen)) ** 0.5
    return abs(fallen.float().mean().item() - rate) <= allowed


def assert_rate(fallen: Tensor, rate: float, name: str, find_cause: Callable[[], str | None]) -> None:
    """Assert that the share of dropped images is within five standard deviations of `rate`."""
    share = fallen.float().mean().item()
    if not is_rate(fallen, rate):
        lines = [
            ("block", name),
            ("dropped", f"{100 * share:.0f} % of {len(fallen)} images, expected {100 * rate:.0f} %"),
        ]
        raise CheckFailed("the own result of too many or too few images is dropped in train mode", lines, find_cause())
