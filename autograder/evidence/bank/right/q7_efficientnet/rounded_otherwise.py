# Only the two functions of rounding are written anew, with whole numbers and with round.
def round_filters(filters, width, divisor=8):
    scaled = width * filters
    below = math.floor(scaled / divisor) * divisor
    nearest = below + divisor if scaled - below >= divisor / 2 else below
    nearest = max(nearest, divisor)
    return nearest if nearest >= scaled * 0.9 else nearest + divisor


def round_repeats(repeats, depth):
    product = repeats * depth
    return int(product) if product == int(product) else int(product) + 1


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed_channels):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed_channels, 1, bias=True)
        self.expand = nn.Conv2d(squeezed_channels, channels, 1, bias=True)
        self.act, self.gate = nn.SiLU(), nn.Sigmoid()

    def forward(self, input):
        return torch.mul(input, self.gate(self.expand(self.act(self.reduce(F.adaptive_avg_pool2d(input, (1, 1)))))))
