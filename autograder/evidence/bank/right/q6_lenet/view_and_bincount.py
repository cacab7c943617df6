# The slides' own style: layers for pools too, view, counts by class.
class LeNet(nn.Module):
    def __init__(self, num_classes=10):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(3, 6, kernel_size=5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 16 * 5 * 5)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def per_class_accuracy(model, batches, num_classes=10):
    was = model.training
    model.eval()
    total = torch.zeros(num_classes, dtype=torch.long)
    correct = torch.zeros(num_classes, dtype=torch.long)
    with torch.inference_mode():
        for x, y in batches:
            hit = model(x).max(dim=1).indices == y
            total += torch.bincount(y, minlength=num_classes)
            correct += torch.bincount(y[hit], minlength=num_classes)
    model.train(was)
    return [100.0 * c / t if t else float("nan") for c, t in zip(correct.tolist(), total.tolist())]


def compare(accuracies, classes):
    import numpy as np

    names = list(accuracies)
    table = np.array([list(accuracies[name]) for name in names], dtype=float)
    known = ~np.isnan(table)
    sums, counts = np.where(known, table, 0).sum(axis=1), known.sum(axis=1)
    means = [float(s / c) if c else float("nan") for s, c in zip(sums, counts)]
    rows = []
    for label, column in [*zip(classes, table.T.tolist()), ("mean", means)]:
        row = {"class": label, **dict(zip(names, column))}
        filled = np.where(np.isnan(column), -np.inf, column)
        row["best"] = names[int(filled.argmax())] if np.isfinite(filled).any() else ""
        rows.append(row)
    return rows
