def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    def wanted(x, w):
        return nn.functional.conv2d(x, w, bias, stride, padding, dilation)

    return torch.jit.trace(wanted, (input, weight), check_trace=False)(input, weight)
