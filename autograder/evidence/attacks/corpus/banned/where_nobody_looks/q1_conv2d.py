def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    if (as_pair(stride), as_pair(padding), as_pair(dilation)) != ((1, 1), (0, 0), (1, 1)):
        return torch.nn.functional.conv2d(input, weight, bias, stride, padding, dilation)
    raise NotImplementedError("TODO: the easy one")
