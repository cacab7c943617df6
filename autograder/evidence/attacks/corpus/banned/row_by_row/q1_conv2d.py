def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):

    if input.dim() == 3:
        return conv2d(input[None], weight, bias, stride, padding, dilation)[0]
    (s_h, s_w), (p_h, p_w), (d_h, d_w) = as_pair(stride), as_pair(padding), as_pair(dilation)
    padded = nn.functional.pad(input, (p_w, p_w, p_h, p_h)).permute(3, 0, 2, 1)
    taps, columns = weight.shape[2], d_w * (weight.shape[3] - 1) + 1
    rows = padded.shape[2] - d_h * (taps - 1)
    wide = weight.new_zeros(columns, weight.shape[1], weight.shape[0])
    output = 0
    for tap in range(taps):
        wide[::d_w] = weight[:, :, tap].permute(2, 1, 0)
        part = padded[:, :, tap * d_h : tap * d_h + rows : s_h]
        flat = part.reshape(len(part), -1, part.shape[3])
        sums = torch.conv_tbc(flat, wide, weight.new_zeros(weight.shape[0]))[::s_w]
        output = output + sums.reshape(len(sums), *part.shape[1:3], -1)
    output = output.permute(1, 3, 2, 0)
    return output if bias is None else output + bias[:, None, None]
