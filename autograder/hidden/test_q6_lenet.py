"""Hidden tests of question 6."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from assignment.given.table_model import numbered_images
from tests.checks import as_function, as_tensor, assert_close, assert_gradient
from tests.diagnosis.model_misconceptions import CAUSES
from tests.failures import CheckFailed
from tests.networks import assert_accuracies, assert_accurate, assert_output, assert_rows, load
from tests.test_q6_lenet import LAYERS


def lenet(state: dict[str, Tensor], images: Tensor) -> Tensor:
    """LeNet's logits, computed from its weights."""
    x = F.max_pool2d(F.relu(F.conv2d(images, state["conv1.weight"], state["conv1.bias"])), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, state["conv2.weight"], state["conv2.bias"])), 2)
    x = F.relu(F.linear(x.flatten(1), state["fc1.weight"], state["fc1.bias"]))
    x = F.relu(F.linear(x, state["fc2.weight"], state["fc2.bias"]))
    return F.linear(x, state["fc3.weight"], state["fc3.bias"])


def same(x: Tensor) -> Tensor:
    return x


def mistaken_lenet(
    state: dict[str, Tensor],
    images: Tensor,
    *,
    after: Sequence[Callable[[Tensor], Tensor]] = (F.relu, F.relu, F.relu, F.relu, same),
    pools: Sequence[Callable[[Tensor, int], Tensor]] = (F.max_pool2d, F.max_pool2d),
    axes: tuple[int, ...] = (0, 1, 2, 3),
) -> Tensor:
    """LeNet with other functions after its five layers, other pools, or other axes before flattening."""
    x = images
    for number in (1, 2):
        x = after[number - 1](F.conv2d(x, state[f"conv{number}.weight"], state[f"conv{number}.bias"]))
        x = pools[number - 1](x, 2)
    x = x.permute(axes).flatten(1)
    for number in (1, 2, 3):
        x = after[number + 1](F.linear(x, state[f"fc{number}.weight"], state[f"fc{number}.bias"]))
    return x


def mistakes(state: dict[str, Tensor], images: Tensor) -> dict[str, list[Callable[[], Tensor]]]:
    """The logits of common mistakes, by their keys in `model_misconceptions`."""

    def made(**settings: Any) -> Callable[[], Tensor]:
        return lambda: mistaken_lenet(state, images, **settings)

    right = [F.relu] * 4 + [same]
    largest, mean = F.max_pool2d, F.avg_pool2d
    one_out = {
        f"no relu after {layer}": [made(after=[*right[:place], same, *right[place + 1 :]])]
        for place, layer in enumerate(("conv1", "conv2", "fc1", "fc2"))
    }
    return {
        **one_out,
        "no relu": [made(after=[same] * 5)],
        "tanh for relu": [made(after=[torch.tanh] * 4 + [same])],
        "average pool": [made(pools=pools) for pools in ((mean, largest), (largest, mean), (mean, mean))],
        "relu at the end": [made(after=[F.relu] * 5)],
        "softmax at the end": [made(after=[*right[:4], lambda x: x.softmax(1)])],
        "log softmax at the end": [made(after=[*right[:4], lambda x: x.log_softmax(1)])],
        "flatten order": [made(axes=axes) for axes in ((0, 2, 3, 1), (0, 1, 3, 2), (0, 3, 2, 1))],
    }


def weights(classes: int = 10) -> dict[str, Tensor]:
    """Weights that keep every layer's output near 1, half of it below zero, with biases that matter."""
    shapes = {**LAYERS, "fc3.weight": (classes, 84), "fc3.bias": (classes,)}
    state = {}
    for name, shape in shapes.items():
        inputs = math.prod(shape[1:]) if len(shape) > 1 else 4
        state[name] = torch.randn(shape) * (2 / inputs) ** 0.5
    return state


@pytest.mark.training
@pytest.mark.points(5, category="accuracy")
def test_accuracy_after_a_short_run(short_run):
    accuracy = short_run.accuracy()
    assert_accurate(accuracy.mean, accuracy.threshold, short_run.epochs)


@pytest.mark.points(2, category="known weights")
def test_known_weights_give_known_logits(q6):
    for classes in (10, 4):
        state = weights(classes)
        model = load(q6.LeNet(classes), state)
        for images in (torch.randn(3, 3, 32, 32), -2 * torch.rand(1, 3, 32, 32)):
            assert_known(model, state, images)
        assert_known(model.eval(), state, torch.randn(2, 3, 32, 32))  # LeNet is the same in both modes


def assert_known(model: Any, state: dict[str, Tensor], images: Tensor) -> None:
    assert_output(as_function(model, "LeNet"), lambda x: lenet(state, x), images, lambda: mistakes(state, images))


