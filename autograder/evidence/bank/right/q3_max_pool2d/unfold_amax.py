"""Tensor.unfold along both axes, then amax; ceil_mode by padding more on the far side."""

import torch
import torch.nn.functional as F


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    k, p, d = as_pair(kernel_size), as_pair(padding), as_pair(dilation)
    s = k if stride is None else as_pair(stride)
    extra = []
    for axis in range(2):
        length, span = input.shape[-2 + axis], d[axis] * (k[axis] - 1) + 1
        places = length + 2 * p[axis] - span
        more = -places % s[axis] if ceil_mode else 0
        if more and places + more >= length + p[axis]:
            more = 0
        extra.append(more)
    x = F.pad(input, (p[1], p[1] + extra[1], p[0], p[0] + extra[0]), value=-torch.inf)
    x = x.unfold(-2, d[0] * (k[0] - 1) + 1, s[0]).unfold(-2, d[1] * (k[1] - 1) + 1, s[1])
    return x[..., :: d[0], :: d[1]].amax((-2, -1))
