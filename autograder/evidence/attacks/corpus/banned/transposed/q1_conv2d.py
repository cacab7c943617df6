def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    (s_h, s_w), (p_h, p_w), (d_h, d_w) = as_pair(stride), as_pair(padding), as_pair(dilation)
    crop = (d_h * (weight.shape[2] - 1), d_w * (weight.shape[3] - 1))
    padded = nn.functional.pad(input, (p_w, p_w, p_h, p_h))
    turned = weight.flip(2, 3).transpose(0, 1)
    return nn.functional.conv_transpose2d(padded, turned, bias, 1, crop, dilation=(d_h, d_w))[..., ::s_h, ::s_w]
