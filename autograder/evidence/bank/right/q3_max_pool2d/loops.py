"""Loops over lists; only pixels that exist are looked at."""

import math

import torch


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    if input.dim() == 3:
        return max_pool2d(input[None], kernel_size, stride, padding, dilation, ceil_mode)[0]
    k, p, d = as_pair(kernel_size), as_pair(padding), as_pair(dilation)
    s = k if stride is None else as_pair(stride)
    n, c, h, w = input.shape
    sizes = []
    for axis, length in enumerate((h, w)):
        exact = (length + 2 * p[axis] - d[axis] * (k[axis] - 1) - 1) / s[axis]
        size = (math.ceil(exact) if ceil_mode else math.floor(exact)) + 1
        if (size - 1) * s[axis] >= length + p[axis]:
            size -= 1
        sizes.append(size)
    images = input.tolist()
    out = torch.empty(n, c, *sizes, dtype=input.dtype)
    for a in range(n):
        for b in range(c):
            for y in range(sizes[0]):
                for x in range(sizes[1]):
                    rows = [y * s[0] - p[0] + i * d[0] for i in range(k[0])]
                    cols = [x * s[1] - p[1] + j * d[1] for j in range(k[1])]
                    out[a, b, y, x] = max(images[a][b][i][j] for i in rows for j in cols if 0 <= i < h and 0 <= j < w)
    return out
