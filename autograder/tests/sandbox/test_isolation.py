"""What people are told about the layers of confinement, and when that stops them."""

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
    said = in_one_line(held)
    assert said.startswith("Confinement: 6 of 7 layers hold.")
    assert f"{WITHOUT[layer]} ({layer})" in said
    with pytest.raises(UnusableRequest) as caught:
        require_layers(held)
    told = str(caught.value)
    assert f"{WITHOUT[layer]} ({layer})" in told
    assert ALLOW in told
    assert "\n" not in told
    assert ("as root" in told) == (layer == "user")
    require_layers(held, allow_missing=True)


def test_when_several_are_missing_each_is_named() -> None:
    held = {**ALL, "landlock": False, "limits": False}
    with pytest.raises(UnusableRequest, match=r"\(landlock\); .*\(limits\)"):
        require_layers(held)
