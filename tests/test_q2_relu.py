"""Public tests of question 2, small enough to follow with pencil and paper."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from tests.checks import assert_same, assert_unchanged, assert_written_into


@pytest.mark.points(1, category="values")
def test_values_from_scratch(q2, from_scratch):
    matrix = torch.arange(-12.0, 13.0).reshape(5, 5)
    matrix[1::2] *= -0.5
    assert_same(from_scratch(q2.relu), F.relu, matrix)
    assert_unchanged(q2.relu, matrix)
    # Infinity times 0 is not 0, and infinity minus infinity is not 0 either.
    assert_same(q2.relu, F.relu, torch.tensor([[-math.inf, -1.0, 0.0, 1.0, math.inf]]))


@pytest.mark.points(1, category="any number type")
def test_any_number_type_and_any_shape(q2):
    assert_same(q2.relu, F.relu, torch.tensor([[-2, 0, 3]]))
    assert_same(q2.relu, F.relu, torch.tensor(-1.5))  # a single number
    assert_same(q2.relu, F.relu, torch.tensor([[-2.0, 0.5]], dtype=torch.float64))


@pytest.mark.points(1, category="in place")
def test_in_place(q2):
    assert_written_into(q2.relu, F.relu, torch.tensor([[-2.0, 0.5], [3.0, -0.1]]), inplace=True)
