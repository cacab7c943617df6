"""Public tests of question 3, small enough to follow with pencil and paper."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks import as_function, assert_same, assert_shape, assert_tuple, counting, mixed
from tests.layers import assert_layers

SLIDES_INPUT = (1, 16, 50, 32)  # one image of the slides' batch of 20: the others would only take time


@pytest.mark.points(1, category="values")
def test_values_from_scratch(q3, from_scratch):
    max_pool2d = from_scratch(q3.max_pool2d)
    assert_same(max_pool2d, F.max_pool2d, counting(1, 1, 3, 3), 2, stride=1)  # the example in the docstring
    assert_same(max_pool2d, F.max_pool2d, mixed(2, 3, 4, 5), 2)
    assert_same(max_pool2d, F.max_pool2d, mixed(3, 4, 5), 2)  # one image, without a batch axis


@pytest.mark.points(1, category="stride")
def test_stride_of_each_axis(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 5, 7), (2, 3), stride=(1, 2))
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 6, 6), (2, 3))
    # Pixels are left over at the end of each axis, where no window begins.
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 4, 6), 2, stride=3)


@pytest.mark.points(1, category="padding")
def test_padding_never_wins(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 4, 5) - 21, (2, 3), stride=2, padding=(1, 0))


@pytest.mark.points(1, category="dilation")
def test_dilation_of_each_axis(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 6, 7), (2, 3), stride=1, dilation=(3, 2))
    assert_same(q3.max_pool2d, F.max_pool2d, mixed(1, 1, 6, 7), (3, 2), stride=1, dilation=(2, 3))


@pytest.mark.points(1, category="ceil mode")
def test_ceil_mode_keeps_what_is_left_over(q3):
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 3, 3), 2, ceil_mode=True)  # the example in the docstring
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 5, 7) - 20, 2, ceil_mode=True)
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 3, 4), 2, stride=1, ceil_mode=True)  # nothing is left over
    # A third window down would begin in the padding below, and is left out; a third one across begins in the image.
    assert_same(q3.max_pool2d, F.max_pool2d, counting(1, 1, 3, 4) - 13, 2, stride=2, padding=1, ceil_mode=True)


@pytest.mark.points(1, category="two pools")
def test_two_pools_of_the_slides(q3):
    layers = assert_tuple(q3.two_max_pools(), 2, "two_max_pools")
    expected = (nn.MaxPool2d(3, stride=2), nn.MaxPool2d((3, 2), stride=(2, 1)))
    assert_layers(layers, expected, "two_max_pools")
    for place, (layer, size) in enumerate(zip(layers, [(24, 15), (24, 31)], strict=True)):
        assert_shape(as_function(layer, f"two_max_pools()[{place}]"), (1, 16, *size), torch.zeros(SLIDES_INPUT))
