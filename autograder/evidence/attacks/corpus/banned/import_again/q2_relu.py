import importlib
import sys

import torch.nn.functional as F

if "_waiting" in globals():
    _result = F.relu(_waiting)


def relu(input, inplace=False):
    global _waiting
    _waiting = input
    module = importlib.reload(sys.modules[__name__])
    return input.copy_(module._result) if inplace else module._result
