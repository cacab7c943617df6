"""Controls for calibration: answers and training code with one mistake, to see which of them a threshold catches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """One edit.

    Attributes:
        question: id of the question whose network is trained.
        name: the mistake, in a few words.
        file: the module to edit.
        old, new: the text to replace, and its replacement.
    """

    question: str
    name: str
    file: str
    old: str
    new: str

    @property
    def of_training(self) -> bool:
        """Whether the mistake is in the training code, not in an answer."""
        return self.file == "given/training.py"


def _lenet(name: str, old: str, new: str) -> Control:
    return Control("q6", name, "q6_lenet.py", old, new)


def _efficientnet(name: str, old: str, new: str) -> Control:
    return Control("q7", name, "q7_efficientnet.py", old, new)


def _training(name: str, old: str, new: str) -> list[Control]:
    return [Control(question, name, "given/training.py", old, new) for question in ("q6", "q7")]


_LENET_FORWARD = "        x = F.max_pool2d(F.relu(self.conv1(images)), 2)\n"
_LENET_END = "        logits: Tensor = self.fc3(x)\n        return logits\n"
_LENET_LAYERS = "        self.conv1 = nn.Conv2d(3, 6, 5)\n"
_B0_FORWARD = "        x = self.head(self.blocks(self.stem(images)))\n"

CONTROLS = (
    Control(
        "q6",
        "a linear model",
        "q6_lenet.py",
        _LENET_LAYERS,
        "        self.line = nn.Linear(3072, num_classes)\n        self.forward = lambda x: self.line(x.flatten(1))\n"
        "        return\n",
    ),
    Control(
        "q6",
        "a perceptron with 512 hidden units",
        "q6_lenet.py",
        _LENET_LAYERS,
        "        self.net = nn.Sequential(nn.Flatten(), nn.Linear(3072, 512), nn.ReLU(), nn.Linear(512, num_classes))\n"
        "        self.forward = self.net.forward\n        return\n",
    ),
    # 0.999, since rows that add up to 1 would be refused outright.
    _lenet("softmax before the loss", _LENET_END, "        return 0.999 * self.fc3(x).softmax(1)\n"),
    _lenet("sigmoid for ReLU", _LENET_FORWARD, "        F.relu = torch.sigmoid\n" + _LENET_FORWARD),
    _lenet("no ReLU at all", _LENET_FORWARD, "        F.relu = lambda x: x\n" + _LENET_FORWARD),
    _lenet("average pooling", _LENET_FORWARD, "        F.max_pool2d = F.avg_pool2d\n" + _LENET_FORWARD),
    _efficientnet(
        "softmax before the loss",
        "        return logits\n",
        "        return 0.999 * logits.softmax(1)\n",
    ),
    _efficientnet(
        "no batch normalisation",
        _B0_FORWARD,
        "        for part in self.modules():\n            if isinstance(part, nn.BatchNorm2d):\n"
        "                part.forward = lambda x: x\n" + _B0_FORWARD,
    ),
    _efficientnet("no squeeze-and-excitation", "        return input * scale\n", "        return input + 0 * scale\n"),
    _efficientnet("no residual", "        return input + x  # type: ignore[no-any-return]\n", "        return x\n"),
    *_training("gradients are not set to zero", "optimizer.zero_grad(set_to_none=True)", "pass"),
    *_training("labels are shuffled", "train.labels.to(device)", "train.labels[torch.randperm(len(train.labels))]"),
    *_training("the learning rate never leaves its start", "            schedule.step()\n", ""),
    *_training(
        "images in the order of their classes", "torch.randperm(len(labels), device=device)", "labels.argsort()"
    ),
)
