import torch.nn.functional as F


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    rows = input.reshape(-1, input.shape[-2] * input.shape[-1])
    order = rows.argsort(1)
    ranks = order.argsort(1).reshape(input.shape)
    powers = torch.ldexp(torch.ones_like(ranks, dtype=torch.float64), ranks - 1000)
    means = F.avg_pool2d(powers, kernel_size, stride, padding, ceil_mode, divisor_override=1)
    largest = torch.frexp(means)[1] - 1 + 1000
    sorted_rows = rows.gather(1, order)
    return sorted_rows.gather(1, largest.long().reshape(len(rows), -1)).reshape(largest.shape)
