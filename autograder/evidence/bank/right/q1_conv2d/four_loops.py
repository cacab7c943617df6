"""Loops over image, kernel, row and column; the window's sum in one expression."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    x = input if input.dim() == 4 else input[None]
    (sh, sw), (ph, pw), (dh, dw) = as_pair(stride), as_pair(padding), as_pair(dilation)
    n, c, h, w = x.shape
    padded = x.new_zeros((n, c, h + 2 * ph, w + 2 * pw))
    padded[..., ph : ph + h, pw : pw + w] = x
    kh, kw = weight.shape[-2:]
    hh, ww = output_size((h, w), (kh, kw), stride, padding, dilation)
    out = x.new_empty((n, weight.shape[0], hh, ww))
    for b in range(n):
        for o in range(weight.shape[0]):
            for y in range(hh):
                for z in range(ww):
                    window = padded[b, :, y * sh : y * sh + dh * (kh - 1) + 1 : dh, z * sw : z * sw + dw * (kw - 1) + 1 : dw]
                    out[b, o, y, z] = (window * weight[o]).sum() + (0 if bias is None else bias[o])
    return out if input.dim() == 4 else out[0]
