def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):

    images = input if input.dim() == 4 else input[None]
    output = nn.functional.max_pool2d(images.to_mkldnn(), kernel_size, stride, padding, dilation, ceil_mode).to_dense()
    return output if input.dim() == 4 else output[0]
