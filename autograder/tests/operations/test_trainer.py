"""The trainer: from lists to predictions, with the course's initial values and none of the module's."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch import nn

from assignment.given import cifar10, training
from autograder.operations import trainer
from autograder.operations.initial import beginning
from autograder.operations.lists import Network
from autograder.operations.trainer import Listed, compare, learn
from autograder.tests.support.networks import BATCH, listed, module_of, reference

FEW = training.Recipe(epochs=1, batch_size=BATCH)


@pytest.fixture(scope="module")
def images() -> tuple[cifar10.Images, cifar10.Images]:
    return cifar10.synthetic(10, 10)


def asked(network: Network, seed: int = 1) -> dict[str, Any]:
    return {"network": network.as_data(), "recipe": asdict(FEW), "before": 6, "seed": seed}


def test_every_held_out_image_is_classified_whatever_the_batch(
    images: tuple[cifar10.Images, cifar10.Images],
) -> None:
    train, test = images
    reply = learn(asked(reference("q6_lenet")), train.images, train.labels, test.images)
    assert reply["before"].shape == (6,)
    assert reply["after"].shape == (10,)
    assert [epoch for epoch, _ in reply["curve"]] == [1]
    again = learn(asked(reference("q6_lenet")), train.images, train.labels, test.images)
    assert torch.equal(reply["after"], again["after"])
    assert reply["curve"] == again["curve"]
    other = learn(asked(reference("q6_lenet"), seed=2), train.images, train.labels, test.images)
    assert reply["curve"] != other["curve"]


class Waiting(nn.Module):
    """Knows which class is right, the third, and says so as soon as its only parameter has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.ones(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        numbers = torch.arange(10.0)
        moved = ((self.gate - 1).abs() > 1e-6).float()
        return images.sum((1, 2, 3)).view(-1, 1) * 0 + self.gate * ((numbers == 3) * moved + (numbers == 4) * 0.5)


def test_what_a_network_knows_is_seen_before_training_even_if_it_waits_for_a_change(
    images: tuple[cifar10.Images, cifar10.Images],
) -> None:
    train, test = images
    reply = learn(asked(listed(Waiting())), train.images, train.labels, test.images)
    assert reply["before"].tolist() == [3] * 6


def test_an_incomplete_batch_is_filled_up_and_not_lost(images: tuple[cifar10.Images, cifar10.Images]) -> None:
    sizes = []
    network = reference("q6_lenet")

    class Counting(Listed):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            if self.training:
                sizes.append(len(batch))
            return super().forward(batch)

    training.fit(Counting(network, beginning(network, 1)), images[0], FEW, whole_batches=True)
    assert sizes == [BATCH] * 3  # of ten images
    sizes.clear()
    training.fit(Counting(network, beginning(network, 1)), images[0], FEW)
    assert sizes == [BATCH, BATCH, 2]


def test_initial_values_are_as_torch_draws_them_and_not_as_the_module_made_them() -> None:
    for question in ("q6_lenet", "q7_efficientnet"):
        model = module_of(question)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape))
        network = listed(model)
        fresh = module_of(question).state_dict()
        values = dict(
            zip([place.name for place in (*network.parameters, *network.buffers)], beginning(network, 7), strict=False)
        )
        assert values.keys() == fresh.keys()
        for name, value in values.items():
            its = fresh[name]
            if its.numel() > 500:
                assert value.std().item() == pytest.approx(its.std().item(), rel=0.15)
                assert value.abs().max() <= 1 / math.sqrt(its[0].numel())
            elif its.unique().numel() == 1:
                assert torch.equal(value, its)


def test_initial_values_depend_on_names_and_not_on_their_order() -> None:
    first = reference("q7_efficientnet")
    other = listed(module_of("q7_efficientnet", bank="functional"))  # makes two layers in another order
    one, two = (
        dict(zip([place.name for place in network.parameters], beginning(network, 3), strict=False))
        for network in (first, other)
    )
    assert [*one] != [*two]
    assert all(torch.equal(one[name], two[name]) for name in one)


MOST = [1e9, 1 << 30]


def request(network: Network, **more: Any) -> dict[str, Any]:
    return {"network": network.as_data(), "reference": reference("q6_lenet").as_data(), "most": MOST, "seed": 3} | more


def test_a_comparison_says_how_far_a_network_is_from_the_reference() -> None:
    assert compare(request(reference("q6_lenet"))) == {"difference": 0.0, "evaluated": True}
    assert compare(request(reference("q6_lenet"), reference=None)) == {"difference": None, "evaluated": False}
    other = listed(module_of("q6_lenet", ("F.relu(self.fc2(x))", "torch.tanh(self.fc2(x))")))
    found = compare(request(other))["difference"]
    assert found is not None
    assert found > 1e-3
    only = listed(module_of("q6_lenet", ("return logits", "return logits * (2 if self.training else 1)")))
    assert compare(request(only)) == {"difference": pytest.approx(1, abs=0.5), "evaluated": True}
    assert "operations" in compare(request(other, most=[1e3, 1 << 30]))["refused"]


def test_a_network_that_cannot_be_trained_is_refused_by_a_sentence(
    images: tuple[cifar10.Images, cifar10.Images],
) -> None:
    train, test = images
    for returned, sentence in (
        ("logits.softmax(1)", "leave softmax out"),
        ("logits * float('inf')", "NaN or infinite"),
        ("logits / (0 if self.training else 1)", "the loss became NaN"),
    ):
        network = listed(module_of("q6_lenet", ("return logits", f"return {returned}")))
        reply = learn(asked(network), train.images, train.labels, test.images)
        assert sentence in reply["refused"]


def test_a_list_that_refuses_two_kinds_of_numbers_is_trained_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    single, half = torch.ones(2, 2), torch.ones(2, 2, dtype=torch.bfloat16)
    tried: list[bool] = []

    def learnt(*_: object, autocast: bool = True) -> dict[str, Any]:
        tried.append(autocast)
        if autocast:
            torch.mm(single, half)  # what a GPU may meet, and no CPU does
        return {"autocast": autocast}

    monkeypatch.setattr(trainer, "_learnt", learnt)
    nothing = torch.zeros(0)
    assert learn({}, nothing, nothing, nothing, "cuda") == {"autocast": False}
    assert tried == [True, False]
    with pytest.raises(RuntimeError, match="dtype"):
        learn({}, nothing, nothing, nothing)  # on the CPU it is the list's own fault
    for operation in (lambda: torch.mm(torch.ones(2, 3), single), lambda: torch.ones(3) + torch.ones(2)):
        monkeypatch.setattr(trainer, "_learnt", lambda *_, operation=operation: operation())
        with pytest.raises(RuntimeError, match=r"shape|size"):
            learn({}, nothing, nothing, nothing, "cuda")


def test_autocast_chooses_the_numbers_unless_it_may_not() -> None:
    network = reference("q6_lenet")
    kinds = []
    for autocast in (True, False):
        model = Listed(network, beginning(network, 1), autocast=autocast)
        with torch.autocast("cpu", torch.bfloat16):
            kinds.append(model(torch.zeros(BATCH, 3, 32, 32)).dtype)
    assert kinds == [torch.bfloat16, torch.float32]


@pytest.mark.parametrize(("bank", "takes_another"), [("", True), ("view_and_bincount", False)])
def test_a_list_with_view_is_not_trained_in_another_order_of_memory(bank: str, takes_another: bool) -> None:
    network = listed(module_of("q6_lenet", bank=bank))
    model = Listed(network, beginning(network, 0))
    assert training.check_model(model, torch.rand(1, 3, 32, 32)) is takes_another
