"""Objects that stay in the worker, and what the trusted side may ask of them.

A function that returns an `nn.Module` returns a handle to the trusted side. `VERBS` and `SETTINGS` are a handle's
whole vocabulary; nothing else can be asked. The answers come from the student's process, so a test that relies on one
also checks what the module computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

MAX_REPR = 500

SETTINGS = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "padding_mode",
    "ceil_mode",
    "count_include_pad",
    "divisor_override",
    "in_features",
    "out_features",
)
"""Attributes of a layer that are sent along with a handle, as they were when the function returned it."""


def _call(module: nn.Module, *arguments: object) -> object:
    return module(*arguments)


def _state_dict(module: nn.Module) -> dict[str, object]:
    return dict(module.state_dict())


def _load_state_dict(module: nn.Module, state: dict[str, Tensor]) -> None:
    module.load_state_dict(state)


def _parameters(module: nn.Module) -> dict[str, object]:
    """Each parameter's value, whether it is trained, and its gradient so far."""
    return {name: (value.detach(), value.requires_grad, value.grad) for name, value in module.named_parameters()}


def _train(module: nn.Module, mode: bool) -> None:
    module.train(mode)


def _zero_grad(module: nn.Module) -> None:
    module.zero_grad()


def _part(module: nn.Module, name: str) -> nn.Module:
    return module.get_submodule(name)


VERBS: dict[str, Callable[..., Any]] = {
    "call": _call,
    "state_dict": _state_dict,
    "load_state_dict": _load_state_dict,
    "parameters": _parameters,
    "train": _train,
    "zero_grad": _zero_grad,
    "part": _part,
}
"""The requests that a module's handle accepts."""


class Handles:
    """The objects that the trusted side holds handles to, by number."""

    def __init__(self) -> None:
        self._objects: list[nn.Module] = []

    def describe(self, value: object) -> dict[str, Any] | None:
        """The node that stands for a module on the wire; None for anything else."""
        if not isinstance(value, nn.Module):
            return None
        self._objects.append(value)
        return {
            "is": "handle",
            "number": len(self._objects) - 1,
            "type": type(value).__name__[:MAX_REPR],
            "repr": repr(value)[:MAX_REPR],
            "value": {name: getattr(value, name) for name in SETTINGS if hasattr(value, name)},
        }

    def __getitem__(self, number: int) -> nn.Module:
        return self._objects[number]
