"""Question 4: average pooling.

The window of question 3, but with the average of its values instead of the maximum. You write it without the library's
pooling and convolution; slices, sums, `F.pad`, `F.unfold`, NumPy or loops are all yours to use.

What is hard here is the number to divide by: whether zeros of the padding count, and what happens where a window
hangs over the edge.

In the functions of questions 1 to 5 only torch, NumPy and the standard library can be used.

Sources: the slides of the lab; torch.nn.AvgPool2d in torch's documentation.
"""

from __future__ import annotations

from torch import Tensor, nn

Pair = int | tuple[int, int]
"""One number for both axes, or (for the height, for the width)."""


def as_pair(value: Pair) -> tuple[int, int]:
    """Spell out an argument: 3 means (3, 3), and (3, 5) means itself. Given to you."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def avg_pool2d(
    input: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Average each window, as `torch.nn.functional.avg_pool2d` does.

        output[n, c, y, x] = Σ  padded[n, c, y·s_h + i, x·s_w + j] / divisor
                            i,j

    The output's size is that of question 3, without dilation. The divisor is

        divisor_override, if it is given; otherwise
        with `count_include_pad` the number of the window's places inside the image and its padding (all K_h·K_w,
        unless `ceil_mode` lets the window hang over), without it the number of its places inside the image.

    On paper: [[1, 2, 3], [4, 5, 6], [7, 8, 9]] with a window of 2 and stride 1 gives [[3, 4], [6, 7]]. With padding 1
    and stride 2 the first window holds three zeros and the 1: 1/4 if zeros count, 1/1 if they do not.

    Args:
        input: images of floating-point numbers, (N, C, H, W), or one image, (C, H, W).
        kernel_size: height and width of the window.
        stride: pixels from one position of the window to the next; None stands for `kernel_size`.
        padding: rows and columns of zeros around the image; at most half the window.
        ceil_mode: whether the output's size is rounded up, as in question 3.
        count_include_pad: whether zeros of the padding count as values.
        divisor_override: a number to divide every sum by, whatever its window.

    Returns:
        (N, C, H_out, W_out), or (C, H_out, W_out) for one image; dtype and device of the input, which is not changed.
    """
    ### BEGIN SOLUTION
    if input.dim() == 3:
        images = input.unsqueeze(0)
        pooled = avg_pool2d(images, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return pooled.squeeze(0)

    kernel = as_pair(kernel_size)
    step = kernel if stride is None else as_pair(stride)
    border = as_pair(padding)
    sizes, overhang = [], []
    for axis in (0, 1):
        length = input.shape[2 + axis]
        room = length + 2 * border[axis] - kernel[axis]
        size = -(-room // step[axis]) + 1 if ceil_mode else room // step[axis] + 1
        if ceil_mode and (size - 1) * step[axis] >= length + border[axis]:
            size -= 1
        sizes.append(size)
        overhang.append(max(0, (size - 1) * step[axis] - room))

    # Positions that count are marked with ones, which are summed over the same windows as the pixels.
    ones = input.new_ones(1, 1, *input.shape[2:])
    around = (border[1], border[1], border[0], border[0])
    beyond = (0, overhang[1], 0, overhang[0])
    pixels = nn.functional.pad(nn.functional.pad(input, around), beyond)
    counted = nn.functional.pad(nn.functional.pad(ones, around, value=float(count_include_pad)), beyond)

    total, count = input.new_zeros(()), input.new_zeros(())
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            rows = slice(i, i + step[0] * (sizes[0] - 1) + 1, step[0])
            columns = slice(j, j + step[1] * (sizes[1] - 1) + 1, step[1])
            total = total + pixels[:, :, rows, columns]  # (N, C, H_out, W_out)
            count = count + counted[:, :, rows, columns]  # (1, 1, H_out, W_out)
    return total / (count if divisor_override is None else divisor_override)
    ### END SOLUTION


def two_avg_pools() -> tuple[nn.AvgPool2d, nn.AvgPool2d]:
    """The two layers of the slides; here you do use `nn.AvgPool2d`.

    Returns:
        1. a square window of 3, stride 2;
        2. a window of (3, 2), stride (2, 1).
    """
    ### BEGIN SOLUTION
    return nn.AvgPool2d(3, stride=2), nn.AvgPool2d((3, 2), stride=(2, 1))
    ### END SOLUTION
