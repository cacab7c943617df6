# Pools as layers, activations as modules, drop-connect by bernoulli; arithmetic by the authors' own formulas.
def round_filters(filters, width, divisor=8):
    filters *= width
    new = max(divisor, int(filters + divisor / 2) // divisor * divisor)
    if new < 0.9 * filters:
        new += divisor
    return int(new)


def round_repeats(repeats, depth):
    return int(math.ceil(depth * repeats))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed_channels):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed_channels, kernel_size=1)
        self.act = nn.SiLU()
        self.expand = nn.Conv2d(squeezed_channels, channels, kernel_size=1)
        self.gate = nn.Sigmoid()

    def forward(self, x):
        return self.gate(self.expand(self.act(self.reduce(self.pool(x))))) * x


class MBConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, expand_ratio, drop_rate=0.0):
        super().__init__()
        hidden = in_channels * expand_ratio
        layers = []
        if expand_ratio > 1:
            self.expand = self._unit(in_channels, hidden, 1, 1, 1, True)
        self.depthwise = self._unit(hidden, hidden, kernel_size, stride, hidden, True)
        self.se = SqueezeExcitation(hidden, max(1, int(in_channels * 0.25)))
        self.project = self._unit(hidden, out_channels, 1, 1, 1, False)
        self.residual = stride == 1 and in_channels == out_channels
        self.p = drop_rate

    @staticmethod
    def _unit(i, o, k, s, g, act):
        parts = [nn.Conv2d(i, o, k, stride=s, padding=(k - 1) // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
        return nn.Sequential(*parts, *([nn.SiLU()] if act else []))

    def forward(self, x):
        y = x
        for name in ("expand", "depthwise", "se", "project"):
            layer = getattr(self, name, None)
            y = y if layer is None else layer(y)
        if self.residual:
            if self.training and self.p:
                keep = 1.0 - self.p
                mask = torch.bernoulli(torch.full((y.shape[0], 1, 1, 1), keep)).to(y)
                y = y.div(keep) * mask
            y = y + x
        return y


class EfficientNet(nn.Module):
    def __init__(self, width=1.0, depth=1.0, num_classes=10, stem_stride=2, dropout=0.2, drop_connect=0.2):
        super().__init__()
        plan, channels = [], round_filters(32, width)
        first = channels
        for t, c, n, s, k in STAGES:
            c = round_filters(c, width)
            for i in range(round_repeats(n, depth)):
                plan.append((channels, c, k, s if i == 0 else 1, t))
                channels = c
        self.stem = nn.Sequential(nn.Conv2d(3, first, 3, stem_stride, 1, bias=False), nn.BatchNorm2d(first), nn.SiLU())
        self.blocks = nn.Sequential(*(MBConv(*p, drop_connect * i / len(plan)) for i, p in enumerate(plan)))
        last = round_filters(1280, width)
        self.head = nn.Sequential(nn.Conv2d(channels, last, 1, bias=False), nn.BatchNorm2d(last), nn.SiLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(dropout)
        self.classifier = nn.Linear(last, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.pool(self.head(self.blocks(self.stem(x))))
        return self.classifier(self.drop(torch.flatten(x, 1)))
