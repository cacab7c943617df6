"""Training in a notebook: `train("lenet")` compares your network with Week 8's. You have nothing to write here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from assignment.given import cifar10, training
from assignment.given.cifar10 import CLASSES, Images
from assignment.given.class_names import class_names
from assignment.given.training import Network
from assignment.given.week8 import Week8


def train(name: str, data: str = "auto", epochs: int | None = None, seed: int = 0) -> None:
    """Train Week 8's network and yours on the same images, and print the accuracy of both, class by class.

    Args:
        name: your network's name, "lenet" or "efficientnet".
        data: "cifar10" (170 MB are downloaded, once), "synthetic", or "auto": CIFAR-10 if it is already there.
        epochs: the number of epochs, instead of each network's own.
        seed: the random seed; training with another one gives slightly different results.
    """
    source, device = cifar10.resolve(data), training.pick_device()
    print(f"Images: {'patterns made on the spot' if source == 'synthetic' else source}. Device: {device}.")
    yours = training.network(name, device, source)
    make = vars(sys.modules["__main__"]).get(yours.name)
    if make is None:
        print(f"There is no {yours.name} yet: run the cell that defines it.")
        return
    images = cifar10.load(source, quiet=True)
    accuracies = {}
    for network, maker in ((training.network("week8", device, source), Week8), (yours, make)):
        accuracies[network.name] = _trained(network, maker, images, device, epochs, seed)
    print(f"\n{'':<10}" + "".join(f"{model:>14}" for model in accuracies))
    for number, label in enumerate(class_names(source)):
        print(f"{label:<10}" + "".join(f"{each[number]:>12.1f} %" for each in accuracies.values()))
    print(f"{'mean':<10}" + "".join(f"{sum(each) / len(each):>12.1f} %" for each in accuracies.values()))


def _trained(
    network: Network,
    make: Callable[..., nn.Module],
    images: tuple[Images, Images],
    device: str,
    epochs: int | None,
    seed: int,
) -> list[float]:
    """Train a network and return the percentage of each class's test images that it recognises."""
    torch.manual_seed(seed)
    model = make(**network.settings)
    settings: dict[str, Any] = {**vars(network.recipe), **({"epochs": epochs} if epochs else {})}
    history = training.fit(model, images[0], training.Recipe(**settings), device=device, seed=seed)
    right = training.predict(model, images[1].images).argmax(1) == images[1].labels
    parameters = sum(parameter.numel() for parameter in model.parameters())
    loss = history.curve[-1][1]
    print(f"{network.name}: {parameters:,} parameters, {history.seconds:.0f} s, loss {loss:.3f} at the end.")
    return [100 * right[images[1].labels == number].float().mean().item() for number in range(len(CLASSES))]
