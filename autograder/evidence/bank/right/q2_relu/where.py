"""torch.where, copied back where asked for."""

import torch


def relu(input, inplace=False):
    out = torch.where(input > 0, input, torch.zeros_like(input))
    return input.copy_(out) if inplace else out
