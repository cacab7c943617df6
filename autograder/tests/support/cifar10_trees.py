"""Small folders of images, and what loading them says."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from assignment.given.cifar10 import CLASSES, DataError, load

OFFICIAL = ("airplane", "automobile", *CLASSES[2:])


def picture(label: int, *, size: tuple[int, int] = (32, 32), mode: str = "RGB") -> Image.Image:
    """An image of one colour, which shows the label."""
    return Image.new("RGB", size, (20 * label, 100, 0)).convert(mode)


def make_tree(folder: Path, names: tuple[str, ...] = OFFICIAL) -> Path:
    for part, count in (("train", 2), ("test", 1)):
        for label, name in enumerate(names):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                picture(label).save(folder / part / name / f"{number:04}.png")
    return folder


def error_of(source: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        load(str(source), quiet=True)
    return str(caught.value)
