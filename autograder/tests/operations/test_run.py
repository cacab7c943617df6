"""A list is run on any device. There need not be a GPU: torch's device without contents tells where things are, too."""

from __future__ import annotations

from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from autograder.grading.listed_run import COMPARED, _references
from autograder.operations import table
from autograder.operations.initial import beginning
from autograder.operations.lists import Network
from autograder.operations.run import Program
from autograder.tests.support.networks import listed, module_of

HERE = "F.relu(self.fc2(x))"
MAKES = "F.relu(self.fc2(x)) * torch.rand(len(x), 1) + torch.full((1,), 0.5) + torch.arange(84) / x.new_ones(1)"


@cache
def networks() -> list[Network]:
    makes = listed(module_of("q6_lenet", (HERE, MAKES)))
    assert {"rand.default", "full.default", "new_ones.default"} <= {each.name for each in makes.train.operations}
    return [makes, _references()["lenet 32"], _references()[f"efficientnet {COMPARED}"]]


@pytest.mark.parametrize("number", range(3))
def test_all_that_a_list_makes_is_where_it_is_run(number: int) -> None:
    network = networks()[number]

    def there(shape: list[int], dtype: str = "float32") -> Tensor:
        return torch.empty(shape, dtype=table.DTYPES[dtype], device="meta")

    parameters = [there(place.shape).requires_grad_() for place in network.parameters]
    values = [*parameters, *(there(place.shape, place.dtype) for place in network.buffers)]
    for listing in (network.train, network.evaluate):
        logits = Program(listing, network.inputs)(there([listing.batch, 3, 32, 32]), values)
        assert logits.is_meta
        F.cross_entropy(logits, torch.empty(listing.batch, dtype=torch.int64, device="meta")).backward()
    assert all(parameter.grad is not None and parameter.grad.is_meta for parameter in parameters)


@pytest.mark.slow
def test_the_whole_b0_takes_two_kinds_of_numbers_at_once() -> None:
    # On a GPU autocast chooses bfloat16 for convolutions and products; here there is one for the CPU, much like it.
    network = _references()[f"efficientnet {COMPARED}"]
    values = beginning(network, 1)
    parameters = [value.requires_grad_() for value in values[: len(network.parameters)]]
    images = torch.randn(COMPARED, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    kinds = set()
    with torch.autocast("cpu", torch.bfloat16):
        logits = Program(network.train, network.inputs)(
            images, values, observe=lambda _, __, result: kinds.add(getattr(result, "dtype", None))
        )
    F.cross_entropy(logits.float(), torch.zeros(COMPARED, dtype=torch.int64)).backward()
    assert {torch.bfloat16, torch.float32} <= kinds
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in parameters)
