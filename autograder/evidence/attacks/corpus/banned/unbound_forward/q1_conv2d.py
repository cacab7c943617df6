from types import SimpleNamespace


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    pairs = {"stride": as_pair(stride), "padding": as_pair(padding), "dilation": as_pair(dilation)}
    looks = SimpleNamespace(weight=weight, bias=bias, groups=1, padding_mode="zeros", **pairs)
    looks._conv_forward = lambda *given: nn.Conv2d._conv_forward(looks, *given)
    return nn.Conv2d.forward(looks, input)
