"""Question 7, the hidden tests: every part, and the whole, against torchvision's own with the same weights."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import SqueezeExcitation

from autograder.hidden.torchvision_efficientnet import block, our_block_state, our_state, randomise, reference
from tests.checks import CheckFailed, as_function, assert_close, assert_same
from tests.networks import assert_accurate, assert_state

DROPPED = (0.5, 0.25)


def shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """What `assert_state` compares."""
    return {name: tuple(value.shape) for name, value in state.items()}


@pytest.mark.training
@pytest.mark.points(5, category="accuracy")
def test_accuracy_after_a_short_run(short_run):
    assert_accurate(short_run.accuracy().mean, short_run.threshold, short_run.epochs)


@pytest.mark.points(1, category="scaling")
def test_scaling_of_any_width_and_depth(q7, seed):
    draw = random.Random(seed)
    # By the paper's factors, and where rounding down would lose more than a tenth.
    cases = [(32, 1.1, 8), (320, 1.4, 8), (16, 0.7, 8), (10, 1.0, 8), (3, 1.0, 8), (20, 1.0, 16), (112, 1.8, 8)]
    cases += [(draw.randint(8, 400), draw.choice((0.25, 0.5, 0.9, 1.2, 2.0)), draw.choice((4, 8))) for _ in range(20)]
    for filters, width, divisor in cases:
        scaled = filters * width
        expected = max(divisor, int(scaled + divisor / 2) // divisor * divisor)
        expected += divisor if expected < 0.9 * scaled else 0
        got = q7.round_filters(filters, width, divisor)
        assert_close(f"round_filters({filters}, {width}, {divisor})", got, expected=expected)
    for repeats, depth, expected in ((3, 1.4, 5), (1, 0.1, 1), (4, 2.0, 8), (4, 1.8, 8), (2, 0.5, 1), (3, 1.1, 4)):
        assert_close(f"round_repeats({repeats}, {depth})", q7.round_repeats(repeats, depth), expected=expected)


@pytest.mark.points(1, category="squeeze and excitation")
def test_squeeze_and_excitation_with_known_weights(q7):
    for channels, squeezed in ((6, 2), (5, 7)):
        right = SqueezeExcitation(channels, squeezed, activation=nn.SiLU)
        randomise(right)
        layer = q7.SqueezeExcitation(channels, squeezed)
        names = {"fc1": "reduce", "fc2": "expand"}
        layer.load_state_dict({names[name[:3]] + name[3:]: value for name, value in right.state_dict().items()})
        assert_same(as_function(layer), right, 2 * torch.randn(3, channels, 4, 5))


@pytest.mark.points(2, category="blocks")
def test_blocks_with_every_setting(q7):
    for settings in (  # torchvision makes the wide part a multiple of 8: so are all of these
        (6, 6, 3, 1, 4),  # adds its input
        (6, 6, 3, 2, 4),  # does not: the stride
        (4, 9, 5, 1, 6),  # does not: the channels
        (16, 16, 5, 1, 1),  # no expansion
        (3, 4, 5, 2, 8),  # squeezed to one channel
        (10, 10, 3, 1, 4),  # squeezed to a quarter of the input's, not of the wide ones, rounded down
    ):
        right = block(*settings)
        mine = q7.MBConv(*settings)
        state = our_block_state(right)
        assert_state(mine, shapes(state))
        mine.load_state_dict(state)
        images = torch.randn(3, settings[0], 7, 6)
        assert_same(as_function(mine.eval()), right.eval(), images)
        assert_same(as_function(mine.train()), right.train(), images)
        # Both have seen one batch now: running averages moved by torch's own momentum.
        after = mine.state_dict()
        for name, value in our_block_state(right).items():
            assert_close(f"MBConv{settings}'s {name} after a batch in train mode", after.get(name), expected=value)


@pytest.mark.points(2, category="drop-connect")
def test_drop_connect_of_a_block_and_of_the_network(q7):
    for rate in DROPPED:
        right = block(8, 8, 3, 1, 2)
        mine = q7.MBConv(8, 8, 3, 1, 2, rate)
        mine.load_state_dict(our_block_state(right))
        images = torch.randn(256, 8, 3, 3)
        with torch.no_grad():
            own = right.train()(images) - images
        assert_dropped(mine.train()(images).detach() - images, own, rate, f"MBConv(…, drop_rate={rate})")
        mine.load_state_dict(our_block_state(right))
        assert_same(as_function(mine.eval()), right.eval(), images[:4])
    for settings in ((8, 8, 3, 2, 2), (8, 12, 3, 1, 2)):  # nothing to fall back on, and so nothing is dropped
        right = block(*settings)
        mine = q7.MBConv(*settings, 0.5)
        mine.load_state_dict(our_block_state(right))
        assert_same(as_function(mine.train()), right.train(), torch.randn(32, 8, 4, 4))

    model = q7.EfficientNet(width=0.25, drop_connect=0.8)
    for number in (2, 7, 14):
        each = model.get_submodule(f"blocks.{number}")
        channels = each.state_dict()["project.1.weight"].numel()
        images = torch.randn(256, channels, 2, 2)
        fallen = (each.train()(images).detach() - images).abs().amax((1, 2, 3)) < 1e-6
        assert_rate(fallen, 0.8 * number / 16, f"block {number} of 16 with drop_connect=0.8")


def assert_dropped(got: Tensor, own: Tensor, rate: float, name: str) -> None:
    """What a block adds to each image: nothing, or its own result divided by 1 − rate."""
    fallen = got.abs().amax((1, 2, 3)) < 1e-6
    scaled = torch.isclose(got, own / (1 - rate), rtol=1e-3, atol=1e-4).all(3).all(2).all(1)
    if not (fallen | scaled).all():
        lines = [("block", name), ("", f"{int((~(fallen | scaled)).sum())} of {len(got)} images have neither")]
        summary = "in train mode an image's own result is neither dropped nor divided by 1 − drop_rate"
        raise CheckFailed(summary, lines)
    assert_rate(fallen, rate, name)


def assert_rate(fallen: Tensor, rate: float, name: str) -> None:
    """How many of the images were dropped: five standard deviations either way."""
    allowed = 5 * (max(rate * (1 - rate), 0.02) / len(fallen)) ** 0.5
    share = fallen.float().mean().item()
    if abs(share - rate) > allowed:
        lines = [
            ("block", name),
            ("dropped", f"{100 * share:.0f} % of {len(fallen)} images, expected {100 * rate:.0f} %"),
        ]
        raise CheckFailed("the own result of too many or too few images is dropped in train mode", lines)


@pytest.mark.points(1, category="b0 in eval mode")
def test_b0_in_eval_mode_equals_torchvisions(q7):
    right = reference()
    state = our_state(right)
    model = q7.EfficientNet()
    assert_state(model, shapes(state))
    model.load_state_dict(state)
    for size in (32, 40):
        assert_same(as_function(model.eval()), right.eval(), torch.randn(2, 3, size, size))


@pytest.mark.points(1, category="train mode")
def test_train_mode_with_nothing_dropped(q7):
    right = reference(width=0.5, depth=0.5)
    model = q7.EfficientNet(width=0.5, depth=0.5, dropout=0.0, drop_connect=0.0)
    model.load_state_dict(our_state(right))
    images = torch.randn(16, 3, 64, 64)
    with torch.no_grad():
        expected = right.train()(images)
    got = model.train()(images).detach()
    # A batch's own averages magnify rounding, layer by layer: a thousandth of the logits' size is allowed.
    if got.shape != expected.shape or not torch.allclose(
        got, expected, rtol=0, atol=1e-3 * expected.abs().max().item()
    ):
        raise CheckFailed("in train mode the logits are wrong", [("network", "EfficientNet(width=0.5, depth=0.5, …)")])


@pytest.mark.points(1, category="dropout")
def test_dropout_before_the_classifier(q7):
    right = reference(width=0.25, depth=0.25)
    model = q7.EfficientNet(width=0.25, depth=0.25, dropout=0.9, drop_connect=0.0)
    model.load_state_dict(our_state(right))
    images = torch.randn(1, 3, 32, 32).expand(64, -1, -1, -1).contiguous()
    logits = model.train()(images).detach()
    if torch.allclose(logits, logits[:1].expand_as(logits)):
        lines = [("network", "EfficientNet(…, dropout=0.9)"), ("", "64 copies of an image have the same logits")]
        raise CheckFailed("no feature is dropped in train mode", lines)
    model.load_state_dict(our_state(right))
    assert_same(as_function(model.eval()), right.eval(), images[:2])


@pytest.mark.points(1, category="variants")
def test_variants_by_width_depth_and_stem(q7):
    for width, depth, classes, stem_stride in ((1.1, 1.2, 10, 2), (0.25, 0.25, 7, 1), (1.0, 1.1, 1000, 2)):
        right = reference(width, depth, classes, stem_stride)
        model = q7.EfficientNet(width, depth, num_classes=classes, stem_stride=stem_stride)
        assert_state(model, shapes(our_state(right)))
        if width < 1:  # a big one's weights are as many as the shapes say
            model.load_state_dict(our_state(right))
            assert_same(as_function(model.eval()), right.eval(), torch.randn(2, 3, 32, 32))
