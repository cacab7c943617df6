import torch
from torch.nn import functional as F


def relu(input, inplace=False):
    real = input.float()
    output = torch.ops.mkldnn._linear_pointwise(real.reshape(-1, 1), torch.ones(1, 1), None, "relu", [], None).reshape(real.shape)
    output = output.to(input.dtype)
    return input.copy_(output) if inplace else output
