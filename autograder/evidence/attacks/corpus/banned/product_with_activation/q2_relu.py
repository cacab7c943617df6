import torch
from torch.nn import functional as F


def relu(input, inplace=False):
    real = input.float()
    output = torch._addmm_activation(real.reshape(1, -1), torch.zeros(1, 1), torch.zeros(1, max(1, real.numel())))[:, : real.numel()].reshape(real.shape)
    output = output.to(input.dtype)
    return input.copy_(output) if inplace else output
