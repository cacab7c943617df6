import torch
from torch.nn import functional as F


def relu(input, inplace=False):
    real = input.float()
    output = F.glu(torch.cat([real[None], real[None] * 1e30]), 0)[0]
    output = output.to(input.dtype)
    return input.copy_(output) if inplace else output
