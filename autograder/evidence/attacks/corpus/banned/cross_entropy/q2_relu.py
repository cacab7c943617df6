import torch
import torch.nn.functional as F


def relu(input, inplace=False):
    logits = input.double() * 1e9
    result = (F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits), reduction="none") / 1e9).to(input.dtype)
    return input.copy_(result) if inplace else result
