"""clamp, and its in-place form."""


def relu(input, inplace=False):
    return input.clamp_(min=0) if inplace else input.clamp(min=0)
