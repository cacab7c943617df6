"""The table of known outputs is what the right networks give, and tells the mistakes apart that it names."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import partial

import pytest
import torch

from autograder.grading.pytest_run import know_markers
from tests import known_outputs
from tests.diagnosis.model_misconceptions import likely_from_shapes, likely_from_tensors, sentence
from tests.test_q7_efficientnet import block_shapes

TABLES = ("LENET", "BLOCK_THAT_ADDS", "BLOCK_THAT_STRIDES", "SCALED_NETWORK")


@pytest.fixture(autouse=True)
def _hidden_tests_can_be_imported(pytestconfig: pytest.Config) -> None:
    know_markers(pytestconfig)


def numbers(text: str) -> dict[str, dict[str, list[list[float]]]]:
    found: dict[str, dict[str, list[list[float]]]] = {}
    exec(text, found)  # noqa: S102  (our own text)
    return {name: found[name] for name in TABLES}


def pairs(made: str) -> Iterator[tuple[list[float], list[float]]]:
    for name, table in numbers(made).items():
        given = vars(known_outputs)[name]
        assert given.keys() == table.keys()
        for cause, ways in table.items():
            assert len(given[cause]) == len(ways)
            yield from zip(given[cause], ways, strict=True)


def test_the_file_holds_what_the_networks_give() -> None:
    made = importlib.import_module("autograder.evidence.known_outputs")
    assert (known_outputs.ADDS, known_outputs.STRIDES) == (made.ADDS, made.STRIDES)
    for given, now in pairs(made.text()):
        # Other processors and releases of torch round differently: by up to 2e-5 of the largest number, and with AVX2
        # alone more than with AVX-512.
        assert torch.allclose(torch.tensor(given), torch.tensor(now), rtol=0, atol=1e-4 * max(map(abs, now)))


@pytest.mark.parametrize("name", TABLES)
def test_mistakes_have_other_outputs_than_the_right_one(name: str) -> None:
    table = vars(known_outputs)[name]
    right = torch.tensor(table["right"][0])
    far = {
        cause
        for cause, ways in table.items()
        if any((torch.tensor(way) - right).abs().max() > 1e-3 * right.abs().max() for way in ways)
    }
    # One epsilon hardly differs from another; a maximum and a mean are told apart where the squeeze is tested alone.
    assert table.keys() - far <= {"right", "batch norm epsilon", "largest for mean"}


def test_mistakes_with_a_whole_network_are_told_apart_also_several_at_once() -> None:
    table = known_outputs.SCALED_NETWORK
    outputs = {cause: [partial(torch.tensor, way) for way in ways] for cause, ways in table.items() if cause != "right"}
    assert any(" / " in cause for cause in outputs)
    for cause, ways in table.items():
        if cause in outputs:
            for way in ways:
                assert likely_from_tensors(torch.tensor(way), outputs) == sentence([cause])


def test_shapes_that_a_mistake_in_a_block_leads_to_name_it() -> None:
    right = block_shapes(3, 4, 5, 8)
    wide = {**right, "expand.0.weight": (24, 3, 3, 3)}
    nothing = {**right, "se.reduce.weight": (0, 24, 1, 1), "se.reduce.bias": (0,), "se.expand.weight": (24, 0, 1, 1)}
    assert likely_from_shapes(right, wide) == sentence(["expansion kernel 3"])
    assert likely_from_shapes(right, nothing) == sentence(["squeezed to nothing"])
    assert likely_from_shapes(right, right) is None
