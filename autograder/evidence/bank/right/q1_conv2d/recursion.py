"""Split the kernel in halves until one tap is left."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    if input.dim() == 3:
        return conv2d(input.unsqueeze(0), weight, bias, stride, padding, dilation).squeeze(0)
    s, p, d = as_pair(stride), as_pair(padding), as_pair(dilation)
    hh, ww = output_size(tuple(input.shape[2:]), tuple(weight.shape[2:]), s, p, d)
    x = torch.nn.functional.pad(input, (p[1], p[1], p[0], p[0]))

    def part(i0, i1, j0, j1):
        if i1 - i0 > 1:
            middle = (i0 + i1) // 2
            return part(i0, middle, j0, j1) + part(middle, i1, j0, j1)
        if j1 - j0 > 1:
            middle = (j0 + j1) // 2
            return part(i0, i1, j0, middle) + part(i0, i1, middle, j1)
        met = x[:, :, i0 * d[0] :: s[0], j0 * d[1] :: s[1]][:, :, :hh, :ww]
        return (weight[:, :, i0, j0] @ met.flatten(2)).unflatten(2, (hh, ww))

    out = part(0, weight.shape[2], 0, weight.shape[3])
    return out if bias is None else out + bias.reshape(-1, 1, 1)
