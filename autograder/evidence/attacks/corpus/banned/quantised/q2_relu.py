import torch
from torch.nn import functional as F


def relu(input, inplace=False):
    real = input.float()
    output = torch.fake_quantize_per_tensor_affine(real, 1e-6, 0, 0, 2**31 - 1)
    output = output.to(input.dtype)
    return input.copy_(output) if inplace else output
