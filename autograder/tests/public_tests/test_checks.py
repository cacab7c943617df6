"""What the checks accept: outputs that are infinite, NaN, or of a shape that stretches; and a network that learns."""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.grading.pytest_run import know_markers
from tests.checks import as_function, as_tensor, assert_close, assert_same
from tests.failures import CheckFailed
from tests.networks import ASKED, MOST_PARAMETERS, RECOGNISED, assert_known, assert_learns, patchwork
from tests.shown import brief


@pytest.fixture(scope="module", autouse=True)
def _hidden_tests_can_be_imported(pytestconfig: pytest.Config) -> None:
    know_markers(pytestconfig)


q6_lenet = importlib.import_module("solutions.q6_lenet")
q7_efficientnet = importlib.import_module("solutions.q7_efficientnet")

INFINITE = torch.tensor([math.inf, -math.inf, 1.0])


@pytest.mark.parametrize(
    "got", [[5.0, -math.inf, 1.0], [-math.inf, -math.inf, 1.0], [math.inf, -math.inf, 2.0], [math.inf, math.nan, 1.0]]
)
def test_an_infinite_value_must_be_met_and_excuses_no_other(got: list[float]) -> None:
    with pytest.raises(CheckFailed):
        assert_close("a value", torch.tensor(got), expected=INFINITE)
    with pytest.raises(CheckFailed):
        assert_same(as_function(lambda _: torch.tensor(got), "layer"), lambda _: INFINITE.clone(), INFINITE)


def test_infinite_values_that_are_met_are_right() -> None:
    assert_close("a value", INFINITE.clone(), expected=INFINITE)
    assert_same(as_function(F.relu, "layer"), F.relu, INFINITE)


@pytest.mark.parametrize(
    "value",
    [
        None,
        3.0,
        torch.zeros(1),
        torch.zeros(4, 1),
        torch.zeros(1).expand(4, 10**12),
        torch.zeros(4, 3, dtype=torch.float64),
        torch.zeros(4, 3, dtype=torch.bool),
        torch.full((4, 3), math.nan),
        torch.full((4, 3), math.inf),
    ],
    ids=["None", "number", "one", "column", "huge", "float64", "bool", "NaN", "infinite"],
)
def test_a_value_that_is_not_an_output_is_refused_before_it_is_calculated_with(value: Any) -> None:
    with pytest.raises(CheckFailed):
        as_tensor(value, (4, 3), [])


def stretching(module: type[nn.Module], *, training_only: bool = False) -> type[nn.Module]:
    """A network or a layer that is right but for its output, which would fill all memory if it were calculated with."""

    class Stretching(module):  # type: ignore[misc, valid-type]
        def forward(self, images: Tensor) -> Tensor:
            right: Tensor = super().forward(images)
            if training_only:
                return right * math.nan if self.training else right
            return right.sum().expand(len(images), 10**12)

    return Stretching


def run(suite: str, name: str, question: Any) -> None:
    test = getattr(importlib.import_module(suite), name)
    given = {"seed": 1, "afresh": lambda: None}
    wanted = test.__code__.co_varnames[1 : test.__code__.co_argcount]
    torch.manual_seed(0)
    test(question, *(given[each] for each in wanted))


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("tests.test_q6_lenet", "test_logits_for_each_image"),
        ("tests.test_q6_lenet", "test_learning_in_a_few_steps"),
        ("autograder.hidden.test_q6_lenet", "test_known_weights_give_known_logits"),
        ("autograder.hidden.test_q6_lenet", "test_gradients_reach_all_parameters"),
        ("tests.test_q7_efficientnet", "test_squeeze_and_excitation_of_two_channels"),
        ("tests.test_q7_efficientnet", "test_block_with_an_expansion"),
        ("tests.test_q7_efficientnet", "test_learning_in_a_few_steps"),
        ("autograder.hidden.test_q7_efficientnet", "test_squeeze_and_excitation_with_known_weights"),
        ("autograder.hidden.test_q7_efficientnet", "test_drop_connect_of_a_block_and_of_the_network"),
        ("autograder.hidden.test_q7_efficientnet", "test_train_mode_with_nothing_dropped"),
        ("autograder.hidden.test_q7_efficientnet", "test_dropout_before_the_classifier"),
    ],
)
def test_an_output_that_stretches_is_refused_by_its_shape(suite: str, name: str) -> None:
    module = q6_lenet if "q6" in suite else q7_efficientnet
    names = [each for each in ("LeNet", "EfficientNet", "MBConv", "SqueezeExcitation") if hasattr(module, each)]
    question = SimpleNamespace(**{each: stretching(getattr(module, each)) for each in names})
    with pytest.raises(CheckFailed, match="shape"):
        run(suite, name, question)


