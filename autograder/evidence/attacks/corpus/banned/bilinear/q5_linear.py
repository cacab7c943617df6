def linear(input, weight, bias=None):
    ones = input.new_ones(*input.shape[:-1], 1)
    return nn.functional.bilinear(input, ones, weight[..., None], bias)
