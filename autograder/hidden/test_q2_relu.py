"""Hidden tests of question 2. ReLU's gradient at 0 and the sign of its zeros are not graded."""

from __future__ import annotations

import math
import random

import pytest
import torch
import torch.nn.functional as F

from autograder.hidden.gradients import tell_gradients
from tests.checks import assert_same, assert_unchanged, assert_written_into


@pytest.mark.points(1, category="shapes and values")
def test_shapes_and_values_of_any_size(q2, seed):
    draw = random.Random(seed)
    for axes in (0, 1, 2, 3, 5):
        shape = [draw.randint(2, 4) for _ in range(axes)]
        assert_same(q2.relu, F.relu, torch.randn(shape) - 0.5)
    # Values above 6 and below −1, where other activations differ.
    assert_same(q2.relu, F.relu, torch.linspace(-30, 30, 25).reshape(5, 5))
    assert_same(q2.relu, F.relu, torch.tensor([-math.inf, -1e30, -1.0, 1.0, 1e30, math.inf]))
    assert_same(q2.relu, F.relu, torch.randn(3, 4, 5).transpose(0, 2))
    # The dtype is kept, of whole numbers too.
    assert_same(q2.relu, F.relu, torch.randn(3, 4, dtype=torch.float64))
    assert_same(q2.relu, F.relu, torch.arange(-5, 6))
    assert_same(q2.relu, F.relu, torch.arange(-5, 6, dtype=torch.int32).reshape(1, 11))


@pytest.mark.points(1, category="side effects")
def test_side_effects_only_where_asked_for(q2):
    assert_unchanged(q2.relu, torch.randn(4, 3))
    assert_unchanged(q2.relu, torch.randn(4, 3), inplace=False)
    assert_unchanged(q2.relu, -torch.rand(5))
    assert_written_into(q2.relu, F.relu, torch.randn(2, 3, 4, 5), inplace=True)
    assert_same(q2.relu, F.relu, torch.randn(4, 3))


@pytest.mark.points(0, category="gradients")
def test_gradients_are_reported_not_graded(q2, tell):
    tell_gradients(tell, q2.relu, F.relu, [torch.randn(4, 5, requires_grad=True)])
