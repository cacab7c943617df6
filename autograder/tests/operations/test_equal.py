"""Equal networks: other ways to write one are equal, and the smallest mistake is not."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from autograder.operations.equal import DOUBTFUL, SAME, difference
from autograder.tests.support.networks import SHAPE, listed, module_of, reference

DROPS: dict[str, Any] = {"dropout": 0.2, "drop_connect": 0.4}


@pytest.mark.parametrize(
    ("question", "bank"),
    [
        ("q6_lenet", "own_pieces"),
        ("q6_lenet", "view_and_bincount"),
        ("q7_efficientnet", "functional"),
        ("q7_efficientnet", "adaptive_pool"),
    ],
)
def test_a_network_written_in_another_way_is_the_same(question: str, bank: str) -> None:
    assert difference(listed(module_of(question, bank=bank)), reference(question), SHAPE, 5) < SAME


def test_networks_that_draw_alike_are_the_same_whatever_draws() -> None:
    drawing = listed(module_of("q7_efficientnet", depth=0.5, **DROPS))
    other = listed(module_of("q7_efficientnet", bank="functional", depth=0.5, **DROPS))
    assert difference(other, drawing, SHAPE, 5) < SAME
    rarely = listed(module_of("q7_efficientnet", depth=0.5, dropout=0.2, drop_connect=0.2))
    assert difference(rarely, drawing, SHAPE, 5) > DOUBTFUL


FAULTS = {
    "average pooling": (
        "q6_lenet",
        "F.max_pool2d(F.relu(self.conv1(images)), 2)",
        "F.avg_pool2d(F.relu(self.conv1(images)), 2)",
    ),
    "no ReLU at one place": ("q6_lenet", "F.relu(self.fc2(x))", "self.fc2(x)"),
    "a ReLU that ends at 6": ("q6_lenet", "F.relu(self.fc1(x))", "F.relu6(self.fc1(x))"),
    "a ReLU that leaks": ("q6_lenet", "F.relu(self.fc2(x))", "F.leaky_relu(self.fc2(x), 0.001)"),
    "cut off from its gradient": ("q6_lenet", "torch.flatten(x, 1)", "torch.flatten(x, 1).detach()"),
    "no residual": ("q7_efficientnet", "return input + x", "return x"),
    "another momentum": ("q7_efficientnet", "nn.BatchNorm2d(wide)", "nn.BatchNorm2d(wide, momentum=0.09)"),
    "another epsilon": ("q7_efficientnet", "nn.BatchNorm2d(wide)", "nn.BatchNorm2d(wide, eps=1e-4)"),
    "another mean": ("q7_efficientnet", "self.dropout(x.mean((2, 3)))", "self.dropout(x.amax((2, 3)))"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mistake_makes_another_network(fault: str) -> None:
    question, old, new = FAULTS[fault]
    assert difference(listed(module_of(question, (old, new))), reference(question), SHAPE, 5) > DOUBTFUL


def test_other_parameters_make_another_network_whatever_they_are_called() -> None:
    named_alike = module_of("q6_lenet", ("nn.Linear(84, num_classes)", "nn.Linear(84, num_classes, bias=False)"))
    assert difference(listed(named_alike), reference("q6_lenet"), SHAPE, 5) == math.inf
    frozen = module_of("q6_lenet")
    next(frozen.parameters()).requires_grad_(False)
    assert difference(listed(frozen), reference("q6_lenet"), SHAPE, 5) == math.inf


class Claims(nn.Module):
    """Has LeNet's parameters, by their names, and computes nothing with them."""

    def __init__(self) -> None:
        super().__init__()
        for name, child in module_of("q6_lenet").named_children():
            self.add_module(name, child)
        self.register_buffer("nothing", torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, :10] + 0 * sum(each.sum() for each in self.parameters())


def test_a_network_that_only_has_the_names_is_another_one() -> None:
    assert difference(listed(Claims()), reference("q6_lenet"), SHAPE, 5) > DOUBTFUL
