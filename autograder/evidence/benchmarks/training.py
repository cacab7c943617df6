"""Measure the short run, compared with the slides' loop and, on a GPU, with the GPU's practical peak.

Everything is measured in one run on one machine, so that ratios are meaningful even if seconds are not.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from assignment.given import cifar10, training
from assignment.given.cifar10 import Images
from autograder import course

_SLIDES_BATCH = 4
_SLIDES_RATE = 1e-3


def run(source: str, device: str) -> None:
    """Train, measure and print the table.

    Args:
        source: the images, as for `cifar10.load`.
        device: "cpu": the slides' loop for an epoch, LeNet for two. "cuda": the short runs of both questions.
    """
    source = cifar10.resolve(source)
    train, test = cifar10.load(source)
    (_on_gpu if device == "cuda" else _beside_the_slides)(source, train, test)


def _beside_the_slides(source: str, train: Images, test: Images) -> None:
    torch.manual_seed(0)
    lenet = solved("q6_lenet", "LeNet")
    begun = time.perf_counter()
    _slides_epoch(lenet, train)
    slides_seconds = time.perf_counter() - begun
    lenet.eval()
    with torch.no_grad():  # with the slides' normalisation, not ours
        predicted = torch.cat([lenet(part / 127.5 - 1).argmax(1) for part in test.images.split(500)])
    slides = 100 * (predicted == test.labels).float().mean().item()

    recipe = replace(training.NETWORKS["lenet"].recipe, epochs=2)
    torch.manual_seed(0)
    lenet = solved("q6_lenet", "LeNet")
    history = training.fit(lenet, train, recipe)
    ours = _accuracy(lenet, test)

    slides_speed = len(train) / slides_seconds
    table = Table(title=f"LeNet on {source}: {len(train):,} images, {torch.get_num_threads()} threads")
    for name in ("what", "images/s", "seconds", "accuracy"):
        table.add_column(name, justify="left" if name == "what" else "right")
    table.add_row("the slides' loop, 1 epoch", f"{slides_speed:,.0f}", f"{slides_seconds:.1f}", f"{slides:.1f} %")
    table.add_row(
        "the short run, 2 epochs", f"{history.images_per_second:,.0f}", f"{history.seconds:.1f}", f"{ours:.1f} %"
    )
    table.add_row(
        "ratio", f"{history.images_per_second / slides_speed:.1f} ×", f"{history.seconds / slides_seconds:.3f} ×", ""
    )
    Console().print(table)


def _slides_epoch(model: nn.Module, train: Images) -> None:
    """The slides' loop: single images through PIL transforms and a DataLoader, four at a time."""
    from PIL import Image
    from torchvision import transforms

    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])

    class Dataset(torch.utils.data.Dataset[Any]):
        def __len__(self) -> int:
            return len(train)

        def __getitem__(self, place: int) -> tuple[Tensor, int]:
            image = Image.fromarray(train.images[place].permute(1, 2, 0).numpy())
            return transform(image), int(train.labels[place])

    loader = torch.utils.data.DataLoader(Dataset(), batch_size=_SLIDES_BATCH, shuffle=True, num_workers=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=_SLIDES_RATE, momentum=0.9)
    model.train()
    for images, labels in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()


def _on_gpu(source: str, train: Images, test: Images) -> None:
    table = Table(title=f"Short runs on {source}, {torch.cuda.get_device_name()}, torch {torch.__version__}")
    for name in ("network", "epochs", "seconds", "images/s", "accuracy", "TFLOP/s", "of a matrix product's"):
        table.add_column(name, justify="left" if name == "network" else "right")
    peak = matrix_product_speed()
    for name in ("lenet", "efficientnet"):
        network = training.network(name, "cuda", "cifar10")
        torch.manual_seed(0)
        model = solved(network.module, network.name, **network.settings)
        operations = operations_of(model, train.images[:8])
        warm_up = replace(network.recipe, epochs=1)
        training.fit(model, Images(train.images[:2048], train.labels[:2048]), warm_up, device="cuda")
        torch.manual_seed(0)
        model = solved(network.module, network.name, **network.settings)
        history = training.fit(model, train, network.recipe, device="cuda")
        speed = 3 * operations * history.images_per_second  # the backward pass costs twice the forward pass
        table.add_row(
            network.name,
            str(network.recipe.epochs),
            f"{history.seconds:.1f}",
            f"{history.images_per_second:,.0f}",
            f"{_accuracy(model, test):.1f} %",
            f"{speed / 1e12:.2f}",
            f"{100 * speed / peak:.2f} %",
        )
    Console().print(table)


def matrix_product_speed() -> float:
    """Operations per second of a large bfloat16 matrix product: this device's practical peak."""
    one = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    for _ in range(3):
        one @ one
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(10):
        one @ one
    torch.cuda.synchronize()
    return float(10 * 2 * 8192**3) / (time.perf_counter() - begun)


def operations_of(model: nn.Module, images: Tensor) -> float:
    """The number of operations of a forward pass for one image."""
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(training.normalise(images))
    return float(counter.get_total_flops()) / len(images)


def _accuracy(model: nn.Module, test: Images) -> float:
    """The accuracy on all test images, in per cent."""
    return 100 * (training.predict(model, test.images).argmax(1) == test.labels).float().mean().item()


def solved(module: str, name: str, **settings: Any) -> nn.Module:
    """A network of the reference solutions."""
    path = course.SOLUTIONS / f"{module}.py"
    spec = importlib.util.spec_from_file_location(module, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    made: nn.Module = getattr(loaded, name)(**settings)
    return made
