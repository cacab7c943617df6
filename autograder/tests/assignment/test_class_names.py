"""Patterns are called by what they show, in the order in which they are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from assignment.given.cifar10 import CLASSES, draw_patches
from assignment.given.class_names import PATTERNS, class_names


def test_photographs_have_the_slides_names() -> None:
    assert class_names("cifar10") == class_names("/a/folder") == CLASSES
    assert class_names("synthetic") == PATTERNS
    assert len(set(PATTERNS)) == len(CLASSES)


@pytest.mark.parametrize(("shape", "along", "across"), [("columns", 2, 3), ("rows", 3, 2)])
@pytest.mark.parametrize("width", [4, 8])
def test_stripes_run_as_their_names_say(shape: str, along: int, across: int, width: int) -> None:
    label = PATTERNS.index(f"{shape} {width}")
    images = draw_patches(np.full(200, label), np.random.default_rng(0)).astype(float)
    change = [np.abs(np.diff(images, axis=axis)).mean() for axis in (along, across)]
    assert change[1] > 1.1 * change[0]
