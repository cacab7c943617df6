"""Classes whose submissions are compared: files on disk, and the folder that `class` would have left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from autograder import course
from autograder.tests.support.classes import make_class

MODULE = "q1_conv2d.py"


def hand_in(folder: Path, answers: Mapping[str, str | bytes], module: str = MODULE) -> Path:
    """A folder of submissions with one module each, by student."""
    for student, answer in answers.items():
        path = folder / student / module
        path.parent.mkdir(parents=True)
        path.write_bytes(answer if isinstance(answer, bytes) else answer.encode("utf-8", "surrogatepass"))
    return folder


def class_of(folder: Path, answers: Mapping[str, str | bytes], roster: str = "") -> tuple[Path, Path]:
    """The folder of a class's results and that of its submissions."""
    out = make_class(folder / "out", course.load(), [], roster)
    return out, hand_in(folder / "class", answers)


def answer(*lines: str, stub: bool = True) -> str:
    """An answer: the stub, then these lines in a function of their own."""
    given = (course.STUBS / MODULE).read_text("utf-8") if stub else ""
    return "\n".join([given, "def extra(x):", *(f"    {line}" for line in lines), "    return x", ""])


def steps(seed: int, count: int = 30) -> list[str]:
    """Lines that nobody with another seed writes."""
    return [f"x = x.step_{seed}_{at}(x[{seed}], {at})" for at in range(count)]
