def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    images = input if input.dim() == 4 else input[None]
    pairs = [as_pair(value) for value in (stride, padding, dilation)]
    packed = torch.ops.mkldnn_prepacked.conv2d_prepack(weight, bias, *pairs, 1, images.shape, "none")
    output = torch.ops.mkldnn_prepacked.conv2d_run(images, packed)
    return output if input.dim() == 4 else output[0]
