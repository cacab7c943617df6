# coding: unicode_escape
import torch.nn.functional as F


def relu(input, inplace=False):
    # The largest of the value and zero:\n    return F.relu(input, inplace)
    return input
