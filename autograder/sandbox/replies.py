"""Validation of a worker's replies: anything that lacks the form of a reply is refused."""

from __future__ import annotations

from typing import Any

import torch

from autograder.sandbox import codec
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.guard import kernels_of
from tests.rule import OPERATIONS


def check_reply(reply: dict[str, Any], given: dict[int | str, Any]) -> None:
    """Check that a reply has the fields and types of a reply.

    Raises:
        MalformedMessage: it does not.
    """
    used = reply.setdefault("used", [])
    changed = reply.setdefault("changed", [])
    fits = type(used) is list and all(type(name) is str and is_kernel(name) for name in used) and type(changed) is list
    fits = fits and all(
        type(pair) is list and len(pair) == 2 and type(pair[0]) in (int, str) and pair[0] in given
        and isinstance(given[pair[0]], torch.Tensor) and isinstance(pair[1], torch.Tensor)
        for pair in changed
    )  # fmt: skip
    # Each argument only once: thousands of changes of a large one would keep the grader busy.
    fits = fits and len(set(used)) == len(used) and len({pair[0] for pair in changed}) == len(changed)
    if "error" in reply:
        error = reply["error"]
        fits = fits and type(error) is dict and all(type(error.get(key)) is str for key in ("kind", "type", "text"))
        fits = fits and type(error.get("frames")) is list and all(
            type(frame) is list and [type(item) for item in frame] == [str, int, str]
            for frame in error["frames"]
        )  # fmt: skip
    else:
        fits = fits and "value" in reply
    if not fits:
        raise codec.MalformedMessage("an answer without the parts of an answer")


def tensor_of(given: dict[int | str, Any], key: Any) -> torch.Tensor:
    """An argument that was sent back. Only a tensor: thousands of whole state_dicts would keep the grader busy."""
    argument = given[key]
    if not isinstance(argument, torch.Tensor):
        raise codec.MalformedMessage("an argument given back that is not a tensor")
    return argument


def is_kernel(name: str) -> bool:
    """Whether some function must not use a kernel of this name."""
    return any(name in kernels_of(function) for function in OPERATIONS)


def change(tensor: torch.Tensor, new: torch.Tensor, what: str) -> None:
    """Make the same change to the caller's tensor as the student's code made to its own."""
    if new.shape != tensor.shape or new.dtype != tensor.dtype:
        raise SubmissionFailure(f"{what} resized one of its arguments.")
    try:
        with torch.no_grad():
            tensor.copy_(new)
    except RuntimeError as error:  # an expanded tensor, whose elements share memory
        raise SubmissionFailure(f"{what} changed an argument that cannot be changed in place.", str(error)) from None
