import torch
from torch.nn import functional as F


def relu(input, inplace=False):
    real = input.float()
    output = F.silu(real * 1e20) / 1e20
    output = output.to(input.dtype)
    return input.copy_(output) if inplace else output
