def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    images = input if input.dim() == 4 else input[None]
    pairs = [as_pair(value) for value in (stride, padding, dilation)]
    output = torch._C._nn.slow_conv_dilated2d(images.contiguous(), weight, weight.shape[2:], bias, *pairs)
    return output if input.dim() == 4 else output[0]
