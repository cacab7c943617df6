# Pooling before ReLU, which is the same; the layers in a dictionary by name, kept as attributes too.
class LeNet(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        layers = dict(
            conv1=nn.Conv2d(3, 6, 5),
            conv2=nn.Conv2d(6, 16, 5),
            fc1=nn.Linear(400, 120),
            fc2=nn.Linear(120, 84),
            fc3=nn.Linear(84, num_classes),
        )
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, images):
        x = images
        for name in ("conv1", "conv2"):
            x = F.max_pool2d(getattr(self, name)(x), 2).relu()
        x = torch.cat([x[:, channel].flatten(1) for channel in range(x.shape[1])], dim=1)
        *hidden, last = self.fc1, self.fc2, self.fc3
        for layer in hidden:
            x = layer(x).relu_()
        return last(x)
