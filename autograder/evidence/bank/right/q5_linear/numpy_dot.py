"""NumPy in the function; the layer multiplies and adds up, so that it learns."""

import numpy as np
import torch
from torch import nn


def linear(input, weight, bias=None):
    out = np.dot(input.detach().numpy(), weight.detach().numpy().T)
    out = out + (0 if bias is None else bias.detach().numpy())
    return torch.from_numpy(np.asarray(out, dtype=input.detach().numpy().dtype))


class FullyConnected(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(in_features**-0.5), in_features**-0.5)

    def forward(self, input):
        out = (input.unsqueeze(-2) * self.weight).sum(-1)
        return out if self.bias is None else out + self.bias
