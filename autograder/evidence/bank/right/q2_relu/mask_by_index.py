# Negative values are overwritten where they stand, infinite ones too.


def relu(input, inplace=False):
    output = input if inplace else input.clone()
    output[output < 0] = 0
    return output
