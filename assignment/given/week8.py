"""The network of Week 8, the baseline for questions 6 and 7. Provided by the course; do not change anything here.

Source: the slides of Week 8, which follow torch's tutorial "Training a classifier".
"""

from __future__ import annotations

from torch import Tensor, nn


class Week8(nn.Module):
    """Two convolutions with pools and three fully connected layers: the same as LeNet, under other names.

    Both have the same shapes and the same 62,006 parameters. Only training and luck make them differ in a comparison:
    `python -m assignment train week8 lenet --seeds 5` shows how much is luck.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        )
        self.classifier = nn.Sequential(
            *(nn.Flatten(), nn.Linear(16 * 5 * 5, 120), nn.ReLU()),
            *(nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, num_classes)),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, 3, 32, 32)."""
        logits: Tensor = self.classifier(self.features(images))
        return logits
