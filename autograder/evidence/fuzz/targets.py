"""What inputs are thrown at, by name. Imports nothing that is to be watched before it is asked for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

from autograder.evidence.fuzz.tally import Reached

RawMutation = Callable[[bytes, int], bytes]
"""Changes bytes without knowing what they mean, to at most so many."""

Mutation = Callable[[bytes, int, int], bytes]
"""Changes an input, given the most bytes it may have and a seed."""

WATCHED = {"decode": "channel", "conversation": "session"}
"""The module of the sandbox that each target is about: it and all that it imports are watched."""


class Target(Protocol):
    """Tries one input after the other, and raises what must not happen."""

    reached: Reached

    def __call__(self, data: bytes) -> None: ...

    @staticmethod
    def seeds() -> list[bytes]:
        """Inputs to begin with."""

    @staticmethod
    def mutator(raw: RawMutation) -> Mutation:
        """How to change inputs."""


def load(name: str) -> Target:
    """Import a target and make it ready."""
    module: Any = importlib.import_module(f"autograder.evidence.fuzz.{name}")
    target: Target = module.Target()
    return target
