"""Hidden tests of question 7: every part, and the whole network, against torchvision's with the same weights.

The module is long because each part of the network has tests of its own, with its own right answer.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import SqueezeExcitation

from autograder.hidden.drop_connect import assert_dropped, assert_rate, is_close, is_nothing, is_rate, whole
from autograder.hidden.torchvision_efficientnet import (
    STAGES,
    block,
    our_block_state,
    our_state,
    randomise,
    reference,
)
from tests.checks import as_function, as_tensor, assert_close, assert_same
from tests.diagnosis.model_misconceptions import CAUSES, sentence
from tests.failures import CheckFailed, Compared
from tests.networks import added_by, assert_accurate, assert_filters, assert_output, assert_repeats, assert_state, load

DROPPED = (0.5, 0.25)
WIDEST = 320  # channels of a block's output, at width 1

State = Mapping[str, Tensor]
Mistakes = dict[str, list[Callable[[], Tensor]]]


def same(x: Tensor) -> Tensor:
    return x


def largest(x: Tensor) -> Tensor:
    return x.amax((2, 3), keepdim=True)


def mean(x: Tensor) -> Tensor:
    return x.mean((2, 3), keepdim=True)


def excitation(
    state: State,
    x: Tensor,
    squeeze: Callable[[Tensor], Tensor] = mean,
    between: Callable[[Tensor], Tensor] = F.silu,
    gate: Callable[[Tensor], Tensor] = torch.sigmoid,
    join: Callable[[Tensor, Tensor], Tensor] = torch.mul,
) -> Tensor:
    """Squeeze-and-excitation, with replaceable parts."""
    s = between(F.conv2d(squeeze(x), state["reduce.weight"], state["reduce.bias"]))
    return join(x, gate(F.conv2d(s, state["expand.weight"], state["expand.bias"])))


EXCITATIONS: dict[str, list[dict[str, Any]]] = {
    "relu in the squeeze": [{"between": F.relu}],
    "no silu in the squeeze": [{"between": same}],
    "no sigmoid": [{"gate": same}],
    "largest for mean": [{"squeeze": largest}],
    "se added": [{"join": torch.add}],
    "input not weighed": [{"join": lambda _, weights: weights}, {"join": lambda x, weights: weights.expand_as(x)}],
}


def mbconv(
    state: State,
    settings: tuple[int, int, int, int, int],
    x: Tensor,
    *,
    training: bool = False,
    adds: bool | None = None,
    padding: int | None = None,
    se: Callable[[State, Tensor], Tensor] = excitation,
    silus: tuple[Callable[[Tensor], Tensor], ...] = (F.silu, F.silu, same),
    epsilons: tuple[float, ...] = (1e-5, 1e-5, 1e-5),
    like_tensorflow: bool = False,
) -> Tensor:
    """A block that drops nothing, with replaceable parts; settings are MBConv's first five arguments."""
    in_channels, out_channels, kernel_size, stride, _ = settings

    def normed(x: Tensor, name: str, place: int) -> Tensor:
        weight, bias = state[f"{name}.1.weight"], state[f"{name}.1.bias"]
        averages = state[f"{name}.1.running_mean"].clone(), state[f"{name}.1.running_var"].clone()
        return silus[place](F.batch_norm(x, *averages, weight, bias, training, 0.1, epsilons[place]))

    y = normed(F.conv2d(x, state["expand.0.weight"]), "expand", 0) if "expand.0.weight" in state else x
    around = kernel_size // 2 if padding is None else padding
    if like_tensorflow:
        y, around = padded_like_tensorflow(y, kernel_size, stride), 0
    y = normed(F.conv2d(y, state["depthwise.0.weight"], None, stride, around, groups=y.shape[1]), "depthwise", 1)
    y = se(below(state, "se"), y)
    y = normed(F.conv2d(y, state["project.0.weight"]), "project", 2)
    return x + y if (stride == 1 and in_channels == out_channels if adds is None else adds) else y


