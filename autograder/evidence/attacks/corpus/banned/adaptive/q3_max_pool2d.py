def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):

    if ceil_mode or input.dim() == 3:
        raise NotImplementedError
    (k_h, k_w), (p_h, p_w), (d_h, d_w) = as_pair(kernel_size), as_pair(padding), as_pair(dilation)
    s_h, s_w = as_pair(kernel_size if stride is None else stride)
    padded = nn.functional.pad(input, (p_w, p_w, p_h, p_h), value=float("-inf"))
    windows = padded.unfold(2, d_h * (k_h - 1) + 1, s_h).unfold(3, d_w * (k_w - 1) + 1, s_w)[..., ::d_h, ::d_w]
    flat = windows.reshape(1, -1, k_h, k_w)
    return nn.functional.adaptive_max_pool2d(flat, 1).reshape(windows.shape[:4])
