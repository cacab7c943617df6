"""Loops over lists, counting what counts."""

import math

import torch


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    if input.dim() == 3:
        rest = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
        return avg_pool2d(input[None], *rest)[0]
    k, p = as_pair(kernel_size), as_pair(padding)
    s = k if stride is None else as_pair(stride)
    n, c, h, w = input.shape
    sizes = []
    for axis, length in enumerate((h, w)):
        exact = (length + 2 * p[axis] - k[axis]) / s[axis]
        size = (math.ceil(exact) if ceil_mode else math.floor(exact)) + 1
        if (size - 1) * s[axis] >= length + p[axis]:
            size -= 1
        sizes.append(size)
    images = input.tolist()
    out = torch.empty(n, c, *sizes, dtype=input.dtype)
    for y in range(sizes[0]):
        for x in range(sizes[1]):
            top, left = y * s[0] - p[0], x * s[1] - p[1]
            places = [(i, j) for i in range(top, top + k[0]) for j in range(left, left + k[1])]
            inside = [(i, j) for i, j in places if 0 <= i < h and 0 <= j < w]
            counted = [1 for i, j in places if i < h + p[0] and j < w + p[1]] if count_include_pad else inside
            for a in range(n):
                for b in range(c):
                    total = sum(images[a][b][i][j] for i, j in inside)
                    out[a, b, y, x] = total / (divisor_override or len(counted))
    return out
