# A weight that is not contiguous is made so before it is viewed as a matrix.


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    if input.dim() == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation)[0]
    kernel = tuple(weight.shape[2:])
    columns = nn.functional.unfold(input, kernel, as_pair(dilation), as_pair(padding), as_pair(stride))
    output = weight.contiguous().view(len(weight), -1) @ columns
    if bias is not None:
        output = output + bias.view(-1, 1)
    return output.view(len(input), len(weight), *output_size(input.shape[2:], kernel, stride, padding, dilation))
