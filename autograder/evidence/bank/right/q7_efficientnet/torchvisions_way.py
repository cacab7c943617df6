# Stochastic depth with a mask filled in place; units that are a class of their own; blocks collected stage by stage.
class ConvUnit(nn.Sequential):
    def __init__(self, inputs, outputs, size, stride=1, groups=1, act=True):
        conv = nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(outputs), *[nn.SiLU(True)] * act)


class MBConv(nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, expand_ratio, drop_rate=0.0):
        super().__init__()
        wide = in_channels * expand_ratio
        if wide != in_channels:
            self.expand = ConvUnit(in_channels, wide, 1)
        self.depthwise = ConvUnit(wide, wide, kernel_size, stride, wide)
        self.se = SqueezeExcitation(wide, max(1, in_channels // 4))
        self.project = ConvUnit(wide, out_channels, 1, act=False)
        self.residual = (stride, in_channels) == (1, out_channels)
        self.survival = 1.0 - drop_rate

    def forward(self, x):
        y = self.expand(x) if "expand" in dict(self.named_children()) else x
        y = self.project(self.se(self.depthwise(y)))
        if not self.residual:
            return y
        if self.training and self.survival < 1:
            mask = torch.empty([x.shape[0], 1, 1, 1], dtype=x.dtype, device=x.device)
            y = y * mask.bernoulli_(self.survival).div_(self.survival)
        return y.add(x)


class EfficientNet(nn.Module):
    def __init__(self, width=1.0, depth=1.0, num_classes=10, stem_stride=2, dropout=0.2, drop_connect=0.2):
        super().__init__()
        inputs = round_filters(32, width)
        self.stem = ConvUnit(3, inputs, 3, stem_stride)
        rows = [(t, round_filters(c, width), s if not i else 1, k) for t, c, n, s, k in STAGES for i in range(round_repeats(n, depth))]
        self.blocks = nn.Sequential()
        for number, (ratio, outputs, stride, size) in enumerate(rows):
            rate = drop_connect * number / len(rows)
            self.blocks.append(MBConv(inputs, outputs, size, stride, ratio, rate))
            inputs = outputs
        last = round_filters(1280, width)
        self.head = ConvUnit(inputs, last, 1)
        self.classifier = nn.Linear(last, num_classes)
        self.p = dropout

    def forward(self, images):
        x = self.stem(images)
        for block in self.blocks:
            x = block(x)
        x = F.adaptive_avg_pool2d(self.head(x), 1).squeeze(-1).squeeze(-1)
        return self.classifier(F.dropout(x, p=self.p, training=self.training))
