import torch


def relu(input, inplace=False):

    rows = input.reshape(-1, 1)
    keep, nothing = torch.ones(1, 1, dtype=input.dtype), torch.zeros(1, 1, dtype=input.dtype)
    output = torch.rnn_relu_cell(rows, torch.zeros_like(rows), keep, nothing).reshape(input.shape)
    return input.copy_(output) if inplace else output
