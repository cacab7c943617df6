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
    ### BEGIN SOLUTION
    if input.dim() == 3:
        return max_pool2d(input.unsqueeze(0), kernel_size, stride, padding, dilation, ceil_mode).squeeze(0)

    kernel = as_pair(kernel_size)
    step = kernel if stride is None else as_pair(stride)
    border, spread = as_pair(padding), as_pair(dilation)
    sizes, overhang = [], []
    for axis in (0, 1):
        length = input.shape[2 + axis]
        room = length + 2 * border[axis] - spread[axis] * (kernel[axis] - 1) - 1
        size = -(-room // step[axis]) + 1 if ceil_mode else room // step[axis] + 1
        if ceil_mode and (size - 1) * step[axis] >= length + border[axis]:
            size -= 1
        sizes.append(size)
        # How far the last window extends beyond the padding, which only happens with ceil_mode.
        overhang.append(max(0, (size - 1) * step[axis] - room))

    lowest = float("-inf") if input.is_floating_point() else torch.iinfo(input.dtype).min  # never the maximum
    edges = (border[1], border[1] + overhang[1], border[0], border[0] + overhang[0])
    padded = nn.functional.pad(input, edges, value=lowest)

    output = None
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            rows = slice(i * spread[0], i * spread[0] + step[0] * (sizes[0] - 1) + 1, step[0])
            columns = slice(j * spread[1], j * spread[1] + step[1] * (sizes[1] - 1) + 1, step[1])
            met = padded[:, :, rows, columns]  # (N, C, H_out, W_out)
            output = met.clone() if output is None else torch.maximum(output, met)
    assert output is not None  # a window has at least one value
    return output
    ### END SOLUTION


def two_max_pools() -> tuple[nn.MaxPool2d, nn.MaxPool2d]:
    """The two layers of the slides.

    Here you do use `nn.MaxPool2d`. Apply them to an input of shape (20, 16, 50, 32) and see what comes out; what
    max pooling keeps and loses is a written question in `explanations.md`.

    Returns:
        1. a square window of 3, stride 2;
        2. a window of (3, 2), stride (2, 1).
    """
    ### BEGIN SOLUTION
    return nn.MaxPool2d(3, stride=2), nn.MaxPool2d((3, 2), stride=(2, 1))
    ### END SOLUTION
