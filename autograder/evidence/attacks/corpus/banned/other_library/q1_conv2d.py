def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    from torchvision.ops import deform_conv2d

    if input.dim() == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation)[0]
    lengths = []
    for axis in (0, 1):
        s, p, d = (as_pair(value)[axis] for value in (stride, padding, dilation))
        lengths.append((input.shape[2 + axis] + 2 * p - d * (weight.shape[2 + axis] - 1) - 1) // s + 1)
    nowhere = input.new_zeros(len(input), 2 * weight.shape[2] * weight.shape[3], *lengths)
    pairs = [as_pair(value) for value in (stride, padding, dilation)]
    return deform_conv2d(input, nowhere, weight, bias, *pairs)
