"""nn.Unfold as a layer, then a batched product with the kernels repeated."""

import torch
from torch import nn


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    images = input if input.dim() == 4 else input.unsqueeze(0)
    columns = nn.Unfold(tuple(weight.shape[-2:]), dilation, padding, stride)(images)
    kernels = weight.reshape(weight.size(0), -1).expand(images.size(0), -1, -1)
    height, width = output_size(tuple(images.shape[-2:]), tuple(weight.shape[-2:]), stride, padding, dilation)
    result = torch.bmm(kernels, columns).reshape(images.size(0), weight.size(0), height, width)
    if bias is not None:
        result += bias.reshape(1, -1, 1, 1)
    return result if input.dim() == 4 else result.squeeze(0)
