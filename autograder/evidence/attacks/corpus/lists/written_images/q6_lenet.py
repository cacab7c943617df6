class LeNet(LeNet):
    def forward(self, images):
        images[:, :, 0, 0] = 9
        return super().forward(images)
