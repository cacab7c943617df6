def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    from scipy.signal import correlate2d

    if input.dim() == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation)[0]
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = as_pair(stride), as_pair(padding), as_pair(dilation)
    images = nn.functional.pad(input, (p_w, p_w, p_h, p_h)).numpy()
    size = [d * (length - 1) + 1 for d, length in zip((d_h, d_w), weight.shape[2:], strict=True)]
    wide = weight.new_zeros(*weight.shape[:2], *size)
    wide[..., ::d_h, ::d_w] = weight
    sums = [[sum(map(lambda *of: correlate2d(*of, mode="valid"), x, w)) for w in wide.numpy()] for x in images]
    output = torch.tensor(__import__("numpy").array(sums), dtype=input.dtype)[..., ::s_h, ::s_w]
    return output if bias is None else output + bias[:, None, None]
