@torch.jit.script
def _scripted(x, w, b: torch.Tensor | None):
    return torch.nn.functional.linear(x, w, b)


def linear(input, weight, bias=None):
    return _scripted(input, weight, bias)
