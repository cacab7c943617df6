"""Tracing: a list computes what its module computes, and what a list would lose is refused."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.operations import table
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
        (drawing, "draws random numbers with Python or NumPy"),
        (drawing_to_no_effect, "draws random numbers with Python or NumPy"),
        (of_data, "write detach"),
    ],
)
def test_what_a_list_would_lose_is_refused_by_a_sentence(before: Any, sentence: str) -> None:
    model = Line()
    model.before = before.__get__(model)  # type: ignore[method-assign]
    with pytest.raises(Untraceable, match=sentence):
        traced(model, SHAPE, BATCH, BATCH)


def deciding_by_a_number(_: Line, x: Tensor) -> Tensor:
    return x if torch.rand(1).item() < 0.8 else -x


def by_a_list_of_numbers(_: Line, x: Tensor) -> Tensor:
    return x * torch.tensor(x.mean(1, keepdim=True).tolist())


def by_numpy(_: Line, x: Tensor) -> Tensor:
    return x * torch.from_numpy(x.numpy())


def writing_a_number(_: Line, x: Tensor) -> Tensor:
    return x.contiguous() if f"{x.mean():.3f}" else x


def in_another_precision(_: Line, x: Tensor) -> Tensor:
    with torch.autocast("cpu"):
        return torch.relu(x)


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (reading_a_number, "reads a number out of a tensor"),
        (deciding, "decides in Python by a value of a tensor"),
        (deciding_by_a_number, "decides in Python by a value of a tensor"),
        (by_a_list_of_numbers, r"tolist\(\)"),
        (by_numpy, r"reads values of a tensor \(numpy"),
        (writing_a_number, "reads values of a tensor"),
        (in_another_precision, "chooses a precision"),
    ],
)
def test_what_depends_on_a_value_is_refused_by_a_sentence(before: Any, sentence: str) -> None:
    model = Line()
    model.before = before.__get__(model)  # type: ignore[method-assign]
    with pytest.raises(Untraceable, match=sentence) as refused:
        traced(model, SHAPE, BATCH, BATCH)
    names = [entry.name for entry in refused.traceback]
    assert before.__name__ in names or before in (reading_a_number, in_another_precision)  # noted, and refused later


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")  # published networks still use it
def test_a_scripted_function_is_noted_in_the_same_operations_each_time() -> None:
    def swish(x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)

    model, scripted = Line(), torch.jit.script(swish)
    model.before = (lambda model, x: scripted(x + model.line.bias[0])).__get__(model)  # type: ignore[method-assign]
    assert [each.name for each in listed(model).train.operations][3:5] == ["sigmoid.default", "mul.Tensor"]


# What published networks use besides the usual: an operation of the table, and a step that takes it.
WAYS: tuple[tuple[str, Any], ...] = (
    ("floor_", lambda x: x / 0.8 * (0.8 + torch.rand(len(x), 1)).floor_()),
    ("ceil_", lambda x: x * (torch.rand(len(x), 1) - 0.2).ceil_()),
    ("round_", lambda x: x * torch.rand(len(x), 1).round_()),
    ("sign_", lambda x: x * (torch.rand(len(x), 1) - 0.2).sign_()),
    ("lt_.Scalar", lambda x: x * torch.rand(len(x), 1).lt_(0.8)),
    ("ge_.Tensor", lambda x: x * torch.rand(len(x), 1).ge_(torch.full((1,), 0.2))),
    ("detach_", lambda x: torch.max(x, torch.tensor(0.0))),
    ("detach_", lambda x: x * torch.bernoulli(torch.tensor([0.8] * len(x)))[:, None]),
    ("clip", lambda x: torch.clip(x, 0)),
    ("clip.Tensor", lambda x: torch.clip(x, torch.zeros(1))),
    ("clip_", lambda x: (x + 0).clip_(0)),
    ("absolute", lambda x: (x + torch.absolute(x)) / 2),
    ("negative", lambda x: torch.negative(torch.clamp(torch.negative(x), max=0))),
    ("fmax", lambda x: torch.fmax(x, torch.zeros(1))),
    ("fmin", lambda x: -torch.fmin(-x, torch.zeros(1))),
    ("special_expit", lambda x: x * torch.special.expit(x)),
    ("nan_to_num", lambda x: torch.nan_to_num(x)),
    ("isnan", lambda x: x.masked_fill(torch.isnan(x), 0)),
    ("isfinite", lambda x: torch.where(torch.isfinite(x), x, 0.0)),
    ("multiply.Tensor", lambda x: torch.multiply(x, torch.sigmoid(x))),
    ("subtract.Tensor", lambda x: torch.subtract(x, x.mean())),
    ("divide.Tensor", lambda x: torch.divide(x, 1 + torch.exp(-x))),
    ("true_divide.Tensor", lambda x: torch.true_divide(x, 1 + torch.exp(-x))),
    ("__and__.Tensor", lambda x: x * ((x > 0) & (x < 6))),
    ("__or__.Tensor", lambda x: x * ((x > 0) | (x < -6))),
    ("__xor__.Tensor", lambda x: x * ((x > 0) ^ (x > 6))),
    ("nanmean", lambda x: x * x.nanmean(1, keepdim=True)),
    ("nansum", lambda x: x * x.nansum(1, keepdim=True) / FEATURES),
    ("tile", lambda x: x * x.mean(1, keepdim=True).tile(1, FEATURES)),
    ("moveaxis.int", lambda x: x.unflatten(1, (3, 1024)).moveaxis(2, 1).flatten(1)),
    ("moveaxis.intlist", lambda x: x.unflatten(1, (3, 1024)).moveaxis((2, 1), (1, 2)).flatten(1)),
    ("tensor_split.sections", lambda x: torch.cat(torch.tensor_split(x, 3, 1), 1)),
    ("column_stack", lambda x: torch.column_stack([x[:, :9], x[:, 9:]])),
    ("dstack", lambda x: torch.dstack([x, x]).mean(2)),
    ("fliplr", lambda x: torch.fliplr(x)),
    ("flipud", lambda x: torch.flipud(x)),
)


def test_other_ways_to_write_a_step_are_in_a_list_that_computes_the_same() -> None:
    def before(_: Line, x: Tensor) -> Tensor:
        return torch.stack([step(x) for _, step in WAYS]).mean(0)

    model = Line()
    model.before = before.__get__(model)  # type: ignore[method-assign]
    network = listed(model)
    noted = {operation.name for operation in network.train.operations}
    assert {name if "." in name else f"{name}.default" for name, _ in WAYS} <= noted & table.ALLOWED
    images = torch.randn(BATCH, *SHAPE)
    torch.manual_seed(3)
    mine = Program(network.train, network.inputs)(images, [*model.parameters(), *network.constants])
    torch.manual_seed(3)
    assert torch.equal(mine, model.train()(images))


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
