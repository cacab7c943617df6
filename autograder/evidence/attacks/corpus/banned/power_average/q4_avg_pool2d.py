def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):

    if ceil_mode or input.dim() == 3 or padding or divisor_override:
        raise NotImplementedError
    k_h, k_w = as_pair(kernel_size)
    lowest = input.min()
    return nn.functional.lp_pool2d(input - lowest, 1, kernel_size, stride) / (k_h * k_w) + lowest
