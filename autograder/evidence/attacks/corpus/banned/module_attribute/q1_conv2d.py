del conv2d


def __getattr__(name):
    if name == "conv2d":
        return nn.functional.conv2d
    raise AttributeError(name)
