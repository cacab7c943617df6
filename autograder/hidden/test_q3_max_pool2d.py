"""Hidden tests of question 3. Gradients are not graded where two values in a window are equal.

A wrong setting costs the points of its own tests and of the random settings: no other test uses it.
"""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F

from autograder.hidden.geometry import pool
from autograder.hidden.gradients import tell_gradients
from tests.checks import assert_same, assert_unchanged

RANDOM_POOLS = 12


@pytest.mark.points(1, category="window and stride")
def test_window_and_stride_of_each_axis_and_left_out(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, -1 - torch.rand(2, 3, 6, 9), 3, stride=3)
    assert_same(q3.max_pool2d, F.max_pool2d, -1000 - torch.rand(2, 3, 6, 8), 2)
    # On images of the window's size, where it does not matter how the window moves.
    for window in ((3, 2), (1, 4), (2, 5)):
        assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, *window), window)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 4, 5, 6), 1, stride=1)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 7, 9), (2, 3), stride=(1, 2))
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 8, 11), (2, 3))
    for height, width in ((8, 9), (9, 8), (7, 10)):  # both remainders of the division
        assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 2, height, width), 3, 2)


@pytest.mark.points(1, category="padding")
def test_padding_of_each_axis(q3):
    x = torch.randn(2, 3, 7, 8) - 3
    for padding in ((1, 0), (0, 1), 1):
        assert_same(q3.max_pool2d, F.max_pool2d, x, (2, 3), 2, padding)
    # Below any number that an answer might use as the lowest.
    assert_same(q3.max_pool2d, F.max_pool2d, -1e38 * (1 + torch.rand(2, 3, 4, 5)), 2, 2, 1)


@pytest.mark.points(1, category="dilation")
def test_dilation_of_each_axis(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 9, 11), (2, 3), stride=1, dilation=(3, 2))
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 9, 8), 3, 1, 0, 2)


@pytest.mark.points(1, category="ceil mode")
def test_ceil_mode_and_the_window_that_would_begin_outside(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 4, 5), 2, stride=1, ceil_mode=True)  # no remainder
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 4, 6) - 2, 2, 2, 1, ceil_mode=True)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 6, 8), (3, 2), stride=2, ceil_mode=True)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 5, 5) - 4, 2, stride=3, padding=1, ceil_mode=True)


@pytest.mark.points(1, category="conventions")
def test_conventions_dtype_arguments_one_image(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 6, 7, dtype=torch.float64), 2)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(4, 6, 7), 2)
    assert_unchanged(q3.max_pool2d, torch.randn(3, 5, 5), 2)
    assert_unchanged(q3.max_pool2d, -torch.rand(2, 3, 5, 6), 2)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 6, 7).transpose(2, 3), 2)


@pytest.mark.points(1, category="random settings")
def test_random_settings(q3, seed):
    draw = random.Random(seed)
    for _ in range(RANDOM_POOLS):
        settings = pool(draw, dilated=True)
        x = torch.randn(draw.randint(1, 3), draw.randint(1, 3), *settings.pixels) - 1
        named = {**settings.named, "ceil_mode": draw.random() < 0.5}
        assert_same(q3.max_pool2d, F.max_pool2d, x, settings.kernel, **named)
    # All settings at once, for a batch and for one image.
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 7, 9), (2, 4), None, (1, 2), 1, ceil_mode=True)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(2, 3, 8, 7), (2, 3), (3, 2), (0, 1), (1, 2), ceil_mode=True)
    assert_same(q3.max_pool2d, F.max_pool2d, torch.randn(3, 6, 8), 3, 2, 1, ceil_mode=True, dilation=2)
    assert_unchanged(q3.max_pool2d, -torch.rand(2, 3, 5, 6), 2, padding=1)


@pytest.mark.points(0, category="gradients")
def test_gradients_are_reported_not_graded(q3, tell):
    x = torch.randperm(2 * 3 * 5 * 6).reshape(2, 3, 5, 6).float().requires_grad_()  # no two values are equal
    tell_gradients(tell, q3.max_pool2d, F.max_pool2d, [x], kernel_size=(2, 3), stride=1)
