"""What the grader says about the layers of confinement, and when it refuses to grade without one."""

from __future__ import annotations

import pytest

from autograder.errors import UnusableRequest
from autograder.sandbox.confinement import LAYERS
from autograder.sandbox.isolation import ALLOW, WITHOUT, in_one_line, require_layers

ALL = dict.fromkeys(LAYERS, True)


def test_every_layer_has_its_words() -> None:
    assert list(WITHOUT) == list(LAYERS)


def test_when_all_hold() -> None:
    assert in_one_line(ALL) == "Confinement: all 7 layers hold."
    require_layers(ALL)


@pytest.mark.parametrize("layer", LAYERS)
def test_when_one_is_missing(layer: str) -> None:
    held = {**ALL, layer: False}
    sentence = in_one_line(held)
    assert sentence.startswith("Confinement: 6 of 7 layers hold.")
    assert f"{WITHOUT[layer]} ({layer})" in sentence
    with pytest.raises(UnusableRequest) as caught:
        require_layers(held)
    message = str(caught.value)
    assert f"{WITHOUT[layer]} ({layer})" in message
    assert ALLOW in message
    assert "\n" not in message
    assert ("as root" in message) == (layer == "user")
    require_layers(held, allow_missing=True)


def test_when_several_are_missing_each_is_named() -> None:
    held = {**ALL, "landlock": False, "limits": False}
    with pytest.raises(UnusableRequest, match=r"\(landlock\); .*\(limits\)"):
        require_layers(held)
