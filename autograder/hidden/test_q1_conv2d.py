"""Hidden tests of question 1.

The sizes are chosen by what wrong answers were seen to survive: at stride 2 both remainders of the division occur,
    kernels are not square, no two axes have the same length, batch and channels are greater than one, and the bias is
    neither zero nor as long as an axis it could be mistaken for. Inputs are small, since seven nested loops are a right
    answer.

A wrong setting costs the points of its own tests and of the random settings: no other test uses it.
"""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F

from autograder.hidden.geometry import convolution
from autograder.hidden.gradients import tell_gradients
from tests.checks import assert_same, assert_size, assert_unchanged

RANDOM_SIZES = 28
RANDOM_CONVOLUTIONS = 8


@pytest.mark.points(1, category="output size")
def test_output_size_of_random_settings(q1, seed):
    draw = random.Random(seed)
    assert_size(q1.output_size, (4, 3), 9, 3, 2, (0, 0), (1, 2))
    for _ in range(RANDOM_SIZES):
        settings = convolution(draw)
        assert_size(q1.output_size, settings.lengths(), settings.pixels, settings.kernel, **settings.named)


@pytest.mark.points(1, category="remainder")
def test_remainder_of_the_division_even_and_odd(q1):
    w = torch.randn(4, 3, 3, 3)
    for height, width in ((8, 11), (9, 10), (7, 8)):
        assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, height, width), w, stride=2)
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 10, 11), torch.randn(3, 2, 2, 4), stride=3)
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 3, 3), torch.randn(4, 3, 3, 3), stride=2)


@pytest.mark.points(1, category="kernel")
def test_kernel_neither_square_nor_symmetric(q1):
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 7, 9), torch.randn(4, 3, 2, 3))
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 6, 5), torch.randn(3, 2, 4, 1))
    assert_same(q1.conv2d, F.conv2d, torch.randn(3, 2, 4, 5), torch.randn(5, 2, 1, 1))
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 5, 4, 3), torch.randn(2, 5, 1, 2))


@pytest.mark.points(1, category="stride")
def test_stride_of_each_axis(q1):
    x, w = torch.randn(2, 3, 9, 11), torch.randn(4, 3, 2, 3)
    for stride in ((2, 3), (3, 1), 2):
        assert_same(q1.conv2d, F.conv2d, x, w, stride=stride)


@pytest.mark.points(1, category="padding")
def test_padding_of_each_axis(q1):
    x, w = torch.randn(2, 3, 6, 8), torch.randn(4, 3, 3, 2)
    for padding in ((1, 2), (2, 0), 1):
        assert_same(q1.conv2d, F.conv2d, x, w, padding=padding)
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 6, 5), torch.randn(3, 2, 2, 3), None, 1, (0, 1))


@pytest.mark.points(1, category="dilation")
def test_dilation_of_each_axis(q1):
    x = torch.randn(2, 3, 9, 11)
    assert_same(q1.conv2d, F.conv2d, x, torch.randn(4, 3, 3, 2), dilation=(2, 3))
    assert_same(q1.conv2d, F.conv2d, x, torch.randn(2, 3, 3, 3), None, 1, 0, 2)
    assert_same(q1.conv2d, F.conv2d, x, torch.randn(2, 3, 2, 3), dilation=(3, 1))


@pytest.mark.points(1, category="bias")
def test_bias_belongs_to_output_channels(q1):
    # Four output channels and four output columns: a bias along the width would have the right shape.
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 5, 6), torch.randn(4, 2, 2, 3), torch.randn(4))
    assert_same(q1.conv2d, F.conv2d, torch.randn(3, 2, 4, 5), torch.randn(5, 2, 2, 2), bias=torch.randn(5))


@pytest.mark.points(1, category="dtype")
def test_dtype_is_kept_and_precise(q1):
    x, w, b = (torch.randn(shape, dtype=torch.float64) for shape in ((2, 3, 6, 7), (4, 3, 2, 3), (4,)))
    assert_same(q1.conv2d, F.conv2d, x, w, b)
    assert_same(q1.conv2d, F.conv2d, x.float(), w.float(), b.float())


@pytest.mark.points(1, category="side effects")
def test_side_effects_on_arguments_and_later_calls(q1):
    x, w, b = torch.randn(2, 3, 6, 7), torch.randn(4, 3, 3, 2), torch.randn(4)
    assert_unchanged(q1.conv2d, x, w, b)
    for _ in range(2):  # the same shapes with other weights: nothing may carry over from the first call
        assert_same(q1.conv2d, F.conv2d, x, torch.randn_like(w), torch.randn(4))
    # Images in channels-last memory format are valid, and so are weights with another order of strides.
    assert_same(q1.conv2d, F.conv2d, x.to(memory_format=torch.channels_last), w)
    assert_same(q1.conv2d, F.conv2d, x, torch.randn(3, 4, 3, 2).transpose(0, 1))
    assert_same(q1.conv2d, F.conv2d, x, torch.randn(4, 3, 2, 3).transpose(2, 3))


@pytest.mark.points(1, category="one image")
def test_one_image_without_a_batch_axis(q1):
    assert_same(q1.conv2d, F.conv2d, torch.randn(3, 6, 5), torch.randn(4, 3, 2, 3), torch.randn(4))
    assert_same(q1.conv2d, F.conv2d, torch.randn(1, 4, 9), torch.randn(2, 1, 3, 2))
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 4), torch.randn(1, 2, 3, 4))  # axes of length 1 stay
    assert_unchanged(q1.conv2d, torch.randn(2, 4, 5), torch.randn(3, 2, 2, 2))


@pytest.mark.points(1, category="random settings")
def test_random_settings(q1, seed):
    draw = random.Random(seed)
    for _ in range(RANDOM_CONVOLUTIONS):
        settings = convolution(draw)
        batch, channels, kernels = draw.randint(1, 3), draw.randint(1, 3), draw.randint(1, 4)
        x = torch.randn(batch, channels, *settings.pixels)
        w = torch.randn(kernels, channels, *settings.kernel)
        bias = torch.randn(kernels) if draw.random() < 0.5 else None
        assert_same(q1.conv2d, F.conv2d, x, w, bias, **settings.named)
    # All settings at once, for a batch and for one image.
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 8, 9), torch.randn(4, 3, 3, 3), None, 2, 1, 2)
    x, w = torch.randn(2, 3, 7, 11), torch.randn(4, 3, 2, 3)
    assert_same(q1.conv2d, F.conv2d, x, w, None, (2, 3), (1, 2), (2, 1))
    assert_same(q1.conv2d, F.conv2d, x[0], w, torch.randn(4), (1, 2), (2, 1), (1, 2))


@pytest.mark.points(0, category="gradients")
def test_gradients_are_reported_not_graded(q1, tell):
    inputs = torch.randn(2, 3, 6, 7, requires_grad=True), torch.randn(4, 3, 2, 3, requires_grad=True)
    tell_gradients(tell, q1.conv2d, F.conv2d, inputs, stride=2, padding=1)
