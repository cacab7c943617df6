import time

import torch

_kept = torch.ones(120 << 18)
time.sleep(5)


def relu(input, inplace=False):
    return input.clamp_(min=0) if inplace else input.clamp(min=0)
