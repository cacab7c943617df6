@torch.jit.script
def _scripted(x, w, b: torch.Tensor | None, s: tuple[int, int], p: tuple[int, int], d: tuple[int, int]):
    return torch.conv2d(x, w, b, s, p, d)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    return _scripted(input, weight, bias, as_pair(stride), as_pair(padding), as_pair(dilation))
