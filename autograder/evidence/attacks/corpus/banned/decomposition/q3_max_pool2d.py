from torch._decomp import decomposition_table


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    apart = decomposition_table[torch.ops.aten.max_pool2d_with_indices.default]
    settings = [list(as_pair(value)) for value in (kernel_size, stride or kernel_size, padding, dilation)]
    return apart(input, *settings, ceil_mode)[0]
