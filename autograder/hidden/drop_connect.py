"""What drop-connect leaves of a block's results: which images' fall, how many, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tests.checks import CheckFailed
from tests.model_misconceptions import sentence
from tests.networks import added_by


def is_nothing(added: Tensor, axes: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    return added.abs().amax(axes) < 1e-6


def is_close(got: Tensor, wanted: Tensor, axes: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    return torch.isclose(got, wanted, rtol=1e-3, atol=1e-4).flatten(axes[0]).all(-1)


def assert_dropped(mine: Any, images: Tensor, own: Tensor, rate: float, name: str) -> None:
    """What a block adds to each image: nothing, or its own result divided by 1 − rate."""
    got = added_by(mine, images)
    fallen, scaled = is_nothing(got), is_close(got, own / (1 - rate))
    if not (fallen | scaled).all():
        lines = [("block", name), ("", f"{int((~(fallen | scaled)).sum())} of {len(got)} images have neither")]
        summary = "in train mode an image's own result is neither dropped nor divided by 1 − drop_rate"
        raise CheckFailed(summary, lines, sentence(dropped_wrongly(got, images, own, rate)))
    assert_rate(fallen, rate, name, lambda: sentence(drawn_wrongly(mine, fallen, images, rate)))


def dropped_wrongly(got: Tensor, images: Tensor, own: Tensor, rate: float) -> list[str]:
    """Which mistakes explain what was added to every image; each of their outcomes must be among them."""
    result = own / (1 - rate)
    whole = {
        "survivors not scaled": (torch.zeros_like(own), own),
        "input dropped": (own - images, own + images * rate / (1 - rate)),
    }
    keys = []
    for key, outcomes in whole.items():
        first, second = (is_close(got, outcome) for outcome in outcomes)
        if (first | second).all() and first.any() and second.any():
            keys.append(key)
    if is_close(got, own).all():
        keys.append("never dropped")
    nothing, kept = is_nothing(got, (2, 3)), is_close(got, result, (2, 3))
    if (nothing | kept).all() and (nothing.any(1) & kept.any(1)).any():
        keys.append("dropped by channels")
    return keys


def drawn_wrongly(mine: Any, fallen: Tensor, images: Tensor, rate: float) -> list[str]:
    """Which mistakes explain how many images were dropped."""
    if is_rate(fallen, 1 - rate):
        return ["kept with the drop rate"]
    again = [is_nothing(added_by(mine, images[:8])) for _ in range(40)]
    at_once = all(each.all() or not each.any() for each in (fallen, *again))
    both = any(each.all() for each in again) and any(not each.any() for each in again)
    return ["dropped for the whole batch"] if at_once and both else []


def is_rate(fallen: Tensor, rate: float) -> bool:
    allowed: float = 5 * (max(rate * (1 - rate), 0.02) / len(fallen)) ** 0.5
    return abs(fallen.float().mean().item() - rate) <= allowed


def assert_rate(fallen: Tensor, rate: float, name: str, find_cause: Callable[[], str | None]) -> None:
    """How many of the images were dropped: five standard deviations either way."""
    share = fallen.float().mean().item()
    if not is_rate(fallen, rate):
        lines = [
            ("block", name),
            ("dropped", f"{100 * share:.0f} % of {len(fallen)} images, expected {100 * rate:.0f} %"),
        ]
        raise CheckFailed("the own result of too many or too few images is dropped in train mode", lines, find_cause())
