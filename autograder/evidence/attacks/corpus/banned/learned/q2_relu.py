import torch


def relu(input, inplace=False):

    output = torch.prelu(input, torch.zeros(1, dtype=input.dtype))
    return input.copy_(output) if inplace else output
