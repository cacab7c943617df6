"""Public tests of question 4, small enough to follow with pencil and paper."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks import as_function, assert_same, assert_shape, assert_tuple, counting, mixed
from tests.layers import assert_layers

SLIDES_INPUT = (1, 16, 50, 32)  # one image of the slides' batch of 20: the others would only take time


@pytest.mark.points(1, category="values")
def test_values_from_scratch(q4, from_scratch):
    avg_pool2d = from_scratch(q4.avg_pool2d)
    assert_same(avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 3), 2, stride=1)  # the example in the docstring
    assert_same(avg_pool2d, F.avg_pool2d, mixed(2, 3, 4, 5), (2, 3), stride=1)
    assert_same(avg_pool2d, F.avg_pool2d, mixed(3, 4, 5), 2, stride=1)  # one image, without a batch axis


@pytest.mark.points(1, category="stride and padding")
def test_stride_and_padding_of_each_axis(q4):
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 5, 7), (2, 3), stride=(1, 2))
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 6, 6), (2, 3))
    # Pixels are left over at the end of each axis, where no window begins.
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 4, 6), 2, stride=3)
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 4), (2, 3), stride=1, padding=(1, 0))


@pytest.mark.points(1, category="divisor")
def test_divisor_with_and_without_padding(q4):
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 3), 2, stride=2, padding=1)
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 3), 2, stride=2, padding=1, count_include_pad=False)
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 4), (2, 3), stride=1, divisor_override=5)


@pytest.mark.points(1, category="ceil mode")
def test_ceil_mode_counts_nothing_that_hangs_over(q4):
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 3), 2, ceil_mode=True)
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 5, 7) - 20, 2, ceil_mode=True)
    assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 4), 2, stride=1, ceil_mode=True)  # nothing is left over
    for counted in (True, False):
        # A third window down would begin in the padding below, and is left out; across, one begins in the image.
        named = {"padding": 1, "ceil_mode": True, "count_include_pad": counted}
        assert_same(q4.avg_pool2d, F.avg_pool2d, counting(1, 1, 3, 4), 2, stride=2, **named)


@pytest.mark.points(1, category="two pools")
def test_two_pools_of_the_slides(q4):
    layers = assert_tuple(q4.two_avg_pools(), 2, "two_avg_pools")
    expected = (nn.AvgPool2d(3, stride=2), nn.AvgPool2d((3, 2), stride=(2, 1)))
    assert_layers(layers, expected, "two_avg_pools")
    for place, (layer, size) in enumerate(zip(layers, [(24, 15), (24, 31)], strict=True)):
        assert_shape(as_function(layer, f"two_avg_pools()[{place}]"), (1, 16, *size), torch.zeros(SLIDES_INPUT))
