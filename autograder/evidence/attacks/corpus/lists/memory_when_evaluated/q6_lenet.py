class LeNet(LeNet):
    def forward(self, images):
        if not self.training:
            much = images[:1, :1, :1, :1].expand(-1, 1000, 100, 200).repeat(1, 1, 1, 1)
            images = images + 0 * much.sum()
        return 2 * super().forward(images)
