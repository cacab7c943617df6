"""A view of the padded image that repeats pixels without copying them."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    batch = input.reshape(-1, *input.shape[-3:])
    (sh, sw), (ph, pw), (dh, dw) = as_pair(stride), as_pair(padding), as_pair(dilation)
    n, c, h, w = batch.shape
    o, _, kh, kw = weight.shape
    padded = torch.zeros(n, c, h + 2 * ph, w + 2 * pw, dtype=input.dtype)
    padded[:, :, ph : ph + h, pw : pw + w] = batch
    hh, ww = output_size((h, w), (kh, kw), stride, padding, dilation)
    s0, s1, s2, s3 = padded.stride()
    view = padded.as_strided((n, c, hh, ww, kh, kw), (s0, s1, s2 * sh, s3 * sw, s2 * dh, s3 * dw))
    out = torch.einsum("nchwij,ocij->nohw", view, weight)
    if bias is not None:
        out = out + bias.view(1, -1, 1, 1)
    return out.reshape(*input.shape[:-3], *out.shape[1:])
