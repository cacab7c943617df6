"""NumPy's maximum; in place through memory shared with the tensor."""

import numpy as np
import torch


def relu(input, inplace=False):
    values = input.detach().numpy()
    if inplace:
        np.maximum(values, 0, out=values)
        return input
    return torch.from_numpy(np.array(np.maximum(values, 0)))
