"""Tensor.unfold and a sum; the divisor from windows of ones."""

import torch
import torch.nn.functional as F


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    k, p = as_pair(kernel_size), as_pair(padding)
    s = k if stride is None else as_pair(stride)
    extra = []
    for axis in range(2):
        length = input.shape[-2 + axis]
        more = -(length + 2 * p[axis] - k[axis]) % s[axis] if ceil_mode else 0
        if more and length + 2 * p[axis] - k[axis] + more >= length + p[axis]:
            more = 0
        extra.append(more)

    def sums(x, edge):
        x = F.pad(x, (p[1], p[1], p[0], p[0]), value=edge)
        x = F.pad(x, (0, extra[1], 0, extra[0]))
        return x.unfold(-2, k[0], s[0]).unfold(-2, k[1], s[1]).sum((-2, -1))

    ones = torch.ones(1, *input.shape[-2:], dtype=input.dtype)
    divisor = divisor_override or sums(ones, 1.0 if count_include_pad else 0.0)
    return sums(input, 0.0) / divisor
