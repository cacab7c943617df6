# x · sigmoid(x) for SiLU, einsum for the weighing, F.dropout on a tensor of ones for drop-connect.
class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed_channels):
        super().__init__()
        self.expand = nn.Conv2d(squeezed_channels, channels, 1)  # another order of making
        self.reduce = nn.Conv2d(channels, squeezed_channels, 1)

    def forward(self, input):
        s = input.flatten(2).mean(2)
        s = F.linear(s, self.reduce.weight[:, :, 0, 0], self.reduce.bias)
        s = s * s.sigmoid()
        s = F.linear(s, self.expand.weight[:, :, 0, 0], self.expand.bias).sigmoid()
        return torch.einsum("nchw,nc->nchw", input, s)


class MBConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, expand_ratio, drop_rate=0.0):
        super().__init__()
        e = in_channels * expand_ratio
        self.expand = None
        if expand_ratio != 1:
            self.expand = nn.Sequential(nn.Conv2d(in_channels, e, 1, bias=False), nn.BatchNorm2d(e), nn.SiLU())
        self.depthwise = nn.Sequential(
            nn.Conv2d(e, e, kernel_size, stride, padding=kernel_size // 2, groups=e, bias=False),
            nn.BatchNorm2d(e),
            nn.SiLU(),
        )
        self.se = SqueezeExcitation(e, in_channels // 4 or 1)
        self.project = nn.Sequential(nn.Conv2d(e, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))
        self.same = (stride, in_channels) == (1, out_channels)
        self.drop_rate = drop_rate

    def forward(self, input):
        x = input if self.expand is None else self.expand(input)
        x = self.project(self.se(self.depthwise(x)))
        if self.same:
            ones = torch.ones(x.size(0), 1, 1, 1, device=x.device)
            x = x * F.dropout(ones, self.drop_rate, self.training) + input
        return x
