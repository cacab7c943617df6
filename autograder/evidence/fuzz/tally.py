"""Counts of how far inputs got, readable by another process."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Reached:
    """How far one input got; `targets.STAGES` says what the stages are."""

    first: bool = False
    second: bool = False
    third: bool = False


class Tally:
    """Counts in a file: executions, and how many of them reached each stage.

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
        self._counts[1] += reached.first
        self._counts[2] += reached.second
        self._counts[3] += reached.third

    def read(self) -> tuple[int, int, int, int]:
        executions, first, second, third = self._counts
        return executions, first, second, third
