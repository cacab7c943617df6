"""Sizes computed by NumPy, whose whole numbers are not Python's."""

import numpy as np
import torch


def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    length, kernel, step, zeros, spread = (
        np.broadcast_to(value, 2) for value in (input_size, kernel_size, stride, padding, dilation)
    )
    sizes = np.floor((length + 2 * zeros - spread * (kernel - 1) - 1) / step + 1).astype(int)
    return tuple(sizes)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    if input.dim() == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation)[0]
    sizes = output_size(tuple(input.shape[2:]), tuple(weight.shape[2:]), stride, padding, dilation)
    columns = torch.nn.functional.unfold(input, weight.shape[2:], dilation, padding, stride)
    out = torch.einsum("ok,nkl->nol", weight.flatten(1), columns).reshape(len(input), len(weight), *sizes)
    return out if bias is None else out + bias[:, None, None]