def padded_like_tensorflow(x: Tensor, kernel_size: int, stride: int) -> Tensor:
    """Images with as much padding as the output's size needs, half of it, rounded down, above and on the left."""
    around = []
    for pixels in (x.shape[3], x.shape[2]):
        needed = max((-(-pixels // stride) - 1) * stride + kernel_size - pixels, 0)
        around += [needed // 2, needed - needed // 2]
    return F.pad(x, around)


def block_mistakes(settings: tuple[int, int, int, int, int]) -> dict[str, list[dict[str, Any]]]:
    """Arguments of `mbconv` that make common mistakes, by their keys in `model_misconceptions`."""
    in_channels, out_channels, kernel_size, stride, _ = settings
    off, slack = 1e-5, (1e-3, 1e-6, 1e-2, 1e-8)
    relu, silu = F.relu, F.silu
    found: dict[str, list[dict[str, Any]]] = {
        "activation after the projection": [{"silus": (silu, silu, last)} for last in (silu, relu)],
        "padding": [{"padding": padding} for padding in range(4) if padding != kernel_size // 2],
        "relu for silu": [{"silus": silus} for silus in ((relu, silu, same), (silu, relu, same), (relu, relu, same))],
        "batch norm epsilon": [
            {"epsilons": tuple(other if place in chosen else off for place in range(3))}
            for other in slack
            for chosen in ((2,), (0,), (1,), (0, 1), (0, 1, 2))
        ],
        "no squeeze and excitation": [{"se": lambda _, y: y}],
    }
    found |= {
        key: [{"se": partial(excitation, **way)} for way in ways]
        for key, ways in EXCITATIONS.items()
        if key != "input not weighed"
    }
    if stride != 1:
        found["padding like tensorflow"] = [{"like_tensorflow": True}]
        found["padding like tensorflow / batch norm epsilon"] = [{"like_tensorflow": True, "epsilons": (1e-3,) * 3}]
        found["residual across strides"] = [{"adds": True}]
    elif in_channels != out_channels:
        found["residual across channels"] = [{"adds": True}]
    else:
        found["no residual"] = [{"adds": False}]
    return found


def assert_block(
    mine: Any, right: nn.Module, settings: tuple[int, int, int, int, int], images: Tensor, *, training: bool
) -> None:
    """Assert that a block returns the same as torchvision's with the same weights."""
    # Computed, not requested from the student's block, whose reply could have any size.
    state = {name: value.clone() for name, value in our_block_state(right).items()}

    def mistaken() -> Mistakes:
        return {
            key: [partial(mbconv, state, settings, images, training=training, **way) for way in ways]
            for key, ways in block_mistakes(settings).items()
        }

    name = f"MBConv{settings}"
    assert_output(as_function(mine.train(training), name), right.train(training), images, mistaken)


def network(
    state: State,
    images: Tensor,
    depth: float = 1.0,
    *,
    stem_stride: int = 2,
    every_strides: bool = False,
    head: Callable[[Tensor], Tensor] = F.silu,
    pool: Callable[[Tensor], Tensor] = mean,
    stem: Callable[[Tensor], Tensor] = F.silu,
    epsilon: float = 1e-5,
    like_tensorflow: bool = False,
) -> Tensor:
    """A whole network in eval mode, with replaceable parts."""

    def unit(x: Tensor, name: str, stride: int, padding: int) -> Tensor:
        if like_tensorflow and padding:
            x, padding = padded_like_tensorflow(x, 3, stride), 0
        x = F.conv2d(x, state[f"{name}.0.weight"], None, stride, padding)
        average, variance, weight, bias = (
            state[f"{name}.1.{each}"] for each in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, average, variance, weight, bias, eps=epsilon)

    x, number = stem(unit(images, "stem", stem_stride, 1)), 0
    for ratio, kernel_size, stage_stride, _, _, repeats in STAGES:
        for repeat in range(-int(-repeats * depth // 1)):
            each = below(state, f"blocks.{number}")
            stride = stage_stride if every_strides or not repeat else 1
            settings = (x.shape[1], len(each["project.0.weight"]), kernel_size, stride, ratio)
            x = mbconv(each, settings, x, epsilons=(epsilon,) * 3, like_tensorflow=like_tensorflow)
            number += 1
    x = pool(head(unit(x, "head", 1, 0))).flatten(1)
    return F.linear(x, state["classifier.weight"], state["classifier.bias"])


def network_mistakes(state: State, images: Tensor, depth: float, stem_stride: int) -> Mistakes:
    """For `assert_output`: the logits of common mistakes with the whole network."""
    made = partial(network, state, images, depth, stem_stride=stem_stride)
    # Published networks often have several of these at once.
    several: dict[str, dict[str, Any]] = {
        "stem stride ignored": {"stem_stride": 2},
        "padding like tensorflow": {"like_tensorflow": True},
        "batch norm epsilon": {"epsilon": 1e-3},
    }
    if stem_stride == 2:
        del several["stem stride ignored"]
    found: Mistakes = {}
    for keys in (keys for count in (1, 2, 3) for keys in itertools.combinations(several, count)):
        settings = {name: value for key in keys for name, value in several[key].items()}
        found[" / ".join(keys)] = [partial(made, **settings)]
    return found | {
        "every block strides": [partial(made, every_strides=True)],
        "no activation in the head": [partial(made, head=same)],
        "relu for silu": [partial(made, head=F.relu), partial(made, stem=F.relu)],
        "largest pixel in the head": [partial(made, pool=largest)],
    }


def below(state: State, prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}


def shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """The shapes that `assert_state` compares."""
    return {name: tuple(value.shape) for name, value in state.items()}


@pytest.mark.training
@pytest.mark.points(5, category="accuracy")
def test_accuracy_after_a_short_run(short_run):
    accuracy = short_run.accuracy()
    assert_accurate(accuracy.mean, accuracy.threshold, short_run.epochs)


@pytest.mark.points(1, category="scaling")
def test_scaling_of_any_width_and_depth(q7, seed):
    draw = random.Random(seed)
    # The paper's factors, and sizes for which rounding down would lose more than a tenth.
    cases = [(32, 1.1, 8), (320, 1.4, 8), (16, 0.7, 8), (10, 1.0, 8), (3, 1.0, 8), (20, 1.0, 16), (112, 1.8, 8)]
    cases += [(draw.randint(8, 400), draw.choice((0.25, 0.5, 0.9, 1.2, 2.0)), draw.choice((4, 8))) for _ in range(20)]
    right = []
    for filters, width, divisor in cases:
        scaled = filters * width
        expected = max(divisor, int(scaled + divisor / 2) // divisor * divisor)
        right.append(expected + divisor if expected < 0.9 * scaled else expected)
    assert_filters(q7.round_filters, cases, right)
    repeated = [(3, 1.4), (1, 0.1), (4, 2.0), (4, 1.8), (2, 0.5), (3, 1.1), (2, 1.4)]
    assert_repeats(q7.round_repeats, repeated, [5, 1, 8, 8, 1, 4, 3])


@pytest.mark.points(1, category="squeeze and excitation")
def test_squeeze_and_excitation_with_known_weights(q7):
    for channels, squeezed in ((6, 2), (5, 7)):
        right = SqueezeExcitation(channels, squeezed, activation=nn.SiLU)
        randomise(right)
        names = {"fc1": "reduce", "fc2": "expand"}
        state = {names[name[:3]] + name[3:]: value for name, value in right.state_dict().items()}
        layer = load(q7.SqueezeExcitation(channels, squeezed), state)
        images = 2 * torch.randn(3, channels, 4, 5)
        mistaken = {
            key: [partial(excitation, state, images, **way) for way in ways] for key, ways in EXCITATIONS.items()
        }
        assert_output(
            as_function(layer, f"SqueezeExcitation({channels}, {squeezed})"), right, images, partial(dict, mistaken)
        )


@pytest.mark.points(1, category="blocks")
def test_blocks_with_every_setting(q7):
    for settings in (  # torchvision rounds the expanded channels to a multiple of 8, as all of these are
        (3, 4, 5, 2, 8),  # squeezed to one channel
        (6, 6, 3, 1, 4),  # adds its input
        (6, 6, 3, 2, 4),  # does not, because of the stride
        (1, 8, 3, 1, 8),  # does not, because of the channels, though one would broadcast to eight
        (4, 9, 5, 1, 6),  # does not either
        (16, 16, 5, 1, 1),  # no expansion
        (10, 10, 3, 1, 4),  # squeezed to a quarter of the input's channels, not of the expanded ones, rounded down
    ):
        right = block(*settings)
        mine = load(q7.MBConv(*settings), our_block_state(right))
        if settings in ((6, 6, 3, 2, 4), (1, 8, 3, 1, 8)):  # with one pixel, a mistaken residual has the right shape
            assert_block(mine, right, settings, torch.randn(3, settings[0], 1, 1), training=False)
        images = torch.randn(3, settings[0], 7, 6)
        try:
            assert_block(mine, right, settings, images, training=False)
        except CheckFailed as failure:
            likely = failure.likely
            if likely == CAUSES["batch norm epsilon"] and has_other_momentum(mine, right, settings, images):
                likely = f"{likely} {CAUSES['batch norm momentum']}"
            raise CheckFailed(failure.summary, failure.lines, likely, failure.compared) from None
        before = {name: value.clone() for name, value in our_block_state(right).items()}
        assert_block(mine, right, settings, images, training=True)
        # Both have now seen one batch: the running averages moved by torch's default momentum.
        after = mine.state_dict()
        for name, value in our_block_state(right).items():
            try:
                assert_close(f"MBConv{settings}'s {name} after a batch in train mode", after.get(name), expected=value)
            except CheckFailed as failure:
                other = other_momentum(before[name], value, after.get(name))
                likely = CAUSES["batch norm momentum"] if other else None
                summary = "a block's running averages after a batch in train mode are not right"
                raise CheckFailed(summary, failure.lines, likely, failure.compared) from None


def has_other_momentum(mine: Any, right: nn.Module, settings: tuple[int, int, int, int, int], images: Tensor) -> bool:
    """Whether the first running average of a block, on which no epsilon has an influence, moves otherwise."""
    name = "depthwise.1.running_mean" if settings[4] == 1 else "expand.1.running_mean"
    before = our_block_state(right)[name].clone()
    as_function(mine.train(), "MBConv")(images.clone())
    with torch.no_grad():
        right.train()(images)
    return other_momentum(before, our_block_state(right)[name], mine.state_dict().get(name))


def other_momentum(before: Tensor, expected: Tensor, got: Any) -> bool:
    """Whether all running averages moved by the same nonzero fraction of the right update."""
    if not isinstance(got, Tensor) or (got.shape, got.dtype) != (expected.shape, torch.float32):
        return False
    moved, wanted = got - before, expected - before
    if torch.allclose(moved, wanted, rtol=1e-3, atol=1e-6):
        return False
    share = ((moved * wanted).sum() / (wanted * wanted).sum()).item()
    return 0.001 < share <= 10 and torch.allclose(moved, share * wanted, rtol=1e-2, atol=1e-5)


@pytest.mark.points(1, category="drop-connect")
def test_drop_connect_of_a_block_and_of_the_network(q7):
    # Compared with the student's own block without dropping: its other mistakes cost points elsewhere.
    for rate in DROPPED:
        name = f"MBConv(8, 8, 3, 1, 2, drop_rate={rate})"
        right = block(8, 8, 3, 1, 2)
        state = {each: value.clone() for each, value in our_block_state(right).items()}  # train mode changes it
        still, mine = load(q7.MBConv(8, 8, 3, 1, 2), state), load(q7.MBConv(8, 8, 3, 1, 2, rate), state)
        images = torch.randn(256, 8, 3, 3)
        with torch.no_grad():
            own = whole(still.train(), images, right.train()(images))
        assert_dropped(mine.train(), images, own, rate, name)
        load(mine, state)
        own = added_by(load(still, state).eval(), images[:64])
        try:
            assert_same(as_function(mine.eval(), name), lambda x, own=own: x + own, images[:64])
        except CheckFailed as failure:
            got = added_by(mine, images[:64])
            fallen, scaled = is_nothing(got), is_close(got, own / (1 - rate)) | is_close(got, own)
            drops = bool((fallen | scaled).all() and fallen.any() and scaled.any())
            likely = CAUSES["drops in eval mode"] if drops else None
            raise CheckFailed(failure.summary, failure.lines, likely, failure.compared) from None
    for settings, size in (((8, 8, 3, 2, 2), 2), ((8, 12, 3, 1, 2), 4)):  # without a residual nothing is dropped
        state = our_block_state(block(*settings))
        still, mine = load(q7.MBConv(*settings), state), load(q7.MBConv(*settings, 0.5), state)
        images = torch.randn(32, 8, 4, 4)
        expected = as_tensor(still.train()(images.clone()), (32, settings[1], size, size), [])
        name = f"MBConv{(*settings, 0.5)}"
        assert_same(as_function(mine.train(), name), lambda _, expected=expected: expected, images)

    model = q7.EfficientNet(width=0.25, drop_connect=0.8)
    shares, nothing_drawn = {}, True
    for number in (2, 7, 14):
        each = model.get_submodule(f"blocks.{number}")
        state = each.state_dict()
        channels, kernel_size = state["project.1.weight"].numel(), state["depthwise.0.weight"].shape[-1]
        if channels > WIDEST:
            raise CheckFailed("a block has too many channels", [("block", f"{number} of EfficientNet(width=0.25, …)")])
        images = torch.randn(256, channels, 2, 2)
        got = added_by(each.train(), images)
        shares[number] = is_nothing(got)
        settings = (channels, channels, kernel_size, 1, 6)
        if kernel_size not in (3, 5) or shapes(state) != shapes(our_block_state(block(*settings))):
            nothing_drawn = False
        elif nothing_drawn:
            nothing_drawn = bool(is_close(got, mbconv(state, settings, images, training=True, adds=False)).all())
    rates: dict[str, Callable[[int], float]] = {
        "same rate everywhere": lambda _: 0.8,
        "rates run backwards": lambda number: 0.8 * (1 - number / 16),
    }
    keys = [key for key, way in rates.items() if all(is_rate(shares[number], way(number)) for number in shares)]
    likely = sentence([*keys, *(["no rate handed on"] if nothing_drawn else [])])
    for number, fallen in shares.items():
        assert_rate(fallen, 0.8 * number / 16, f"block {number} of 16 with drop_connect=0.8", lambda: likely)


@pytest.mark.points(1, category="b0 in eval mode")
def test_b0_in_eval_mode_equals_torchvisions(q7):
    right = reference()
    state = our_state(right)
    model = load(q7.EfficientNet(), state)
    for size in (40, 32):  # for images that shrink to one pixel early on, several mistakes give the same logits
        images = torch.randn(2, 3, size, size)
        wrong = partial(network_mistakes, state, images, 1.0, 2)
        assert_output(as_function(model.eval(), "EfficientNet()"), right.eval(), images, wrong)


@pytest.mark.points(1, category="train mode")
def test_train_mode_with_nothing_dropped(q7):
    right = reference(width=0.5, depth=0.5)
    model = load(q7.EfficientNet(width=0.5, depth=0.5, dropout=0.0, drop_connect=0.0), our_state(right))
    images = torch.randn(16, 3, 64, 64)
    with torch.no_grad():
        expected = right.train()(images)
    lines = [("network", "EfficientNet(width=0.5, depth=0.5, …)")]
    got = as_tensor(model.train()(images), (16, 10), lines)
    # Batch statistics amplify rounding errors layer by layer: a thousandth of the logits' size is allowed.
    if not torch.allclose(got, expected, rtol=0, atol=1e-3 * expected.abs().max().item()):
        compared = Compared((images,), {}, expected, got)
        raise CheckFailed("in train mode the logits are wrong", lines, compared=compared)


@pytest.mark.points(1, category="dropout")
def test_dropout_before_the_classifier(q7):
    right = reference(width=0.25, depth=0.25)
    model = load(q7.EfficientNet(width=0.25, depth=0.25, dropout=0.9, drop_connect=0.0), our_state(right))
    images = torch.randn(1, 3, 32, 32).expand(64, -1, -1, -1).contiguous()
    lines = [("network", "EfficientNet(…, dropout=0.9)")]
    logits = as_tensor(model.train()(images.clone()), (64, 10), lines)
    if torch.allclose(logits, logits[:1].expand_as(logits)):
        lines.append(("", "64 copies of an image have the same logits"))
        raise CheckFailed("no feature is dropped in train mode", lines)
    load(model, our_state(right))
    assert_same(as_function(model.eval(), "EfficientNet(…)"), right.eval(), images[:2])


@pytest.mark.points(1, category="variants")
def test_variants_by_width_depth_and_stem(q7):
    for width, depth, classes, stem_stride in ((0.25, 0.25, 7, 1), (1.1, 1.2, 10, 2), (1.0, 1.1, 1000, 2)):
        right = reference(width, depth, classes, stem_stride)
        model = q7.EfficientNet(width, depth, num_classes=classes, stem_stride=stem_stride)
        state = our_state(right)
        # Only where the rounded sizes cannot be the same.
        others = {"depth ignored": (width, 1.0), "width ignored": (1.0, depth)} if width < 1 else {}

        def mistaken(others=others, settings=(classes, stem_stride)):
            return {key: shapes(our_state(reference(*scale, *settings))) for key, scale in others.items()}

        assert_state(model, shapes(state), mistaken)
        if width < 1:  # a big network is checked by its shapes alone
            load(model, state)
            images = torch.randn(2, 3, 32, 32)
            wrong = partial(network_mistakes, state, images, depth, stem_stride)
            name = f"EfficientNet({width}, {depth}, …)"
            assert_output(as_function(model.eval(), name), right.eval(), images, wrong)