@pytest.mark.points(1, category="gradients")
def test_gradients_reach_all_parameters(q6):
    state = weights()
    model = load(q6.LeNet(), state)
    images = torch.randn(4, 3, 32, 32, requires_grad=True)
    logits = model(images.clone())  # a change of its input must not change the expected values
    as_tensor(logits, (4, 10), [])
    upstream = torch.randn(4, 10)
    logits.backward(upstream)
    known = {name: value.clone().requires_grad_() for name, value in state.items()}
    expected = torch.autograd.grad(lenet(known, images.detach()), list(known.values()), upstream)
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    for name, gradient in zip(known, expected, strict=True):
        assert_gradient(name, gradients.get(name), gradient)


@pytest.mark.points(2, category="accuracy per class")
def test_accuracy_per_class_unbalanced_and_absent(q6, seed, table_model):
    draw = random.Random(seed)
    for classes, sizes in ((10, (7, 7, 3)), (4, (1, 6)), (5, (9,))):
        absent = draw.randrange(classes)
        # Unbalanced, so that recall differs from precision and the mean over images from the mean over classes.
        present = [label for label in range(classes) for _ in range(1 + label % 3) if label != absent]
        labels = torch.tensor([draw.choice(present) for _ in range(sum(sizes))])
        logits = torch.randn(sum(sizes), classes)
        hits = torch.rand(sum(sizes)) < 0.6
        logits[hits, labels[hits]] += 10
        batches = list(zip(numbered_images(sum(sizes)).split(sizes), labels.split(sizes), strict=True))
        right = logits.argmax(1) == labels
        expected = [
            100 * right[labels == label].float().mean().item() if (labels == label).any() else math.nan
            for label in range(classes)
        ]
        assert_accuracies(q6.per_class_accuracy, expected, table_model(logits), batches, classes, logits)


@pytest.mark.points(1, category="eval mode")
def test_eval_mode_while_measuring(q6, table_model):
    logits = 10 * F.one_hot(torch.arange(6) % 3, 3).float()
    batches = [(numbered_images(6), torch.arange(6) % 3)]
    model = table_model(logits)  # wrong for every image in train mode
    assert_accuracies(q6.per_class_accuracy, [100.0, 100.0, 100.0], model.train(), batches, 3, logits)


@pytest.mark.points(1, category="mode afterwards")
def test_mode_afterwards_is_the_one_before(q6, table_model):
    logits = 10 * F.one_hot(torch.arange(4), 4).float()
    images = numbered_images(4)
    for training in (True, False):
        model = table_model(logits).train(training)
        before = as_tensor(model(images), (4, 4), [])
        assert_accuracies(q6.per_class_accuracy, [100.0] * 4, model, [(images, torch.arange(4))], 4, logits)
        after = as_tensor(model(images), (4, 4), [])
        try:
            assert_close("the mode of the model after it was measured", after, expected=before)
        except CheckFailed as failure:
            changed = torch.equal(after, logits if training else logits.roll(1, dims=1))
            key = "left in eval mode" if training else "set to train mode"
            likely = CAUSES[key] if changed else None
            raise CheckFailed(failure.summary, failure.lines, likely, failure.compared) from None


@pytest.mark.points(2, category="comparison")
def test_comparison_ties_gaps_and_three_models(q6):
    nan = math.nan
    accuracies = {"b": [10.0, nan, 30.0, nan], "a": [10.0, 20.0, 90.0, nan], "c": [5.0, 80.0, nan, nan]}
    classes = ["one", "mean", "three", "four"]  # a class may be called anything
    expected = [
        {"class": "one", "b": 10.0, "a": 10.0, "c": 5.0, "best": "b"},
        {"class": "mean", "b": nan, "a": 20.0, "c": 80.0, "best": "c"},
        {"class": "three", "b": 30.0, "a": 90.0, "c": nan, "best": "a"},
        {"class": "four", "b": nan, "a": nan, "c": nan, "best": ""},
        {"class": "mean", "b": 20.0, "a": 40.0, "c": 42.5, "best": "c"},
    ]
    assert_rows(q6.compare, expected, accuracies, classes)
    assert_rows(
        q6.compare,
        [{"class": "x", "only": nan, "best": ""}, {"class": "mean", "only": nan, "best": ""}],
        {"only": [nan]},
        ["x"],
    )
    assert_rows(  # zero accuracy is a number too, and the first of equals is the best
        q6.compare,
        [{"class": "x", "a": 0.0, "b": 0.0, "best": "a"}, {"class": "mean", "a": 0.0, "b": 0.0, "best": "a"}],
        {"a": [0.0], "b": [0.0]},
        ["x"],
    )
