"""Public tests of question 7: they take seconds, and need no download and hardly any training.

The grade is based on these, on hidden tests of the same kind, and on a short run on real images.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.checks import as_function, assert_shape, mixed
from tests.known_outputs import ADDS, BLOCK_THAT_ADDS, BLOCK_THAT_STRIDES, SCALED_NETWORK, STRIDES
from tests.networks import (
    assert_filters,
    assert_known,
    assert_learns,
    assert_logits,
    assert_output,
    assert_parameter_count,
    assert_repeats,
    assert_state,
    assert_steady,
    known_weights,
    load,
    patchwork,
)

SMALL = {"width": 0.25, "depth": 0.25, "stem_stride": 1, "dropout": 0.0, "drop_connect": 0.0}
SCALED = {**SMALL, "depth": 0.5}


@pytest.mark.points(1, category="scaling")
def test_scaling_of_filters_and_repeats(q7):
    # 12 · 0.9 would be rounded down to 8, which is more than a tenth less.
    scaled = [(32, 1.0, 8), (32, 1.1, 8), (24, 0.25, 8), (24, 0.5, 8), (112, 1.2, 8), (12, 0.9, 8)]
    assert_filters(q7.round_filters, scaled, [32, 32, 8, 16, 136, 16])
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


def block_shapes(channels: int, out_channels: int, kernel: int, ratio: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the parameters and buffers of a block with an expansion, in its layers' order."""
    wide, squeezed = ratio * channels, max(1, channels // 4)

    def norm(name: str, count: int) -> dict[str, tuple[int, ...]]:
        names = ("weight", "bias", "running_mean", "running_var")
        return {**{f"{name}.1.{each}": (count,) for each in names}, f"{name}.1.num_batches_tracked": ()}

    return {
        "expand.0.weight": (wide, channels, 1, 1),
        **norm("expand", wide),
        "depthwise.0.weight": (wide, 1, kernel, kernel),
        **norm("depthwise", wide),
        "se.reduce.weight": (squeezed, wide, 1, 1),
        "se.reduce.bias": (squeezed,),
        "se.expand.weight": (wide, squeezed, 1, 1),
        "se.expand.bias": (wide,),
        "project.0.weight": (out_channels, wide, 1, 1),
        **norm("project", out_channels),
    }


@pytest.mark.points(1, category="block")
def test_block_with_an_expansion(q7):
    block = q7.MBConv(8, 12, 3, 2, 6)
    assert_shape(as_function(block, "MBConv(8, 12, 3, 2, 6)"), (2, 12, 4, 5), torch.randn(2, 8, 8, 9))
    assert_state(block, block_shapes(8, 12, 3, 6))


@pytest.mark.points(1, category="known block")
def test_known_block_by_its_weights_and_output(q7):
    for settings, outputs in ((ADDS, BLOCK_THAT_ADDS), (STRIDES, BLOCK_THAT_STRIDES)):
        channels, out_channels, kernel, stride, ratio = settings
        block = load(q7.MBConv(*settings), known_weights(block_shapes(channels, out_channels, kernel, ratio)))
        shape = (1, out_channels, -(-2 // stride), -(-3 // stride))
        assert_known(as_function(block.eval(), f"MBConv{settings}.eval()"), mixed(1, channels, 2, 3), shape, outputs)


@pytest.mark.points(1, category="whole network")
def test_whole_network_b0(q7):
    model = q7.EfficientNet()
    assert_parameter_count(model, 4_020_358, "EfficientNet()")
    assert_logits(model, torch.randn(2, 3, 32, 32), 10, "EfficientNet()")
    name = "EfficientNet(width=0.25, depth=0.5, stem_stride=1, …)"
    model = q7.EfficientNet(**SCALED)
    assert_parameter_count(model, 202_032, name)
    shapes = {each: tuple(value.shape) for each, value in sorted(model.state_dict().items())}
    model = load(model, known_weights(shapes)).eval()
    assert_known(as_function(model, f"{name}.eval()"), patchwork(), (1, 10), SCALED_NETWORK)


@pytest.mark.points(1, category="learning")
def test_learning_in_a_few_steps(q7, afresh):
    name = "EfficientNet(width=0.25, depth=0.25, stem_stride=1, …)"
    assert_learns(lambda: q7.EfficientNet(**SMALL), name, afresh, steps=6)


@pytest.mark.points(1, category="eval mode")
def test_eval_mode_drops_nothing(q7):
    name = "EfficientNet(…, dropout=0.5, drop_connect=0.5)"
    assert_steady(q7.EfficientNet(**{**SMALL, "dropout": 0.5, "drop_connect": 0.5}), torch.randn(2, 3, 32, 32), name)
