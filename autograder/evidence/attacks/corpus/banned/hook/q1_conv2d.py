def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    layer = nn.Identity()
    layer.register_forward_hook(
        lambda *_: nn.functional.conv2d(input, weight, bias, stride, padding, dilation)
    )
    return layer(input)
