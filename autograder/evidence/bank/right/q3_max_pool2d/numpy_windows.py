"""NumPy's sliding windows."""

import numpy as np
import torch


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    k, p, d = as_pair(kernel_size), as_pair(padding), as_pair(dilation)
    s = k if stride is None else as_pair(stride)
    x = input.detach().numpy()
    before = x.ndim - 2
    after = []
    for axis in range(2):
        room = x.shape[before + axis] + 2 * p[axis] - d[axis] * (k[axis] - 1) - 1
        size = (-(-room // s[axis]) if ceil_mode else room // s[axis]) + 1
        size -= ceil_mode and (size - 1) * s[axis] >= x.shape[before + axis] + p[axis]
        after.append(max(p[axis], p[axis] + (size - 1) * s[axis] - room))
    x = np.pad(x, [(0, 0)] * before + [(p[0], after[0]), (p[1], after[1])], constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (d[0] * (k[0] - 1) + 1, d[1] * (k[1] - 1) + 1), axis=(-2, -1))
    windows = windows[..., :: s[0], :: s[1], :: d[0], :: d[1]]
    return torch.from_numpy(windows.max((-2, -1)))
