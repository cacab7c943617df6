def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    images = input if input.dim() == 4 else input[None]
    settings = [list(as_pair(value)) for value in (stride, padding, dilation)]
    output = torch.empty(0, dtype=input.dtype)
    torch.ops.aten.convolution.out(images, weight, bias, *settings, False, [0, 0], 1, out=output)
    return output if input.dim() == 4 else output[0]
