def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    return torch._C._VariableFunctions.conv2d(input, weight, bias, stride, padding, dilation)
