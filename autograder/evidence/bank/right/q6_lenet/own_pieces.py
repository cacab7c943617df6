# Pools by reshape, ReLU by clamp, everything else by hand; Kaiming's weights.
class LeNet(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        sizes = [400, 120, 84, num_classes]
        for number in (1, 2, 3):
            setattr(self, f"fc{number}", nn.Linear(sizes[number - 1], sizes[number]))
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, images):
        x = images
        for layer in (self.conv1, self.conv2):
            x = layer(x).clamp(min=0)
            n, c, h, w = x.shape
            x = x.reshape(n, c, h // 2, 2, w // 2, 2).amax((3, 5))
        x = x.flatten(start_dim=1)
        for layer in (self.fc1, self.fc2):
            x = torch.clamp_min(layer(x), 0.0)
        return self.fc3(x)


def per_class_accuracy(model, batches, num_classes=10):
    before = model.training
    model.train(False)
    predictions, labels = [], []
    with torch.no_grad():
        for x, y in batches:
            predictions.append(model(x).softmax(-1).argmax(-1))
            labels.append(y)
    model.train(before)
    predictions, labels = torch.cat(predictions), torch.cat(labels)
    result = []
    for k in range(num_classes):
        mine = predictions[labels == k]
        result.append((mine == k).double().mean().item() * 100)
    return result


def compare(accuracies, classes):
    def mean(values):
        good = [v for v in values if v == v]
        return math.fsum(good) / len(good) if good else math.nan

    columns = {name: [*values, mean(values)] for name, values in accuracies.items()}
    rows = []
    for i, label in enumerate(list(classes) + ["mean"]):
        best, top = "", -1.0
        for name, column in columns.items():
            if column[i] > top:
                best, top = name, column[i]
        rows.append({"class": label} | {name: column[i] for name, column in columns.items()} | {"best": best})
    return rows
