import torch
from torch.nn import functional as F


def relu(input, inplace=False):
    real = input.float()
    output = F.margin_ranking_loss(real, torch.zeros_like(real), -torch.ones_like(real), reduction="none")
    output = output.to(input.dtype)
    return input.copy_(output) if inplace else output