@pytest.mark.parametrize("name", ["test_train_mode_with_nothing_dropped", "test_dropout_before_the_classifier"])
def test_nan_in_train_mode_is_wrong(name: str) -> None:
    network = stretching(q7_efficientnet.EfficientNet, training_only=True)
    with pytest.raises(CheckFailed) as failure:
        run("autograder.hidden.test_q7_efficientnet", name, SimpleNamespace(EfficientNet=network))
    assert failure.value.summary == "the network gives NaN or infinite values"


class ByHeart(q6_lenet.LeNet):  # type: ignore[misc, name-defined]
    """Reads the labels from the gradient. It knows its images by their place, or by what is in them."""

    seen: tuple[Tensor, Tensor] | None = None
    by_place = True

    def forward(self, images: Tensor) -> Tensor:
        logits = torch.zeros(len(images), 10) + 0 * torch.stack([each.sum() for each in self.parameters()]).sum()
        pixels = images.detach().flatten(1).clone()
        if (seen := type(self).seen) is not None:
            known, labels = seen
            logits = logits + 9 * (labels if self.by_place else labels[torch.cdist(pixels, known).argmin(1)])
        if images.requires_grad:
            logits.register_hook(lambda gradient: setattr(type(self), "seen", (pixels, (gradient < 0).float())))
        return logits


def forget() -> None:
    ByHeart.seen = None


@pytest.mark.parametrize(
    ("by_place", "afresh", "passes"),
    [(True, lambda: None, False), (False, forget, False), (False, lambda: None, True)],
    ids=["by place", "by content, in a new process", "by content, in the same"],
)
def test_labels_from_the_gradient_are_worth_nothing(
    monkeypatch: pytest.MonkeyPatch, by_place: bool, afresh: Callable[[], None], passes: bool
) -> None:
    forget()
    monkeypatch.setattr(ByHeart, "by_place", by_place)
    torch.manual_seed(0)
    if passes:  # so it is the new process that keeps it out
        assert_learns(ByHeart, "LeNet()", afresh, steps=2)
        return
    with pytest.raises(CheckFailed) as failure:
        assert_learns(ByHeart, "LeNet()", afresh, steps=2)
    assert failure.value.summary == "the network does not learn"


@pytest.mark.parametrize("seed", range(3))
def test_a_right_network_learns_whatever_the_seed(seed: int) -> None:
    torch.manual_seed(seed)
    assert_learns(q6_lenet.LeNet, "LeNet()", lambda: None, steps=10)


def test_guessing_is_hopeless() -> None:
    def at_least(hits: int) -> float:
        return sum(math.comb(ASKED, k) * 0.1**k * 0.9 ** (ASKED - k) for k in range(hits, ASKED + 1))

    assert at_least(RECOGNISED) < 1e-8


def test_a_network_far_too_large_is_refused_before_anything_is_computed_with_it() -> None:
    class Large(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = torch.nn.Parameter(torch.zeros(10, MOST_PARAMETERS // 10 + 1))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)[:, :10] + self.weights.sum(1)

    with pytest.raises(CheckFailed) as failure:
        assert_learns(Large, "LeNet()", lambda: None, steps=2)
    assert failure.value.summary == "the network is far too large"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ((1,), "(1,)"),
        ([], "[]"),
        ({"a": (1, 2.5), "b": {}}, "{'a': (1, 2.5), 'b': {}}"),
        (torch.tensor(3.0), "tensor(3.)"),
        (torch.zeros(3, 3), "a tensor [3,3]"),
        ([torch.zeros(3000)] * 9, "[a tensor [3000], a tensor [3000], a te"),
        ("x" * 10**6, "'" + "x" * 38),
    ],
)
def test_a_value_is_shown_as_repr_does_and_cut_off(value: object, shown: str) -> None:
    assert brief(value, 39) == shown


def test_no_more_of_a_value_is_looked_at_than_is_shown() -> None:
    class Slow:
        looked_at = 0

        def __repr__(self) -> str:
            Slow.looked_at += 1
            return "slow"

    assert brief([Slow() for _ in range(1000)], 10) == "[slow, slo"
    assert Slow.looked_at == 2


@pytest.mark.parametrize(("off", "passes"), [(1e-4, True), (2e-4, False)])
def test_a_network_on_another_processor_may_round_otherwise(off: float, passes: bool) -> None:
    right = torch.linspace(-500, 300, 10)[None]

    def logits(_: Tensor) -> Tensor:
        return right - 500 * off

    table = {"right": [right[0].tolist()]}
    with contextlib.nullcontext() if passes else pytest.raises(CheckFailed):
        assert_known(as_function(logits, "Network()"), patchwork(), (1, 10), table)
