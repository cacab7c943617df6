"""What the classes of images are called. You have nothing to write here."""

from __future__ import annotations

from assignment.given.cifar10 import CLASSES

# In the order of the labels, as `cifar10.draw_patches` draws them: the shape, and the width of its stripes in pixels.
PATTERNS = tuple(f"{shape} {width}" for width in (4, 8) for shape in ("columns", "rows", "checks", "diamonds", "rings"))


def class_names(source: str) -> tuple[str, ...]:
    """The classes' names: of generated patterns what they show, of photographs the slides' names.

    Args:
        source: of the images, as `cifar10.resolve` gives it.
    """
    return PATTERNS if source == "synthetic" else CLASSES
