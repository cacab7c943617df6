"""Question 1, the hidden tests.

Sizes follow what single-fault answers were seen to survive: at stride 2 both remainders of the division occur,
kernels are not square, no axis equals another, batch and channels are more than one, bias is neither zero nor
as long as an axis it could be mistaken for. Inputs are small: seven nested loops are a right answer.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from tests.checks import assert_same, assert_size, assert_unchanged

RANDOM_SIZES = 40
RANDOM_CONVOLUTIONS = 8


def length(pixels: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    return (pixels + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def random_settings(draw: random.Random) -> dict[str, Any]:
    """Sizes and settings of a convolution whose window fits, each setting a number or a pair."""

    def pair(low: int, high: int) -> tuple[int, int]:
        return draw.randint(low, high), draw.randint(low, high)

    kernel, stride, padding, dilation = pair(1, 3), pair(1, 3), pair(0, 2), pair(1, 3)
    smallest = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    pixels = tuple(draw.randint(least, least + 5) for least in smallest)
    either = {"stride": stride, "padding": padding, "dilation": dilation}
    given = {name: value[0] if draw.random() < 0.3 else value for name, value in either.items()}
    # A number stands for both axes: with padding the second axis may have become too small for it.
    both = {name: (value, value) if isinstance(value, int) else value for name, value in given.items()}
    least = [d * (k - 1) + 1 - 2 * p for k, p, d in zip(kernel, both["padding"], both["dilation"], strict=True)]
    pixels = tuple(max(size, need) for size, need in zip(pixels, least, strict=True))
    return {"pixels": pixels, "kernel": kernel, "given": given, "both": both}


@pytest.mark.points(1, category="output size")
def test_output_size_of_random_settings(q1, seed):
    draw = random.Random(seed)
    assert_size(q1.output_size, (4, 3), 9, 3, 2, (0, 0), (1, 2))
    for _ in range(RANDOM_SIZES):
        settings = random_settings(draw)
        height, width = (
            length(*axis)
            for axis in zip(
                settings["pixels"],
                settings["kernel"],
                *(settings["both"][name] for name in ("stride", "padding", "dilation")),
                strict=True,
            )
        )
        assert_size(q1.output_size, (height, width), settings["pixels"], settings["kernel"], **settings["given"])


@pytest.mark.points(1, category="remainder")
def test_remainder_of_the_division_even_and_odd(q1):
    w = torch.randn(4, 3, 3, 3)
    for height, width in ((8, 11), (9, 10), (7, 8)):
        assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, height, width), w, stride=2)
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 10, 11), torch.randn(3, 2, 2, 4), stride=3)
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 3, 3), torch.randn(4, 3, 3, 3), stride=2)


@pytest.mark.points(1, category="kernel")
def test_kernel_neither_square_nor_symmetric(q1):
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 7, 9), torch.randn(4, 3, 2, 3))
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 6, 5), torch.randn(3, 2, 4, 1))
    assert_same(q1.conv2d, F.conv2d, torch.randn(3, 2, 4, 5), torch.randn(5, 2, 1, 1))


@pytest.mark.points(1, category="stride")
def test_stride_of_each_axis(q1):
    x, w = torch.randn(2, 3, 9, 11), torch.randn(4, 3, 2, 3)
    for stride in ((2, 3), (3, 1), 2):
        assert_same(q1.conv2d, F.conv2d, x, w, stride=stride)


@pytest.mark.points(1, category="padding")
def test_padding_of_each_axis(q1):
    x, w = torch.randn(2, 3, 6, 8), torch.randn(4, 3, 3, 2)
    for padding in ((1, 2), (2, 0), 1):
        assert_same(q1.conv2d, F.conv2d, x, w, padding=padding)
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 6, 5), torch.randn(3, 2, 2, 3), None, (1, 2), (0, 1))


@pytest.mark.points(1, category="dilation")
def test_dilation_of_each_axis_with_stride_and_padding(q1):
    x = torch.randn(2, 3, 9, 11)
    assert_same(q1.conv2d, F.conv2d, x, torch.randn(4, 3, 3, 2), dilation=(2, 3))
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 8, 9), torch.randn(4, 3, 3, 3), None, 2, 1, 2)
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 3, 7, 11), torch.randn(4, 3, 2, 3), None, (2, 3), (1, 2), (2, 1))


@pytest.mark.points(1, category="bias")
def test_bias_belongs_to_output_channels(q1):
    # Four output channels and four output columns: a bias along the width would have the right shape.
    assert_same(q1.conv2d, F.conv2d, torch.randn(2, 2, 5, 6), torch.randn(4, 2, 2, 3), torch.randn(4))
    assert_same(q1.conv2d, F.conv2d, torch.randn(3, 2, 4, 5), torch.randn(5, 2, 2, 2), bias=torch.randn(5), stride=2)


@pytest.mark.points(1, category="dtype")
def test_dtype_is_kept_and_precise(q1):
    x, w, b = (torch.randn(shape, dtype=torch.float64) for shape in ((2, 3, 6, 7), (4, 3, 2, 3), (4,)))
    assert_same(q1.conv2d, F.conv2d, x, w, b, stride=2, padding=1)
    assert_same(q1.conv2d, F.conv2d, x.float(), w.float(), b.float(), padding=(0, 1))


@pytest.mark.points(1, category="side effects")
def test_side_effects_on_arguments_and_later_calls(q1):
    x, w, b = torch.randn(2, 3, 6, 7), torch.randn(4, 3, 3, 2), torch.randn(4)
    assert_unchanged(q1.conv2d, x, w, b, padding=(2, 1))
    for _ in range(2):  # the same shapes with other weights: nothing may be left over from the first call
        assert_same(q1.conv2d, F.conv2d, x, torch.randn_like(w), torch.randn(4), padding=(2, 1))
    # Images that lie in memory with channels last are images like any other.
    assert_same(q1.conv2d, F.conv2d, x.to(memory_format=torch.channels_last), w)


@pytest.mark.points(1, category="one image")
def test_one_image_without_a_batch_axis(q1):
    assert_same(q1.conv2d, F.conv2d, torch.randn(3, 6, 5), torch.randn(4, 3, 2, 3), torch.randn(4), padding=1)
    assert_same(q1.conv2d, F.conv2d, torch.randn(1, 4, 7), torch.randn(2, 1, 3, 2), stride=(1, 2))


@pytest.mark.points(1, category="random settings")
def test_random_settings(q1, seed):
    draw = random.Random(seed)
    for _ in range(RANDOM_CONVOLUTIONS):
        settings = random_settings(draw)
        batch, channels, kernels = draw.randint(1, 3), draw.randint(1, 3), draw.randint(1, 4)
        x = torch.randn(batch, channels, *settings["pixels"])
        w = torch.randn(kernels, channels, *settings["kernel"])
        bias = torch.randn(kernels) if draw.random() < 0.5 else None
        assert_same(q1.conv2d, F.conv2d, x, w, bias, **settings["given"])


@pytest.mark.points(0, category="gradients")
def test_gradients_are_told_not_graded(q1, tell):
    x = torch.randn(2, 3, 6, 7, requires_grad=True)
    w = torch.randn(4, 3, 2, 3, requires_grad=True)
    y = assert_same(q1.conv2d, F.conv2d, x, w, stride=2, padding=1)
    if not y.requires_grad:
        tell("No gradients flow through your conv2d. Right for this question; a network could not learn through it.")
        return
    upstream = torch.randn_like(y)
    expected = torch.autograd.grad(F.conv2d(x, w, stride=2, padding=1), (x, w), upstream)
    got = torch.autograd.grad(y, (x, w), upstream, allow_unused=True)
    right = all(g is not None and torch.allclose(g, e, 1e-3, 1e-4) for g, e in zip(got, expected, strict=True))
    tell("Gradients flow through your conv2d." if right else "Gradients flow through your conv2d, but wrong ones.")
