"""Counts of how far inputs got, readable by another process."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Reached:
    """How far one input got: a whole frame (in a conversation, a valid reply), the first tensor, or a value."""

    frame: bool = False
    tensor: bool = False
    value: bool = False


class Tally:
    """Counts in a file: executions, and how many of them reached a whole frame, a tensor, and a value.

    Args:
        file: created if it does not exist.
    """

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(bytes(4 * struct.calcsize("Q")))
        with file.open("r+b") as opened:
            self._counts = memoryview(mmap.mmap(opened.fileno(), 0)).cast("Q")

    def add(self, reached: Reached) -> None:
        self._counts[0] += 1
        self._counts[1] += reached.frame
        self._counts[2] += reached.tensor
        self._counts[3] += reached.value

    def read(self) -> tuple[int, int, int, int]:
        executions, frames, tensors, values = self._counts
        return executions, frames, tensors, values
