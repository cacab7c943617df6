def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):

    stride = kernel_size if stride is None else stride
    pairs = [as_pair(value) for value in (kernel_size, stride, padding, dilation)]
    for axis in (0, 1):
        lines = input.transpose(-1, axis - 2)
        settings = [pair[axis] for pair in pairs]
        pooled = nn.functional.max_pool1d(lines.reshape(1, -1, lines.shape[-1]), *settings, ceil_mode)
        input = pooled.reshape(*lines.shape[:-1], -1).transpose(-1, axis - 2)
    return input
