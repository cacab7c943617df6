"""Hidden tests of question 5. The layer must learn, so its gradients are graded."""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks import as_function, assert_gradient, assert_same, assert_unchanged
from tests.failures import CheckFailed
from tests.layers import assert_parameters, give_weights


@pytest.mark.points(1, category="square")
def test_square_weight_is_transposed(q5):
    assert_same(q5.linear, F.linear, torch.randn(3, 4), torch.randn(4, 4), torch.randn(4))
    assert_same(q5.linear, F.linear, torch.randn(5, 5), torch.randn(5, 5))


@pytest.mark.points(1, category="leading axes")
def test_leading_axes_any_number_of_them(q5):
    weight, bias = torch.randn(3, 5), torch.randn(3)
    for leading in ((), (1,), (2, 3), (2, 1, 4)):
        assert_same(q5.linear, F.linear, torch.randn(*leading, 5), weight, bias)


@pytest.mark.points(1, category="bias")
def test_bias_belongs_to_outputs(q5):
    # As many rows as outputs: a bias along the rows would have the right shape.
    assert_same(q5.linear, F.linear, torch.randn(4, 6), torch.randn(4, 6), torch.randn(4))
    assert_same(q5.linear, F.linear, torch.randn(4, 6), torch.randn(2, 6))
    assert_same(q5.linear, F.linear, -torch.rand(3, 6), torch.rand(2, 6), bias=-torch.ones(2))


@pytest.mark.points(1, category="conventions")
def test_conventions_dtype_and_arguments(q5):
    x, weight, bias = (torch.randn(shape, dtype=torch.float64) for shape in ((3, 6), (2, 6), (2,)))
    assert_same(q5.linear, F.linear, x, weight, bias)
    assert_unchanged(q5.linear, torch.randn(3, 6), torch.randn(2, 6), torch.randn(2))
    for _ in range(2):  # the same shapes with other weights: nothing may carry over from the first call
        assert_same(q5.linear, F.linear, torch.randn(6, 3).T, torch.randn(2, 6), torch.randn(2))


@pytest.mark.points(1, category="random sizes")
def test_random_sizes(q5, seed):
    draw = random.Random(seed)
    for _ in range(10):
        features, outputs = draw.randint(1, 7), draw.randint(1, 7)
        leading = [draw.randint(1, 4) for _ in range(draw.randint(0, 3))]
        bias = torch.randn(outputs) if draw.random() < 0.5 else None
        assert_same(q5.linear, F.linear, torch.randn(*leading, features), torch.randn(outputs, features), bias)


@pytest.mark.points(1, category="parameters")
def test_parameters_of_the_layer(q5):
    assert_parameters(q5.FullyConnected(7, 4), {"weight": (4, 7), "bias": (4,)}, bound=7**-0.5)
    assert_parameters(q5.FullyConnected(20, 120), {"weight": (120, 20), "bias": (120,)}, bound=20**-0.5)
    assert_parameters(q5.FullyConnected(5, 3, bias=False), {"weight": (3, 5)}, bound=5**-0.5)


@pytest.mark.points(1, category="learning")
def test_learning_gradients_reach_the_parameters(q5):
    for bias in (True, False):
        layer, right = q5.FullyConnected(6, 4, bias=bias), nn.Linear(6, 4, bias=bias)
        give_weights(right, layer)
        x = torch.randn(2, 3, 6, requires_grad=True)
        y = assert_same(as_function(layer, f"FullyConnected(6, 4, bias={bias})"), right, x)
        if not y.requires_grad:
            lines = [("no grad", "nothing leads from the output back: was .data, detach, no_grad or NumPy used?")]
            raise CheckFailed("the layer cannot learn", lines)
        upstream = torch.randn_like(y)
        (for_x,) = torch.autograd.grad(right(x), x, upstream, retain_graph=True)
        right(x).backward(upstream)
        x.grad = None
        y.backward(upstream)
        assert_gradient("the input", x.grad, for_x)
        gradients = {name: parameter.grad for name, parameter in layer.named_parameters()}
        for name, parameter in right.named_parameters():
            assert parameter.grad is not None
            assert_gradient(name, gradients.get(name), parameter.grad)
    give_weights(nn.Linear(6, 4), q5.FullyConnected(6, 4))
