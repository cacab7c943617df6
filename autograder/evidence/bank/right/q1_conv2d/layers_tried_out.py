"""The three layers, applied while the module is imported as the question suggests; then a convolution by `einsum`."""

import torch
from torch import nn

LAYERS = three_convolutions()  # noqa: F821  (the solution's)
for layer in LAYERS:
    print(layer(torch.zeros(20, 16, 50, 100)).shape)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    if input.dim() == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation)[0]
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = as_pair(stride), as_pair(padding), as_pair(dilation)  # noqa: F821
    padded = nn.functional.pad(input, (p_w, p_w, p_h, p_h))
    windows = padded.unfold(2, d_h * (weight.shape[2] - 1) + 1, s_h).unfold(3, d_w * (weight.shape[3] - 1) + 1, s_w)
    output = torch.einsum("nchwij,ocij->nohw", windows[..., ::d_h, ::d_w], weight)
    return output if bias is None else output + bias[:, None, None]
