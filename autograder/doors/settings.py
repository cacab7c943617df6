"""What a course sets for a place where submissions are graded: `settings.toml`, which the export writes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

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
        """As `grade_one` wants it."""
        return self.data if self.training else None


def load(path: Path) -> Settings:
    """Read settings.toml.

    Raises:
        GraderFault: it cannot be read, or holds something else.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise GraderFault(f"{path} cannot be read: {error}") from None
    kinds = {field.name: type(field.default) for field in fields(Settings)}
    for name, value in given.items():
        if type(value) is not kinds.get(name):
            raise GraderFault(f"{path}: {name} = {value!r} is no setting; the settings are {', '.join(kinds)}.")
    return Settings(**given)
