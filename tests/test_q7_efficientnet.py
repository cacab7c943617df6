"""Public tests of question 7: they take seconds, and need no download and hardly any training.

The grade is based on these, on hidden tests of the same kind, and on a short run on real images.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.checks import as_function, assert_shape
from tests.networks import (
    assert_filters,
    assert_learns,
    assert_logits,
    assert_output,
    assert_parameter_count,
    assert_repeats,
    assert_state,
    load,
)

SMALL = {"width": 0.25, "depth": 0.25, "stem_stride": 1, "dropout": 0.0, "drop_connect": 0.0}


@pytest.mark.points(1, category="scaling")
def test_scaling_of_filters_and_repeats(q7):
    scaled = [(32, 1.0, 8), (32, 1.1, 8), (24, 0.25, 8), (24, 0.5, 8), (112, 1.2, 8)]
    assert_filters(q7.round_filters, scaled, [32, 32, 8, 16, 136])
    assert_repeats(q7.round_repeats, [(2, 1.1), (3, 0.25), (4, 1.0), (2, 1.4)], [3, 1, 4, 3])


@pytest.mark.points(1, category="squeeze and excitation")
def test_squeeze_and_excitation_of_two_channels(q7):
    layer = q7.SqueezeExcitation(2, 1)
    shapes = {"reduce.weight": (1, 2, 1, 1), "reduce.bias": (1,), "expand.weight": (2, 1, 1, 1), "expand.bias": (2,)}
    load(layer, {name: torch.ones(shape) for name, shape in shapes.items()})
    images = torch.tensor([[[[1.0, 3.0]], [[0.0, 4.0]]]])
    # The channels' means are 2 and 2: SiLU(2 + 2 + 1), then the sigmoid of that + 1, which scales both channels.
    weight = torch.sigmoid(F.silu(torch.tensor(5.0)) + 1)
    mistaken = {
        "no sigmoid": [lambda: (F.silu(torch.tensor(5.0)) + 1) * images],
        "largest for mean": [lambda: torch.sigmoid(F.silu(torch.tensor(8.0)) + 1) * images],
        "se added": [lambda: images + weight],
        "input not weighed": [lambda: weight.expand(1, 2, 1, 1), lambda: weight.expand(1, 2, 1, 2)],
    }
    assert_output(as_function(layer, "SqueezeExcitation(2, 1)"), lambda x: weight * x, images, lambda: mistaken)


@pytest.mark.points(1, category="block")
def test_block_with_an_expansion(q7):
    block = q7.MBConv(8, 12, 3, 2, 6)
    assert_shape(as_function(block, "MBConv(8, 12, 3, 2, 6)"), (2, 12, 4, 5), torch.randn(2, 8, 8, 9))
    norm: dict[str, tuple[int, ...]] = {
        "weight": (48,),
        "bias": (48,),
        "running_mean": (48,),
        "running_var": (48,),
        "num_batches_tracked": (),
    }
    expected: dict[str, tuple[int, ...]] = {
        "expand.0.weight": (48, 8, 1, 1),
        "depthwise.0.weight": (48, 1, 3, 3),
        "project.0.weight": (12, 48, 1, 1),
    }
    expected |= {f"{part}.1.{name}": shape for part in ("expand", "depthwise") for name, shape in norm.items()}
    expected |= {f"project.1.{name}": (12,) if shape else () for name, shape in norm.items()}
    expected |= {"se.reduce.weight": (2, 48, 1, 1), "se.reduce.bias": (2,)}
    expected |= {"se.expand.weight": (48, 2, 1, 1), "se.expand.bias": (48,)}
    assert_state(block, expected)


@pytest.mark.points(1, category="whole network")
def test_whole_network_b0(q7):
    model = q7.EfficientNet()
    assert_parameter_count(model, 4_020_358, "EfficientNet()")
    assert_logits(model, torch.randn(2, 3, 32, 32), 10, "EfficientNet()")


@pytest.mark.points(1, category="learning")
def test_learning_in_a_few_steps(q7, afresh):
    name = "EfficientNet(width=0.25, depth=0.25, stem_stride=1, …)"
    assert_learns(lambda: q7.EfficientNet(**SMALL), name, afresh, steps=6)
