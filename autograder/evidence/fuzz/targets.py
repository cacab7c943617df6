"""The fuzz targets, by name. Imports the modules under test only when a target is loaded."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

from autograder.evidence.fuzz.tally import Reached

RawMutation = Callable[[bytes, int], bytes]
"""Mutates raw bytes, up to a maximum length."""

Mutation = Callable[[bytes, int, int], bytes]
"""Mutates an input, given its maximum length and a seed."""

WATCHED = {
    "decode": "autograder.sandbox.channel",
    "conversation": "autograder.sandbox.session",
    "lists": "autograder.operations.trainer",
}
"""The module that each target tests: coverage includes it and everything it imports."""

STAGES = {
    "decode": ("a whole frame", "tensor decoding", "a value"),
    "conversation": ("a valid reply", "tensor decoding", "a value"),
    "lists": ("a network", "its costs", "a step of its training"),
}
"""What an input can reach, from near to far, of which each execution is counted."""


class Target(Protocol):
    """Tries one input after another, and raises if a guarantee is broken."""

    reached: Reached

    def __call__(self, data: bytes) -> None: ...

    @staticmethod
    def seeds() -> list[bytes]:
        """The initial inputs."""

    @staticmethod
    def mutator(raw: RawMutation) -> Mutation:
        """The mutator of inputs."""


def load(name: str) -> Target:
    """Import a target and prepare it."""
    module: Any = importlib.import_module(f"autograder.evidence.fuzz.{name}")
    target: Target = module.Target()
    return target
