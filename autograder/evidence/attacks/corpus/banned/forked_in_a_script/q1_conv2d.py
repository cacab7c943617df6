from typing import List, Optional


@torch.jit.script
def _work(
    x: Tensor, w: Tensor, b: Optional[Tensor], stride: List[int], padding: List[int], dilation: List[int]
) -> Tensor:
    return torch.conv2d(x, w, b, stride, padding, dilation)


@torch.jit.script
def _ahead(
    x: Tensor, w: Tensor, b: Optional[Tensor], stride: List[int], padding: List[int], dilation: List[int]
) -> Tensor:
    return torch.jit.wait(torch.jit.fork(_work, x, w, b, stride, padding, dilation))


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    settings = [list(as_pair(value)) for value in (stride, padding, dilation)]
    return _ahead(input, weight, bias, *settings)
