"""The convolution theorem, in the input's own precision."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    x = input if input.dim() == 4 else input[None]
    (sh, sw), (ph, pw), (dh, dw) = as_pair(stride), as_pair(padding), as_pair(dilation)
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    spread = x.new_zeros(*weight.shape[:2], dh * (weight.shape[2] - 1) + 1, dw * (weight.shape[3] - 1) + 1)
    spread[:, :, ::dh, ::dw] = weight
    size = tuple(x.shape[2:])
    product = torch.einsum("nchw,ochw->nohw", torch.fft.rfft2(x), torch.fft.rfft2(spread, s=size).conj())
    full = torch.fft.irfft2(product, s=size)
    out = full[:, :, : size[0] - spread.shape[2] + 1 : sh, : size[1] - spread.shape[3] + 1 : sw]
    if bias is not None:
        out = out + bias[:, None, None]
    return out if input.dim() == 4 else out[0]
