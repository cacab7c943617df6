"""NumPy's sliding windows and tensordot, there and back."""

import numpy as np
import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = as_pair(stride), as_pair(padding), as_pair(dilation)
    x = input.detach().numpy()
    single = x.ndim == 3
    x = x[None] if single else x
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    kh, kw = weight.shape[2:]
    windows = np.lib.stride_tricks.sliding_window_view(x, (dh * (kh - 1) + 1, dw * (kw - 1) + 1), axis=(2, 3))
    windows = windows[:, :, ::sh, ::sw, ::dh, ::dw]
    out = np.tensordot(windows, weight.detach().numpy(), axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
    if bias is not None:
        out = out + bias.detach().numpy()[:, None, None]
    out = torch.from_numpy(np.ascontiguousarray(out))
    return out[0] if single else out
