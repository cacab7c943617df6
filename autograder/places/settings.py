"""What a course sets for a place where submissions are graded: `settings.toml`, which the export writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from autograder.course import tables
from autograder.errors import GraderFault


@dataclass(frozen=True)
class Settings:
    """Settings of one place.

    Attributes:
        training: whether networks are trained; if not, those tests and their points are left out.
        data: images to train on: "synthetic", "cifar10", "auto" or a folder.
        torch_index: address of a further package index, with builds of torch for CPUs alone; "" for none.
        minutes: after so many, grading has failed.
    """

    training: bool = True
    data: str = "synthetic"
    torch_index: str = ""
    minutes: int = 14

    @property
    def images(self) -> str | None:
        """As `Grader` takes it."""
        return self.data if self.training else None


def load(path: Path) -> Settings:
    """Read settings.toml.

    Raises:
        GraderFault: it cannot be read, or a key in it is unknown or holds what it must not.
    """
    try:
        return Settings(**tables.checked(tables.read_toml(path), KEYS))
    except tables.Misfit as misfit:
        raise GraderFault(f"{path}: {misfit}.") from None


KEYS = {
    "training": tables.boolean(Settings.training),
    "data": tables.text(Settings.data),
    "torch_index": tables.Key(
        'an address that begins with https:// or http://, or "" for none',
        lambda value: type(value) is str and re.fullmatch(r"(https?://\S+)?", value) is not None,
        Settings.torch_index,
    ),
    "minutes": tables.whole(1, 10_000, Settings.minutes),
}
