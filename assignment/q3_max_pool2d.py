"""Question 3: max pooling.

A window slides over the image as in a convolution; instead of a weighted sum, its largest value comes out. There is
nothing to learn, and every channel is pooled on its own. You write it without the library's pooling; slices,
`torch.maximum`, `amax`, `F.pad`, `F.unfold`, NumPy or loops are all yours to use.

What is hard here is the edge: padding must never win, even where all pixels are negative, and with `ceil_mode` the
last window may hang over.

In the functions of questions 1 to 5 only torch, NumPy and the standard library can be used.

Sources: the slides of the lab; torch.nn.MaxPool2d in torch's documentation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Pair = int | tuple[int, int]
"""One number for both axes, or (for the height, for the width)."""


def as_pair(value: Pair) -> tuple[int, int]:
    """Spell out an argument: 3 means (3, 3), and (3, 5) means itself. Given to you."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def max_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Take the largest value in each window, as `torch.nn.functional.max_pool2d` does.

        output[n, c, y, x] = max  padded[n, c, y·s_h + i·d_h, x·s_w + j·d_w]
                             i,j

    For each axis, with L pixels in the input:

        L_out = ⌊(L + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1

    With `ceil_mode` round up instead of down; but a last window that would begin beyond the input and its padding
    on the near side is left out: if (L_out − 1)·stride ≥ L + padding, then L_out is one less.

    On paper: [[1, 2, 3], [4, 5, 6], [7, 8, 9]] with a window of 2 and stride 1 gives [[5, 6], [8, 9]]; with the
    usual stride, the window's own size, it gives [[5]], and with `ceil_mode` [[5, 6], [8, 9]] again.

    Args:
        input: images, (N, C, H, W), or one image, (C, H, W).
        kernel_size: height and width of the window.
        stride: pixels from one position of the window to the next; None stands for `kernel_size`.
        padding: how far the image is extended on every side, by values that never win; at most half the window.
        dilation: pixels from one value of the window to the next one.
        ceil_mode: whether the output's size is rounded up.

    Returns:
        (N, C, H_out, W_out), or (C, H_out, W_out) for one image; dtype and device of the input, which is not changed.
    """
    # TODO: your code here.
    raise NotImplementedError("TODO")


def two_max_pools() -> tuple[nn.MaxPool2d, nn.MaxPool2d]:
    """The two layers of the slides.

    Here you do use `nn.MaxPool2d`. Apply them to an input of shape (20, 16, 50, 32) and see what comes out; what
    max pooling keeps and loses is a written question in `explanations.md`.

    Returns:
        1. a square window of 3, stride 2;
        2. a window of (3, 2), stride (2, 1).
    """
    # TODO: your code here.
    raise NotImplementedError("TODO")
