"""What may be run: shapes, places that may be written to, and costs, all before anything is computed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from autograder.operations.lists import read
from autograder.operations.measure import Cost, Refused, measured
from autograder.operations.trace import traced
from autograder.tests.support.networks import BATCH, SHAPE, listed, module_of, reference

PLENTY = Cost(1e12, 1 << 40)
FEATURES = 3 * 32 * 32


def test_costs_are_those_of_the_layers() -> None:
    train, evaluate = measured(reference("q6_lenet"), SHAPE, PLENTY)
    layers = 2 * (6 * 28 * 28 * 75 + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10)
    assert layers < train.operations < 1.1 * layers
    assert evaluate.operations == pytest.approx(train.operations, rel=0.01)
    assert train.memory > BATCH * 4 * 6 * 28 * 28


class Changing(nn.Module):
    def __init__(self, what: str) -> None:
        super().__init__()
        self.line = nn.Linear(FEATURES, 10)
        self.seen: torch.Tensor
        self.register_buffer("seen", torch.zeros(1))
        self.constant = torch.zeros(1)
        self.what = what

    def forward(self, images: torch.Tensor) -> Any:
        with torch.no_grad():
            match self.what:
                case "a copy of an image":  # a view, if the image is in that order already
                    images.contiguous(memory_format=torch.channels_last).mul_(2)
                case "an image":
                    images.flatten(1)[:, :2].mul_(2)
                case "a parameter":
                    self.line.weight.view(-1).zero_()
                case "a constant":
                    self.constant.add_(1)
                case "a buffer":
                    self.seen.add_(1)
        x = images.flatten(1)
        if self.what == "a result":
            x = (x + 1).mul_(2)
        return self.line(x)


@pytest.mark.parametrize("what", ["an image", "a parameter", "a constant", "a copy of an image"])
def test_images_parameters_and_constants_are_not_written_to(what: str) -> None:
    with pytest.raises(Refused, match="in place"):
        measured(listed(Changing(what)), SHAPE, PLENTY)


@pytest.mark.parametrize("what", ["a buffer", "a result"])
def test_buffers_and_results_may_be_written_to(what: str) -> None:
    measured(listed(Changing(what)), SHAPE, PLENTY)


def test_too_many_operations_are_refused_with_both_numbers() -> None:
    with pytest.raises(Refused, match=r"One image takes 1 million operations; 0 million are allowed"):
        measured(reference("q6_lenet"), SHAPE, Cost(1e5, 1 << 40))


def test_too_much_memory_is_refused_with_both_numbers() -> None:
    with pytest.raises(Refused, match=r"take [\d,]+ MB; 1 MB are allowed"):
        measured(reference("q7_efficientnet"), SHAPE, Cost(1e12, 1 << 20))


def test_nothing_is_computed_and_no_memory_filled_for_a_list_that_asks_for_much() -> None:
    data = traced(module_of("q6_lenet"), SHAPE, BATCH, BATCH)
    huge = {"name": "ones.default", "arguments": [[2**20, 2**20]], "named": {}}
    inputs = 11
    data["train"]["operations"].append(huge)
    assert read(data).inputs == inputs
    with pytest.raises(Refused, match="allowed"):
        measured(read(data), SHAPE, Cost(1e12, 1 << 40))


class Large(nn.Module):
    """Takes 4 MB at a time when it is evaluated."""

    def __init__(self, *, at_once: bool) -> None:
        super().__init__()
        self.line = nn.Linear(FEATURES, 10)
        self.at_once = at_once

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = images.flatten(1)
        if not self.training:
            held = [x.new_zeros(1 << 20)]
            for _ in range(10):
                held.append(held[-1] + 1)
                if not self.at_once:
                    held.pop(0)
            x = x + sum(each.sum() for each in held)
        logits: torch.Tensor = self.line(x)
        return logits


def test_when_evaluated_what_is_held_at_once_counts() -> None:
    _, evaluate = measured(listed(Large(at_once=False)), SHAPE, PLENTY)
    assert 2 << 22 <= evaluate.memory < 4 << 22
    _, evaluate = measured(listed(Large(at_once=True)), SHAPE, PLENTY)
    assert 11 << 22 <= evaluate.memory < 13 << 22
    with pytest.raises(Refused, match="MB are allowed"):
        measured(listed(Large(at_once=True)), SHAPE, Cost(1e12, 40 << 20))


def test_weights_count_whether_they_are_used_or_not() -> None:
    data = traced(module_of("q6_lenet"), SHAPE, BATCH, BATCH)
    unused = {"name": "unused", "shape": [1 << 20], "dtype": "float32", "trained": True, "constant": 0.0}
    data["buffers"].append(unused)  # after all others, so that only results have other numbers
    for listing in (data["train"], data["evaluate"]):
        listing["output"] += 1
        for operation in listing["operations"]:
            for argument in operation["arguments"]:
                if isinstance(argument, dict) and argument["number"] > 10:
                    argument["number"] += 1
    train, evaluate = measured(read(data), SHAPE, PLENTY)
    without = measured(reference("q6_lenet"), SHAPE, PLENTY)
    assert evaluate.memory - without[1].memory == pytest.approx(4 << 20, rel=0.01)
    assert train.memory > 4 << 20


class Many(nn.Module):
    """Multiplies each image by a thousand columns, for which torch copies the images a thousand times."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(FEATURES, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found = torch.matmul(images, images.new_ones(1000, 1, 1, 32, 1))
        logits: torch.Tensor = self.line(images.flatten(1))
        return logits + found.sum()


def test_what_an_operation_makes_on_the_way_counts() -> None:
    train, _ = measured(listed(Many()), SHAPE, PLENTY)
    assert train.memory > 1000 * BATCH * FEATURES * 4


def test_a_network_that_nothing_can_be_learnt_in_is_refused() -> None:
    cut = listed(module_of("q6_lenet", ("return logits", "return logits.detach()")))
    with pytest.raises(Refused, match="there is nothing to train"):
        measured(cut, SHAPE, PLENTY)


@pytest.mark.parametrize("shape", [[6, 3, 9, 9], [7, 3, 5, 5]])
def test_lies_about_shapes_are_refused(shape: list[int]) -> None:
    data = copy.deepcopy(traced(module_of("q6_lenet"), SHAPE, BATCH, BATCH))
    data["parameters"][0]["shape"] = shape
    with pytest.raises(Refused, match="do not fit together"):
        measured(read(data), SHAPE, PLENTY)


def test_logits_of_another_form_are_refused() -> None:
    nine = listed(module_of("q6_lenet", ("return logits", "return logits[:, :9]")))
    with pytest.raises(Refused, match=r"returned \(4, 9\) for 4 images, not \(4, 10\)"):
        measured(nine, SHAPE, PLENTY)
