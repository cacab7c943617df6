"""Public tests of question 5, small enough to follow with pencil and paper."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks import as_function, assert_same, assert_unchanged, counting, mixed
from tests.layers import assert_parameters, give_weights


@pytest.mark.points(1, category="values")
def test_values_from_scratch(q5, from_scratch):
    linear = from_scratch(q5.linear)
    assert_same(linear, F.linear, counting(2), counting(3, 2) + 2, torch.tensor([0.0, 0.0, 100.0]))
    assert_same(linear, F.linear, mixed(4, 5), mixed(3, 5), mixed(3))
    assert_same(linear, F.linear, mixed(4, 5), counting(3, 5), counting(3))  # nothing is left over from the call before
    assert_same(linear, F.linear, mixed(2, 1, 5), mixed(3, 5))
    assert_unchanged(linear, mixed(4, 5), mixed(3, 5), mixed(3))


@pytest.mark.points(1, category="square")
def test_square_weight(q5):
    assert_same(q5.linear, F.linear, counting(2, 2), counting(2, 2))


@pytest.mark.points(1, category="layer")
def test_layer_from_20_to_30(q5):
    layer, right = q5.FullyConnected(20, 30), nn.Linear(20, 30)
    give_weights(right, layer)
    with torch.no_grad():
        assert_same(as_function(layer, "FullyConnected(20, 30)"), right, torch.randn(128, 20))
    # Numbers from −1/√20 to 1/√20 to begin with.
    assert_parameters(q5.FullyConnected(20, 30), {"weight": (30, 20), "bias": (30,)}, bound=20**-0.5)
    assert_parameters(q5.FullyConnected(20, 30, bias=False), {"weight": (30, 20)}, bound=20**-0.5)
