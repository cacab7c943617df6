"""Public tests of question 6: they take seconds, and need no download and hardly any training.

The grade is based on these, on hidden tests of the same kind, and on a short run on real images.
"""

from __future__ import annotations

import math

import pytest
import torch

from assignment.given.table_model import numbered_images
from tests.checks import as_function
from tests.known_outputs import LENET
from tests.networks import (
    assert_accuracies,
    assert_known,
    assert_learns,
    assert_logits,
    assert_parameter_count,
    assert_rows,
    assert_state,
    known_weights,
    load,
    patchwork,
)

LAYERS = {
    "conv1.weight": (6, 3, 5, 5),
    "conv1.bias": (6,),
    "conv2.weight": (16, 6, 5, 5),
    "conv2.bias": (16,),
    "fc1.weight": (120, 400),
    "fc1.bias": (120,),
    "fc2.weight": (84, 120),
    "fc2.bias": (84,),
    "fc3.weight": (10, 84),
    "fc3.bias": (10,),
}


@pytest.mark.points(1, category="parameters")
def test_parameters_of_the_five_layers(q6):
    model = q6.LeNet()
    assert_state(model, LAYERS)
    assert_parameter_count(model, 62_006, "LeNet()")


@pytest.mark.points(1, category="logits")
def test_logits_for_each_image(q6):
    assert_logits(q6.LeNet(), torch.randn(2, 3, 32, 32), 10, "LeNet()")
    assert_logits(q6.LeNet(num_classes=7), torch.randn(1, 3, 32, 32), 7, "LeNet(num_classes=7)")


@pytest.mark.points(1, category="known weights")
def test_known_weights_give_known_logits(q6):
    model = load(q6.LeNet(), known_weights(LAYERS))
    assert_known(as_function(model, "LeNet()"), patchwork(), (1, 10), LENET)


@pytest.mark.points(1, category="learning")
def test_learning_in_a_few_steps(q6, afresh):
    assert_learns(q6.LeNet, "LeNet()", afresh, steps=10)


@pytest.mark.points(1, category="accuracy per class")
def test_accuracy_per_class_of_four_images(q6, table_model):
    logits = torch.tensor([[9.0, 0, 0], [0, 9, 0], [9, 0, 0], [0, 0, 9]])
    batches = [(numbered_images(4), torch.tensor([0, 0, 0, 2]))]
    assert_accuracies(q6.per_class_accuracy, [66.67, math.nan, 100.0], table_model(logits), batches, 3, logits)


@pytest.mark.points(1, category="comparison")
def test_comparison_of_two_models(q6):
    expected = [
        {"class": "plane", "old": 50.0, "new": 40.0, "best": "old"},
        {"class": "car", "old": math.nan, "new": math.nan, "best": ""},
        {"class": "mean", "old": 50.0, "new": 40.0, "best": "old"},
    ]
    assert_rows(q6.compare, expected, {"old": [50.0, math.nan], "new": [40.0, math.nan]}, ["plane", "car"])
