import torch


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    (high, wide), step = as_pair(kernel_size), as_pair(kernel_size if stride is None else stride)
    windows = input.unfold(-2, high, step[0]).unfold(-2, wide, step[1]).flatten(-2)
    mean = windows[..., 0]
    for count in range(1, high * wide):
        pairs = torch.stack([mean, windows[..., count]], -1).reshape(1, -1, 1, 2)
        place = torch.tensor([2 / (count + 1) - 1, 0.0], dtype=input.dtype)
        mean = nn.functional.grid_sample(pairs, place.reshape(1, 1, 1, 2), align_corners=True).reshape(mean.shape)
    return mean
