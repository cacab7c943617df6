"""The whole convolution as one big matrix, most of it zeros."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    c, h, w = input.shape[-3:]
    (sh, sw), (ph, pw), (dh, dw) = as_pair(stride), as_pair(padding), as_pair(dilation)
    o, _, kh, kw = weight.shape
    hh, ww = output_size((h, w), (kh, kw), stride, padding, dilation)
    matrix = weight.new_zeros(o, hh, ww, c, h, w)
    for y in range(hh):
        for x in range(ww):
            for i in range(kh):
                for j in range(kw):
                    row, col = y * sh + i * dh - ph, x * sw + j * dw - pw
                    if 0 <= row < h and 0 <= col < w:
                        matrix[:, y, x, :, row, col] = weight[:, :, i, j]
    out = input.reshape(-1, c * h * w) @ matrix.reshape(o * hh * ww, c * h * w).T
    out = out.reshape(*input.shape[:-3], o, hh, ww)
    return out if bias is None else out + bias[:, None, None]
