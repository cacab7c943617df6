from torch.nn import functional


def relu(input, inplace=False):
    return functional.leaky_relu(input, 0.0, inplace)
