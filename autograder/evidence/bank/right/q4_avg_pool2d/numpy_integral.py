"""An integral image: four corners of cumulative sums for each window, in NumPy."""

import numpy as np
import torch


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    k, p = as_pair(kernel_size), as_pair(padding)
    s = k if stride is None else as_pair(stride)
    x = input.detach().numpy().astype(np.float64)
    sums = np.zeros((*x.shape[:-2], x.shape[-2] + 1, x.shape[-1] + 1))
    sums[..., 1:, 1:] = x.cumsum(-1).cumsum(-2)
    begins, ends, counts = [], [], []
    for axis in range(2):
        length = x.shape[-2 + axis]
        room = length + 2 * p[axis] - k[axis]
        size = (-(-room // s[axis]) if ceil_mode else room // s[axis]) + 1
        if ceil_mode and (size - 1) * s[axis] >= length + p[axis]:
            size -= 1
        first = np.arange(size) * s[axis] - p[axis]
        last = np.minimum(first + k[axis], length + p[axis])
        begins.append(first.clip(0, length))
        ends.append(last.clip(0, length))
        counts.append(last - first if count_include_pad else ends[-1] - begins[-1])
    (t, l), (b, r) = begins, ends
    total = sums[..., b[:, None], r] - sums[..., t[:, None], r] - sums[..., b[:, None], l] + sums[..., t[:, None], l]
    divisor = divisor_override or counts[0][:, None] * counts[1]
    return torch.from_numpy(total / divisor).to(input.dtype)
