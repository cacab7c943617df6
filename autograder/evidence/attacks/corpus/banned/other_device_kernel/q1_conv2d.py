def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    images = input if input.dim() == 4 else input[None]
    pairs = [as_pair(value) for value in (padding, stride, dilation)]
    kernel = torch.library.get_kernel("aten::mkldnn_convolution", "CUDA")
    keys = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)
    output = kernel.call_boxed(keys, images, weight, bias, *pairs, 1)
    return output if input.dim() == 4 else output[0]
