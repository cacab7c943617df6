"""Question 1: two-dimensional convolution.

A convolution lays a small window of weights, the kernel, over the image, multiplies weight by pixel, adds up,
moves on and does it again. Three settings decide where the window goes: `stride` (how far it moves), `padding`
(how many zeros surround the image) and `dilation` (how far apart the pixels are that it looks at).

You write the output's size, the convolution itself, and three layers whose outputs you compare in
`explanations.md`. Write the convolution yourself: use tensors, slices, `torch.einsum`, `F.pad`, `F.unfold`,
NumPy or plain loops as you like, but none of the library's convolutions. Loops over the kernel are fast enough.

In the functions of questions 1 to 5 only torch, NumPy and the standard library can be used.

Sources: the slides of the lab; torch.nn.Conv2d in torch's documentation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Pair = int | tuple[int, int]
"""One number for both axes, or (for the height, for the width)."""


def as_pair(value: Pair) -> tuple[int, int]:
    """Spell out an argument: 3 means (3, 3), and (3, 5) means itself. Given to you."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def output_size(
    input_size: Pair, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> tuple[int, int]:
    """Height and width of a convolution's output.

    For each axis, with L pixels in the input and ⌊ ⌋ for rounding down:

        L_out = ⌊(L + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1

    On paper: 7 pixels, a kernel of 2 with dilation 3, stride 2, no padding. The window spans 3·(2 − 1) + 1 = 4
    pixels, so it can begin at pixels 0 to 3; stride 2 leaves 0 and 2. The formula agrees:
    ⌊(7 + 0 − 3 − 1) / 2⌋ + 1 = ⌊1.5⌋ + 1 = 2.

    Args:
        input_size: height and width of the input, in pixels.
        kernel_size: height and width of the kernel, in weights.
        stride: pixels from one position of the window to the next.
        padding: rows of zeros above and below, columns of zeros left and right.
        dilation: pixels from one weight's pixel to the next one's.

    Returns:
        (H_out, W_out), a tuple of two ints.
    """
    ### BEGIN SOLUTION
    sizes = []
    for length, kernel, step, zeros, spread in zip(
        as_pair(input_size), as_pair(kernel_size), as_pair(stride), as_pair(padding), as_pair(dilation), strict=True
    ):
        last_start = length + 2 * zeros - spread * (kernel - 1) - 1  # the last position where the window still fits
        sizes.append(last_start // step + 1)
    return sizes[0], sizes[1]
    ### END SOLUTION


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
) -> Tensor:
    """Convolve a batch of images, as `torch.nn.functional.conv2d` does.

    Every output pixel is a sum over input channels c and kernel positions (i, j):

        output[n, o, y, x] = bias[o] + Σ  weight[o, c, i, j] · padded[n, c, y·s_h + i·d_h, x·s_w + j·d_w]
                                     c,i,j

    On paper: input [[1, 2, 3], [4, 5, 6], [7, 8, 9]] and weight [[1, 0], [0, 2]] (one image, one channel) give
    [[1·1 + 2·5, 2·1 + 2·6], [4·1 + 2·8, 5·1 + 2·9]] = [[11, 14], [20, 23]].

    Args:
        input: images, (N, C_in, H, W), or one image, (C_in, H, W).
        weight: kernels, (C_out, C_in, K_h, K_w).
        bias: one number for each output channel, (C_out,), or None.
        stride, padding, dilation: as in `output_size`.

    Returns:
        (N, C_out, H_out, W_out), or (C_out, H_out, W_out) for one image; dtype and device of the input.
        The arguments are not changed.
    """
    ### BEGIN SOLUTION
    if input.dim() == 3:
        return conv2d(input.unsqueeze(0), weight, bias, stride, padding, dilation).squeeze(0)

    (step_h, step_w), (spread_h, spread_w), (zeros_h, zeros_w) = as_pair(stride), as_pair(dilation), as_pair(padding)
    kernel_h, kernel_w = weight.shape[2:]
    h_out, w_out = output_size((input.shape[2], input.shape[3]), (kernel_h, kernel_w), stride, padding, dilation)
    padded = nn.functional.pad(input, (zeros_w, zeros_w, zeros_h, zeros_h))  # pad takes the last axis first

    output = padded.new_zeros(input.shape[0], weight.shape[0], h_out, w_out)
    for i in range(kernel_h):
        for j in range(kernel_w):
            # All pixels that weight (i, j) meets as the window moves: one for each output pixel.
            rows = slice(i * spread_h, i * spread_h + step_h * (h_out - 1) + 1, step_h)
            columns = slice(j * spread_w, j * spread_w + step_w * (w_out - 1) + 1, step_w)
            met = padded[:, :, rows, columns]  # (N, C_in, H_out, W_out)
            output = output + torch.einsum("nchw,oc->nohw", met, weight[:, :, i, j])

    if bias is not None:
        output = output + bias.view(-1, 1, 1)
    return output
    ### END SOLUTION


def three_convolutions() -> tuple[nn.Conv2d, nn.Conv2d, nn.Conv2d]:
    """The three layers of the slides, each from 16 channels to 33.

    Here you do use `nn.Conv2d`. Apply them to an input of shape (20, 16, 50, 100) and see what comes out; why
    the outputs differ is a written question in `explanations.md`.

    Returns:
        1. a square kernel of 3, stride 2;
        2. a kernel of (3, 5), stride (2, 1), padding (4, 2);
        3. the same with dilation (3, 1).
    """
    ### BEGIN SOLUTION
    return (
        nn.Conv2d(16, 33, 3, stride=2),
        nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2)),
        nn.Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1)),
    )
    ### END SOLUTION
