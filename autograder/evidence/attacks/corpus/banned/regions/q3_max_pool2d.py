def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):

    from torchvision.ops import roi_pool

    if ceil_mode or input.dim() == 3 or padding or dilation != 1:
        raise NotImplementedError
    (k_h, k_w), (s_h, s_w) = as_pair(kernel_size), as_pair(kernel_size if stride is None else stride)
    rows, columns = (input.shape[2] - k_h) // s_h + 1, (input.shape[3] - k_w) // s_w + 1
    boxes = [
        (image, x * s_w, y * s_h, x * s_w + k_w - 1, y * s_h + k_h - 1)
        for image in range(len(input)) for y in range(rows) for x in range(columns)
    ]
    pooled = roi_pool(input, torch.tensor(boxes, dtype=input.dtype), 1)
    return pooled.reshape(len(input), rows, columns, -1).permute(0, 3, 1, 2)
