"""A matrix product of channels for each tap of the kernel."""

import torch.nn.functional as F


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    x = input if input.dim() == 4 else input.unsqueeze(0)
    s, p, d = as_pair(stride), as_pair(padding), as_pair(dilation)
    hh, ww = output_size(tuple(x.shape[2:]), tuple(weight.shape[2:]), s, p, d)
    x = F.pad(x, (p[1], p[1], p[0], p[0])).movedim(1, -1)
    out = x.new_zeros(x.shape[0], hh, ww, weight.shape[0])
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            out += x[:, i * d[0] : i * d[0] + s[0] * hh : s[0], j * d[1] : j * d[1] + s[1] * ww : s[1]][
                :, :hh, :ww
            ] @ weight[:, :, i, j].T
    if bias is not None:
        out += bias
    out = out.movedim(-1, 1)
    return out if input.dim() == 4 else out[0]
