"""Question 6: LeNet on CIFAR-10.

You put the pieces of questions 1 to 5 together, now with torch's own layers: a network of two convolutions and three
fully connected layers. Then you measure its accuracy, class by class, and compare it with the network of Week 8.
`python -m assignment train week8 lenet` trains both and shows your table.

Sources: the slides of the lab; LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition" (1998), in the form that is common today: ReLU for tanh, max pooling for averages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LeNet(nn.Module):
    """LeNet-5 for colour images of 32 × 32 pixels.

        layer                                    output for one image
        conv1  3 → 6 channels, kernel 5          6 × 28 × 28
        ReLU, max pooling, window 2              6 × 14 × 14
        conv2  6 → 16 channels, kernel 5         16 × 10 × 10
        ReLU, max pooling, window 2              16 × 5 × 5
        flatten, channel by channel              400
        fc1    400 → 120, ReLU                   120
        fc2    120 → 84, ReLU                    84
        fc3    84 → num_classes                  num_classes

    Nothing comes after fc3: the loss takes logits and turns them into probabilities itself. With ten classes there
    are 62,006 parameters; count conv1's on paper: 6·3·5·5 weights and 6 biases.

    Attributes:
        conv1, conv2, fc1, fc2, fc3: the five layers with parameters, under these names (tests load weights into
            them). There are no others.
    """

    def __init__(self, num_classes: int = 10) -> None:
        """Make the layers.

        Args:
            num_classes: length of the output's last axis.
        """
        super().__init__()
        ### BEGIN SOLUTION
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)
        ### END SOLUTION

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, 3, 32, 32)."""
        ### BEGIN SOLUTION
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        logits: Tensor = self.fc3(x)
        return logits
        ### END SOLUTION


def per_class_accuracy(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], num_classes: int = 10
) -> list[float]:
    """Measure how many images of each class a model recognises: those whose largest logit is that of their class.

    On paper: labels [0, 0, 0, 2] and predictions [0, 1, 0, 2] with three classes give [66.67, nan, 100.0].

    The model is called in eval mode, in which dropout is off and batch normalisation uses its running averages, and
    without gradients; afterwards it is in the same mode as before.

    Args:
        model: returns logits (N, num_classes) for images (N, 3, H, W).
        batches: pairs of images (N, 3, H, W) and labels (N,); the last may be smaller. They can be read only once.
        num_classes: how many classes there are; some may be absent.

    Returns:
        For each class, the percentage of its images that were recognised, from 0 to 100; nan if it has no images.
    """
    ### BEGIN SOLUTION
    right = torch.zeros(num_classes)
    images_of = torch.zeros(num_classes)
    training = model.training
    model.eval()
    with torch.no_grad():
        for images, labels in batches:
            predicted = model(images).argmax(1)
            for label, prediction in zip(labels.tolist(), predicted.tolist(), strict=True):
                images_of[label] += 1
                right[label] += label == prediction
    model.train(training)
    return (100 * right / images_of).tolist()  # 0 / 0 is nan
    ### END SOLUTION


def compare(accuracies: Mapping[str, Sequence[float]], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Compare the accuracies of several models, as in the table of the slides.

    On paper: compare({"old": [50.0, nan], "new": [40.0, nan]}, ["plane", "car"]) is

        [{"class": "plane", "old": 50.0, "new": 40.0, "best": "old"},
         {"class": "car",   "old": nan,  "new": nan,  "best": ""},
         {"class": "mean",  "old": 50.0, "new": 40.0, "best": "old"}]

    Args:
        accuracies: each model's accuracies per class, in per cent, as from `per_class_accuracy`, by the model's name.
        classes: the classes' names, in the same order.

    Returns:
        A row for each class and then one called "mean", the mean over the classes that are not nan (nan if all are).
        Each row has "class", every model's name, and "best": the name of the model with the highest accuracy, the
        first of those that share it; "" where all are nan.
    """
    ### BEGIN SOLUTION
    rows: list[dict[str, Any]] = []
    for place, name in enumerate([*classes, "mean"]):
        row: dict[str, Any] = {"class": name}
        for model, values in accuracies.items():
            known = [value for value in values if not math.isnan(value)]
            if name == "mean" and place == len(classes):
                row[model] = sum(known) / len(known) if known else math.nan
            else:
                row[model] = values[place]
        numbers = {model: row[model] for model in accuracies if not math.isnan(row[model])}
        row["best"] = max(numbers, key=lambda model: numbers[model]) if numbers else ""
        rows.append(row)
    return rows
    ### END SOLUTION
