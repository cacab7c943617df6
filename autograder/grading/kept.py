"""Runs of networks that were trained on this machine before, so that no network is trained twice.

A run is a file in a folder of the checkout, named by a digest of all that decides its outcome. A file that is damaged
counts as none. Where the folder cannot be written nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from autograder.course import ROOT
from autograder.files.whole import write_whole
from autograder.grading.report import Accuracy

FOLDER = ROOT / ".trained"


@dataclass(frozen=True)
class Kept:
    """The runs in a folder, which need not exist.

    Attributes:
        folder: where they are; students' code cannot write there.
    """

    folder: Path = field(default_factory=lambda: FOLDER)

    def find(self, decides: dict[str, Any]) -> Accuracy | None:
        """A run's outcome; None if it was not kept, or its file is damaged.

        Args:
            decides: all that decides the outcome, as JSON can hold it.
        """
        try:
            entry = json.loads(self._file(decides).read_text("utf-8"))
            if entry["of"] != decides or entry["check"] != _digest([decides, entry["accuracy"]]):
                return None
            return msgspec.convert(entry["accuracy"], Accuracy)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, decides: dict[str, Any], accuracy: Accuracy) -> None:
        """Keep a run, in place of what was kept for it before."""
        outcome = asdict(accuracy)
        # What is checked is what a reader will see: pairs become lists.
        entry = {"of": decides, "accuracy": json.loads(json.dumps(outcome))}
        with contextlib.suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            text = json.dumps({**entry, "check": _digest([decides, entry["accuracy"]])}, indent=1)
            write_whole(self._file(decides), text + "\n")

    @contextlib.contextmanager
    def alone(self, decides: dict[str, Any]) -> Iterator[None]:
        """Wait while another process makes this run; it has to be looked for again then."""
        import fcntl

        try:
            self.folder.mkdir(exist_ok=True)
            lock = os.open(self._file(decides).with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            yield
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _file(self, decides: dict[str, Any]) -> Path:
        return self.folder / f"{_digest(decides)[:32]}.json"


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
