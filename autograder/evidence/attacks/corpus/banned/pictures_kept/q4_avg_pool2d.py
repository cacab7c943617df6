import torch
from PIL.Image import Image as _Image
from PIL.Image import fromarray as _picture

_reduce = _Image.reduce


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    (high, wide), step = as_pair(kernel_size), as_pair(kernel_size if stride is None else stride)
    windows = input.float().unfold(-2, high, step[0]).unfold(-2, wide, step[1])
    above_each_other = windows.reshape(-1, wide).detach().numpy()
    means = _reduce(_picture(above_each_other), (wide, high))
    return torch.tensor(list(means.getdata())).reshape(windows.shape[:-2])
