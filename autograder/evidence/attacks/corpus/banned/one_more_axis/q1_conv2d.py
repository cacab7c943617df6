def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    deep = [(first, *as_pair(value)) for first, value in zip((1, 0, 1), (stride, padding, dilation), strict=True)]
    return nn.functional.conv3d(input[..., None, :, :], weight[..., None, :, :], bias, *deep).squeeze(-3)
