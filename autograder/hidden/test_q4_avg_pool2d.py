"""Hidden tests of question 4. Windows are not two by two where that would make several wrong divisors agree.

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
def test_window_and_stride_of_each_axis_and_left_out(q4):
    # On images of the window's size, where it does not matter how the window moves.
    for window in ((3, 2), (1, 4), (2, 5)):
        assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, *window), window)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 4, 5, 6), 1, stride=1)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 7, 9), (2, 3), stride=(1, 2))
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 8, 11), (2, 3))
    for height, width in ((8, 9), (9, 8), (7, 10)):  # both remainders of the division
        assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 2, height, width), 3, 2)


@pytest.mark.points(1, category="padding and divisor")
def test_padding_and_divisor_counted_and_overridden(q4):
    x = torch.randn(2, 3, 7, 8) + 1
    for padding in ((1, 0), (0, 1), 1):
        for counted in (True, False):
            assert_same(q4.avg_pool2d, F.avg_pool2d, x, (2, 3), 2, padding, count_include_pad=counted)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 6, 7), 3, divisor_override=1)
    named = {"count_include_pad": False, "divisor_override": 5}
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 6, 8), 2, **named)


@pytest.mark.points(1, category="ceil mode")
def test_ceil_mode_and_what_hangs_over(q4):
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 4, 5), 2, stride=1, ceil_mode=True)  # no remainder
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 4, 6) - 2, 2, 2, 1, ceil_mode=True)
    for counted in (True, False):
        named = {"ceil_mode": True, "count_include_pad": counted}
        assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 6, 8) + 1, (3, 2), stride=2, **named)
        assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 5, 5) + 1, 2, stride=3, padding=1, **named)
        assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 5, 6) + 1, (2, 3), stride=2, **named)  # both axes


@pytest.mark.points(1, category="conventions")
def test_conventions_dtype_arguments_one_image(q4):
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 6, 7, dtype=torch.float64), 3)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(4, 6, 7), 3)
    assert_unchanged(q4.avg_pool2d, torch.randn(3, 5, 5), 2)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.arange(96.0).reshape(2, 2, 4, 6) % 5, 2)  # zeros count too
    assert_unchanged(q4.avg_pool2d, -torch.rand(2, 3, 5, 6), 2)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 6, 7).transpose(2, 3), 3)


@pytest.mark.points(1, category="random settings")
def test_random_settings(q4, seed):
    draw = random.Random(seed)
    for _ in range(RANDOM_POOLS):
        settings = pool(draw, dilated=False)
        x = torch.randn(draw.randint(1, 3), draw.randint(1, 3), *settings.pixels) + 1
        named = {
            **settings.named,
            "ceil_mode": draw.random() < 0.5,
            "count_include_pad": draw.random() < 0.5,
            "divisor_override": draw.choice([None, None, 3]),
        }
        assert_same(q4.avg_pool2d, F.avg_pool2d, x, settings.kernel, **named)
    # All settings at once, for a batch and for one image.
    named = {"ceil_mode": True, "count_include_pad": False}
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 7, 9) + 1, (3, 4), (2, 3), (1, 2), **named)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(2, 3, 7, 9) + 1, (3, 4), (2, 3), (1, 2), ceil_mode=True)
    assert_same(q4.avg_pool2d, F.avg_pool2d, torch.randn(3, 6, 7), (2, 3), 2, 1, divisor_override=5, **named)
    assert_unchanged(q4.avg_pool2d, -torch.rand(2, 3, 5, 6), 2, padding=1)


@pytest.mark.points(0, category="gradients")
def test_gradients_are_reported_not_graded(q4, tell):
    inputs = [torch.randn(2, 3, 5, 6, requires_grad=True)]
    tell_gradients(tell, q4.avg_pool2d, F.avg_pool2d, inputs, kernel_size=(2, 3), stride=1)
