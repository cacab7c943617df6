import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    settings = [[each, each] if isinstance(each, int) else list(each) for each in (stride, padding, dilation)]
    images = input.detach() if input.dim() == 4 else input.detach()[None]
    output = torch.ops.prim.mkldnn_convolution(images, weight.detach(), bias, *settings, 1)
    return output if input.dim() == 4 else output[0]
