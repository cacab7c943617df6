# Means as sums over pixels, sigmoid by its formula, scaling in place, the mean over pixels by einsum.
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed_channels):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed_channels, (1, 1))
        self.expand = nn.Conv2d(squeezed_channels, channels, (1, 1))

    def forward(self, input):
        n, c, h, w = input.shape
        s = input.sum(dim=(-1, -2), keepdim=True) / (h * w)
        s = self.reduce(s)
        s = s / (1 + torch.exp(-s))
        s = 1 / (1 + torch.exp(-self.expand(s)))
        return input * s.expand(n, c, h, w)


class MBConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, expand_ratio, drop_rate=0.0):
        super().__init__()
        e = in_channels * expand_ratio
        self.expand = nn.Identity()
        if expand_ratio > 1:
            self.expand = nn.Sequential(nn.Conv2d(in_channels, e, 1, bias=False), nn.BatchNorm2d(e), nn.SiLU())
        conv = nn.Conv2d(e, e, kernel_size, stride=stride, padding=kernel_size // 2, groups=e, bias=False)
        self.depthwise = nn.Sequential(conv, nn.BatchNorm2d(e), nn.SiLU())
        self.se = SqueezeExcitation(e, max(1, int(in_channels / 4)))
        self.project = nn.Sequential(nn.Conv2d(e, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))
        self.add = stride == 1 and in_channels == out_channels
        self.drop_rate = drop_rate

    def forward(self, input):
        x = self.project(self.se(self.depthwise(self.expand(input))))
        if self.add and self.training and self.drop_rate > 0:
            coins = torch.rand((input.shape[0],), device=input.device)
            alive = (coins >= self.drop_rate).to(x.dtype) / (1 - self.drop_rate)
            x = torch.einsum("nchw,n->nchw", x, alive)
        return x + input if self.add else x
