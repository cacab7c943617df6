"""Tracing: a list computes what its module computes, and what a list would lose is refused."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.operations.run import Program
from autograder.operations.trace import Untraceable, assert_same_gradients, traced
from autograder.tests.support.networks import BATCH, SHAPE, listed, module_of

FEATURES = 3 * 32 * 32


@pytest.mark.parametrize("question", ["q6_lenet", "q7_efficientnet"])
def test_a_list_computes_its_modules_logits_gradients_and_averages_to_the_bit(question: str) -> None:
    drops: dict[str, Any] = {"dropout": 0.3, "drop_connect": 0.5} if question == "q7_efficientnet" else {}
    model = module_of(question, **drops)
    network = listed(model)
    parameters = [each.detach().clone().requires_grad_() for each in model.parameters()]
    buffers = [each.clone() for each in model.buffers()]
    images = torch.randn(BATCH, *SHAPE)
    torch.manual_seed(3)
    mine = Program(network.train, network.inputs)(images, [*parameters, *buffers])
    torch.manual_seed(3)
    its = model.train()(images)
    assert torch.equal(mine, its)
    for one, other in zip(
        torch.autograd.grad(mine.square().sum(), parameters),
        torch.autograd.grad(its.square().sum(), list(model.parameters())),
        strict=True,
    ):
        assert torch.equal(one, other)
    assert all(torch.equal(one, other) for one, other in zip(buffers, model.buffers(), strict=True))
    with torch.no_grad():
        mine = Program(network.evaluate, network.inputs)(images, [*parameters, *buffers])
        assert torch.equal(mine, model.eval()(images))


def test_the_mode_and_the_averages_of_the_module_are_left_alone() -> None:
    model = module_of("q7_efficientnet").eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    traced(model, SHAPE, BATCH, BATCH)
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


class Line(nn.Module):
    """A linear network, and something before it."""

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(FEATURES, 10)
        self.hidden = [nn.Parameter(torch.ones(1))]
        self.own = torch.full((1,), 0.25)
        self.count = 0

    def before(self, x: Tensor) -> Any:
        return x

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.line(self.before(images.flatten(1)))
        return logits


def in_a_plain_list(model: Line, x: Tensor) -> Tensor:
    return x * model.hidden[0]


def counting(model: Line, x: Tensor) -> Tensor:
    model.count += 1
    return x * model.count


def drawing(_: Line, x: Tensor) -> Tensor:
    return x * random.random()


def drawing_to_no_effect(_: Line, x: Tensor) -> Tensor:
    random.random()
    return x


def reading_a_number(_: Line, x: Tensor) -> Tensor:
    return x * x.mean().item()


def deciding(_: Line, x: Tensor) -> Tensor:
    return x if x.mean() > 0 else -x


def of_data(_: Line, x: Tensor) -> Tensor:
    return x * x.data


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (in_a_plain_list, "not registered"),
        (counting, "something else each time"),
        (drawing, "something else each time|draws random numbers"),
        (drawing_to_no_effect, "draws random numbers with Python or NumPy"),
        (of_data, "write detach"),
    ],
)
def test_what_a_list_would_lose_is_refused_by_a_sentence(before: Any, sentence: str) -> None:
    model = Line()
    model.before = before.__get__(model)  # type: ignore[method-assign]
    with pytest.raises(Untraceable, match=sentence):
        traced(model, SHAPE, BATCH, BATCH)


@pytest.mark.parametrize("before", [reading_a_number, deciding])
def test_what_depends_on_a_value_is_not_traced(before: Any) -> None:
    model = Line()
    model.before = before.__get__(model)  # type: ignore[method-assign]
    with pytest.raises(Exception, match=r"data-dependent|item\(\)|number out of a tensor|Dynamic|guard"):
        traced(model, SHAPE, BATCH, BATCH)


def test_a_tensor_that_is_not_registered_is_a_constant() -> None:
    model = Line()
    model.before = (lambda model, x: x * model.own).__get__(model)  # type: ignore[method-assign]
    network = listed(model)
    assert [each.tolist() for each in network.constants] == [[0.25]]


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.sign()

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return gradient


def test_gradients_that_are_not_those_of_the_operations_are_noticed() -> None:
    images = torch.randn(BATCH, *SHAPE)
    for own in (True, False):
        model = nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, 8), Sign(own=own), nn.Linear(8, 10))
        network = listed(model)
        program = Program(network.train, network.inputs)

        def by_list(batch: Tensor, program: Program = program, model: nn.Module = model) -> Tensor:
            return program(batch, list(model.parameters()))

        if own:
            with pytest.raises(Untraceable, match="autograd function of its own"):
                assert_same_gradients(model, by_list, images, seed=1)
        else:
            assert_same_gradients(model, by_list, images, seed=1)


class Sign(nn.Module):
    def __init__(self, *, own: bool) -> None:
        super().__init__()
        self.own = own

    def forward(self, x: Tensor) -> Any:
        return Straight.apply(x) if self.own else F.relu(x)
