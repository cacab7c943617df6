# Whole images dropped by treating each as one channel of a picture; modules in a list that becomes a Sequential.
class MBConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, expand_ratio, drop_rate=0.0):
        super().__init__()
        wide = expand_ratio * in_channels

        def unit(*modules):
            return nn.Sequential(*modules)

        if expand_ratio != 1:
            self.expand = unit(nn.Conv2d(in_channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.SiLU())
        pad = kernel_size // 2
        conv = nn.Conv2d(wide, wide, kernel_size, stride, pad, groups=wide, bias=False)
        self.depthwise = unit(conv, nn.BatchNorm2d(wide), nn.SiLU())
        self.se = SqueezeExcitation(wide, max(in_channels // 4, 1))
        self.project = unit(nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))
        self.shortcut = stride == 1 and in_channels == out_channels
        self.drop = nn.Dropout2d(drop_rate)

    def forward(self, x):
        y = self.expand(x) if "expand" in self._modules else x.clone()
        y = self.project(self.se(self.depthwise(y)))
        if self.shortcut:
            # (1, N, C·H, W): Dropout2d drops along the second axis, and scales what it keeps.
            y = self.drop(y.flatten(1).unsqueeze(0).unsqueeze(3)).reshape(y.shape) + x
        return y
