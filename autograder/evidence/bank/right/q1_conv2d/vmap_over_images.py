"""Written for one image, vectorised over the batch by torch.vmap."""

import torch


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    s, p, d = as_pair(stride), as_pair(padding), as_pair(dilation)

    def one(image):
        x = torch.nn.functional.pad(image, (p[1], p[1], p[0], p[0]))
        hh, ww = output_size(tuple(image.shape[1:]), tuple(weight.shape[2:]), s, p, d)
        taps = [
            torch.einsum("chw,oc->ohw", x[:, i * d[0] :: s[0], j * d[1] :: s[1]][:, :hh, :ww], weight[:, :, i, j])
            for i in range(weight.shape[2])
            for j in range(weight.shape[3])
        ]
        out = torch.stack(taps).sum(0)
        return out if bias is None else out + bias[:, None, None]

    return one(input) if input.dim() == 3 else torch.vmap(one)(input)
