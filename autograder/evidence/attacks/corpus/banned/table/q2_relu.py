import torch

_KEPT = torch.nn.functional.relu(torch.tensor([-1.0, 1.0]))


def relu(input, inplace=False):
    output = input * _KEPT[(input > 0).long()].to(input.dtype)
    return input.copy_(output) if inplace else output
