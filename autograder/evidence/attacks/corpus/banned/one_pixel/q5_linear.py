def linear(input, weight, bias=None):

    rows = input.reshape(-1, input.shape[-1], 1)
    return nn.functional.conv1d(rows, weight[..., None], bias).reshape(*input.shape[:-1], -1)
