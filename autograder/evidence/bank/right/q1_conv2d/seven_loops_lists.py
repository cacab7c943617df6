"""Seven nested loops over plain Python lists."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    if input.dim() == 3:
        return conv2d(input.unsqueeze(0), weight, bias, stride, padding, dilation).squeeze(0)
    (sh, sw), (ph, pw), (dh, dw) = as_pair(stride), as_pair(padding), as_pair(dilation)
    n, c, h, w = input.shape
    o, _, kh, kw = weight.shape
    hh, ww = output_size((h, w), (kh, kw), stride, padding, dilation)
    xs, ws = input.tolist(), weight.tolist()
    bs = [0.0] * o if bias is None else bias.tolist()
    out = [[[[0.0] * ww for _ in range(hh)] for _ in range(o)] for _ in range(n)]
    for a in range(n):
        for b in range(o):
            for y in range(hh):
                for x in range(ww):
                    total = bs[b]
                    for k in range(c):
                        for i in range(kh):
                            for j in range(kw):
                                row, col = y * sh + i * dh - ph, x * sw + j * dw - pw
                                if 0 <= row < h and 0 <= col < w:
                                    total += xs[a][k][row][col] * ws[b][k][i][j]
                    out[a][b][y][x] = total
    return torch.tensor(out, dtype=input.dtype)
