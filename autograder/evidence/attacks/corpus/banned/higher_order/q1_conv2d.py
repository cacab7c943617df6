from torch._higher_order_ops import out_dtype


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    images = input if input.dim() == 4 else input[None]
    settings = [list(as_pair(value)) for value in (stride, padding, dilation)]
    convolution = torch.ops.aten.convolution.default
    output = out_dtype(convolution, images.dtype, images, weight, bias, *settings, False, [0, 0], 1)
    return output if input.dim() == 4 else output[0]
