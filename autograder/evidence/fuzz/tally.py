"""How far inputs came, counted where another process can read it."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Reached:
    """How far one input came: a whole frame (in a conversation, an answer that is one), the first tensor, a value."""

    frame: bool = False
    tensor: bool = False
    value: bool = False


class Tally:
    """Numbers in a file: executions, and of them those that came to a whole frame, a tensor, a value.

    Args:
        file: made new if it is not there.
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
