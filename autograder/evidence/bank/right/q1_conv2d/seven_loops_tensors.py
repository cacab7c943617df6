"""Seven nested loops over tensor elements: the slowest right answer."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    x = input if input.dim() == 4 else input.unsqueeze(0)
    sh, sw = as_pair(stride)
    ph, pw = as_pair(padding)
    dh, dw = as_pair(dilation)
    x = torch.nn.functional.pad(x, (pw, pw, ph, ph))
    hh, ww = output_size((input.shape[-2], input.shape[-1]), (weight.shape[-2], weight.shape[-1]), stride, padding, dilation)
    out = torch.zeros(x.shape[0], weight.shape[0], hh, ww, dtype=x.dtype)
    for n in range(x.shape[0]):
        for o in range(weight.shape[0]):
            for y in range(hh):
                for z in range(ww):
                    for c in range(weight.shape[1]):
                        for i in range(weight.shape[2]):
                            for j in range(weight.shape[3]):
                                out[n, o, y, z] += x[n, c, y * sh + i * dh, z * sw + j * dw] * weight[o, c, i, j]
                    if bias is not None:
                        out[n, o, y, z] += bias[o]
    return out if input.dim() == 4 else out.squeeze(0)
