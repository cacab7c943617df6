"""Networks of the two questions as lists of operations: as solved, with an edit, or written in another way."""

from __future__ import annotations

from functools import cache
from typing import Any

from torch import nn

from autograder import course
from autograder.operations.lists import Network, read
from autograder.operations.trace import traced

SHAPE = (3, 32, 32)
BATCH = 4  # enough for every operation, and quick
SMALL = {"width": 0.25, "depth": 0.25, "stem_stride": 1, "dropout": 0.0, "drop_connect": 0.0}
_CLASSES = {"q6_lenet": "LeNet", "q7_efficientnet": "EfficientNet"}
_BANK = course.ROOT / "autograder" / "evidence" / "bank" / "right"


def module_of(question: str, *edits: tuple[str, str], bank: str = "", **settings: Any) -> nn.Module:
    """The network of a question's solution, with texts replaced, or with an answer of the bank in its place."""
    text = (course.SOLUTIONS / f"{question}.py").read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    if bank:
        text += "\n" + (_BANK / question / f"{bank}.py").read_text("utf-8")
    names: dict[str, Any] = {"__name__": "answer"}
    exec(compile(text, f"{question}.py", "exec"), names)  # noqa: S102
    made: nn.Module = names[_CLASSES[question]](**(SMALL | settings if question == "q7_efficientnet" else settings))
    return made


def listed(model: nn.Module) -> Network:
    """A module as a list, as the trusted side reads it."""
    return read(traced(model, SHAPE, BATCH, BATCH))


@cache
def reference(question: str) -> Network:
    """The solution's network as a list."""
    return listed(module_of(question))
