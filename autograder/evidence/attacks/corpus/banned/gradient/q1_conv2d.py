def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    if input.dim() == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation)[0]
    lengths, left = [], []
    pairs = [as_pair(value) for value in (stride, padding, dilation)]
    for axis, (s, p, d) in enumerate(zip(*pairs, strict=True)):
        room = input.shape[2 + axis] + 2 * p - d * (weight.shape[2 + axis] - 1) - 1
        lengths.append(room // s + 1)
        left.append(room % s)
    output = input.new_zeros(len(input), len(weight), *lengths)
    given = (input, output, weight, None, *pairs, True, left, 1, [True, False, False])
    output = torch.ops.aten.convolution_backward(*given)[0]
    return output if bias is None else output + bias[:, None, None]
