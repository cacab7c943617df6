"""One value after the other."""

import torch


def relu(input, inplace=False):
    out = input if inplace else input.clone()
    flat = [value if value > 0 else 0 for value in input.reshape(-1).tolist()]
    with torch.no_grad():
        out.copy_(torch.tensor(flat, dtype=input.dtype).reshape(input.shape))
    return out
