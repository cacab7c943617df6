"""Public tests of question 1, small enough to follow with pencil and paper.

The grade is based on these and on hidden tests of the same kind with other inputs.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.checks import as_function, assert_same, assert_shape, assert_size, assert_tuple, counting, mixed
from tests.layers import assert_layers

SLIDES_INPUT = (1, 16, 50, 100)  # one image of the slides' batch of 20: the others would only take time


@pytest.mark.points(1, category="output size")
def test_output_size_of_the_slides_convolutions(q1):
    height_width = SLIDES_INPUT[2:]
    assert_size(q1.output_size, (24, 49), height_width, 3, stride=2)
    assert_size(q1.output_size, (28, 100), height_width, (3, 5), stride=(2, 1), padding=(4, 2))
    assert_size(q1.output_size, (26, 100), height_width, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1))


@pytest.mark.points(1, category="values")
def test_values_from_scratch(q1, from_scratch):
    conv2d = from_scratch(q1.conv2d)
    weight = torch.tensor([[[[1.0, 0.0], [0.0, 2.0]]]])  # the example in the docstring
    assert_same(conv2d, F.conv2d, counting(1, 1, 3, 3), weight)
    bias = torch.tensor([0.0, 100.0, 200.0])
    assert_same(conv2d, F.conv2d, counting(2, 2, 3, 4), counting(3, 2, 2, 2), bias)
    # Negative numbers, and tenths; and nothing carried over from the call before.
    assert_same(conv2d, F.conv2d, mixed(2, 2, 3, 4), mixed(3, 2, 2, 2), mixed(3))


@pytest.mark.points(1, category="stride and padding")
def test_stride_and_padding(q1):
    assert_same(q1.conv2d, F.conv2d, counting(1, 1, 5, 6), counting(1, 1, 2, 3), stride=(2, 1), padding=(1, 0))
    # A row is left over at the end, where no window begins; no column is.
    assert_same(q1.conv2d, F.conv2d, counting(1, 1, 4, 7), counting(1, 1, 3, 3), stride=2)


@pytest.mark.points(1, category="dilation")
def test_dilation(q1):
    assert_same(q1.conv2d, F.conv2d, counting(1, 1, 7, 7), counting(1, 1, 2, 2), stride=(2, 1), dilation=(3, 1))


@pytest.mark.points(1, category="three convolutions")
def test_three_convolutions_of_the_slides(q1):
    layers = assert_tuple(q1.three_convolutions(), 3, "three_convolutions")
    expected = (
        nn.Conv2d(16, 33, 3, stride=2),
        nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2)),
        nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1)),
    )
    assert_layers(layers, expected, "three_convolutions")
    sizes = [(24, 49), (28, 100), (26, 100)]
    for place, (layer, right, size) in enumerate(zip(layers, expected, sizes, strict=True)):
        apply = as_function(layer, f"three_convolutions()[{place}]")
        assert_shape(apply, (1, 33, *size), torch.zeros(SLIDES_INPUT))
        assert_same(apply, right, torch.randn(2, 16, 12, 15))
