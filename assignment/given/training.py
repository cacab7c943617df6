"""The short run: train a network on CIFAR-10 in a minute or two, and get its predictions. Provided by the course.

It is short because nothing in it waits: the whole data set is one tensor, flips and crops are applied to a whole batch
    at once, and the learning rate goes up and down once ("one cycle"), so that a few epochs are enough. The same code
    trains at home and in grading.

Sources: Smith and Topin, "Super-convergence" (2018), for the one-cycle schedule; the slides for the loss.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from assignment.given.cifar10 import CLASSES, Images

# Of CIFAR-10's training images, with the brightest pixel as 1; close enough for any photograph.
MEAN = (0.491, 0.482, 0.447)
DEVIATION = (0.247, 0.243, 0.262)

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


class TrainingError(Exception):
    """A network cannot be trained. The text says why, in a sentence."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: how often each training image is used.
        batch_size: images per step.
        learning_rate: the highest value of the cycle.
        momentum: the Nesterov momentum of SGD.
        weight_decay: for every parameter.
        warm_up: the fraction of all steps during which the learning rate rises.
        flip: whether half of the images are mirrored.
        crop: the largest shift of an image, in pixels.
        clip: the largest norm of the gradient of all parameters together; a larger gradient is scaled down. None: no
            limit.
    """

    epochs: int
    batch_size: int = 128
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warm_up: float = 0.2
    flip: bool = True
    crop: int = 0
    clip: float | None = None


@dataclass(frozen=True)
class Network:
    """A network of the lab.

    Attributes:
        module: where its class is, without the package's name.
        name: the class's name.
        settings: the arguments of its constructor.
        recipe: how it is trained.
    """

    module: str
    name: str
    settings: dict[str, Any]
    recipe: Recipe


# A full EfficientNet-B0 takes hours on two cores. Scaling, the paper's subject, gives one that takes a minute; in so
# short a run dropout and drop-connect only cost accuracy.
_SMALL = {"width": 0.25, "depth": 0.25, "stem_stride": 1, "dropout": 0.0, "drop_connect": 0.0}

NETWORKS = {
    "week8": Network("given.week8", "Week8", {}, Recipe(epochs=5)),
    "lenet": Network("q6_lenet", "LeNet", {}, Recipe(epochs=5)),
    "efficientnet": Network("q7_efficientnet", "EfficientNet", _SMALL, Recipe(epochs=2, learning_rate=0.1)),
}
_B0_ON_GPU = Network(
    "q7_efficientnet", "EfficientNet", {"stem_stride": 1}, Recipe(epochs=20, batch_size=256, learning_rate=0.1, crop=4)
)
# There are few patterns, and a new network cannot distinguish them at first: many small steps at a high rate overcome
# that, and clipped gradients prevent steps so large that its ReLUs die.
ON_PATTERNS = {
    "week8": Recipe(epochs=10, batch_size=32, learning_rate=0.1, clip=1.0),
    "lenet": Recipe(epochs=10, batch_size=32, learning_rate=0.1, clip=1.0),
    "efficientnet": Recipe(epochs=10, batch_size=64, learning_rate=0.1, clip=1.0),
}


def network(name: str, device: str = "cpu", source: str = "cifar10") -> Network:
    """How a network of the lab is created and trained.

    Args:
        name: "week8", "lenet" or "efficientnet".
        device: "cpu", or "cuda", on which the whole EfficientNet-B0 is trained.
        source: the data, as from `cifar10.resolve`.

    Raises:
        TrainingError: the name is unknown.
    """
    if name not in NETWORKS:
        raise TrainingError(f"There is no network {name}; there are {', '.join(NETWORKS)}.")
    if source == "synthetic":  # too few images for a whole B0
        return replace(NETWORKS[name], recipe=ON_PATTERNS[name])
    return _B0_ON_GPU if name == "efficientnet" and device == "cuda" else NETWORKS[name]


@dataclass(frozen=True)
class Step:
    """The progress of training.

    Attributes:
        epoch, epochs: the current epoch, counted from 1, and the number of epochs.
        step, steps: the same for batches, over all epochs.
        loss: the mean over the epoch so far.
        images_per_second: the mean over the run so far.
        seconds_left: at that speed.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    images_per_second: float
    seconds_left: float


@dataclass
class History:
    """The record of a training run.

    Attributes:
        curve: for each epoch, its number from 1 and its mean training loss.
        seconds: wall-clock time.
        images_per_second: training images per second.
        device: "cpu" or "cuda".
    """

    curve: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    images_per_second: float = 0.0
    device: str = "cpu"


def pick_device(name: str = "auto") -> str:
    """The device to train on: "cuda" if available, unless another one is requested.

    Raises:
        TrainingError: "cuda" was requested but is not available, or the name is unknown.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise TrainingError(f"There is no device {name}; there are auto, cpu and cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("This machine has no GPU that torch can use: take --device cpu.")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def normalise(images: Tensor) -> Tensor:
    """Pixels (N, 3, 32, 32) from 0 to 255 as floats with mean 0 and standard deviation 1 on CIFAR-10."""
    mean = torch.tensor(MEAN, device=images.device).view(3, 1, 1) * 255
    deviation = torch.tensor(DEVIATION, device=images.device).view(3, 1, 1) * 255
    return images.to(torch.float32, copy=True).sub_(mean).div_(deviation)


def batches(data: Images, batch_size: int = 500, device: str = "cpu") -> Iterator[tuple[Tensor, Tensor]]:
    """Images (N, 3, 32, 32), normalised, and their labels (N,), in order. The last batch may be smaller."""
    for images, labels in zip(data.images.split(batch_size), data.labels.split(batch_size), strict=True):
        yield normalise(images.to(device)), labels.to(device)


def fit(
    model: nn.Module,
    train: Images,
    recipe: Recipe,
    *,
    device: str = "cpu",
    seed: int = 0,
    progress: Callable[[Step], None] | None = None,
    whole_batches: bool = False,
) -> History:
    """Train a model. The same seed on the same machine gives the same weights.

    Args:
        model: returns logits (N, 10) for images (N, 3, 32, 32); it is moved to the device and left there, in train
            mode.
        train: the training images.
        recipe: how to train.
        device: "cpu" or "cuda".
        seed: for the order of the images, flips, crops, and random numbers in the model itself.
        progress: called after every step.
        whole_batches: whether an epoch's last batch is filled up with images from its beginning, for a model that
            takes batches of one size.

    Raises:
        TrainingError: the model returns something other than logits, or the loss becomes NaN.
    """
    begun = time.perf_counter()
    _seed_everything(seed)
    _keep_memory()
    model.to(device).train()
    images, labels = train.images.to(device), train.labels.to(device)
    channels_last = check_model(model, normalise(images[: min(8, len(labels))]))
    if channels_last:
        model.to(memory_format=torch.channels_last)  # up to twice as fast, especially for depthwise convolutions

    steps_per_epoch = -(-len(labels) // recipe.batch_size)
    steps = recipe.epochs * steps_per_epoch
    optimizer = torch.optim.SGD(
        model.parameters(), recipe.learning_rate, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=True
    )
    length = max(steps, 2)
    # torch divides by the number of steps during which the rate rises, minus one.
    rising = recipe.warm_up if recipe.warm_up * length > 1.5 else 1.5 / length
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=length, pct_start=rising, cycle_momentum=False
    )
    history = History(device=device)
    step = 0
    for epoch in range(1, recipe.epochs + 1):
        order = torch.randperm(len(labels), device=device)
        if whole_batches:
            order = order.repeat(-(-recipe.batch_size // len(order)) + 1)[: steps_per_epoch * recipe.batch_size]
        total, seen = torch.zeros((), device=device), 0
        for chosen in order.split(recipe.batch_size):
            batch = normalise(_augment(images.index_select(0, chosen), recipe))
            if channels_last:
                batch = batch.to(memory_format=torch.channels_last)
            with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
                loss = F.cross_entropy(model(batch), labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if recipe.clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimizer.step()
            schedule.step()
            step += 1
            total += loss.detach() * len(chosen)
            seen += len(chosen)
            if progress is not None:
                progress(_step(epoch, recipe, step, steps, total.item() / seen, begun))
        mean = total.item() / seen
        if math.isnan(mean):
            raise TrainingError(f"In epoch {epoch} the loss became NaN: the network cannot be trained like this.")
        history.curve.append((epoch, mean))
    history.seconds = time.perf_counter() - begun
    history.images_per_second = recipe.epochs * len(labels) / history.seconds
    return history


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, *, batch_size: int = 500) -> Tensor:
    """A model's logits, in eval mode and without gradients. The model's mode is restored afterwards.

    Args:
        model: as for `fit`, on any device.
        images: (N, 3, 32, 32), uint8.
        batch_size: images per batch.

    Returns:
        (N, 10), float32, on the CPU.
    """
    parameter = next(model.parameters(), None)
    device = "cpu" if parameter is None else parameter.device.type
    training = model.training
    model.eval()
    try:
        return torch.cat([model(normalise(part.to(device))).float().cpu() for part in images.split(batch_size)])
    finally:
        model.train(training)


@torch.no_grad()
def check_model(model: nn.Module, images: Tensor) -> bool:
    """Try a model on a few images before spending an hour on it.

    Args:
        model: as for `fit`.
        images: (N, 3, 32, 32), normalised.

    Returns:
        Whether it accepts images in channels-last memory format; a model with `view` does not.

    Raises:
        TrainingError: it returns something other than logits.
    """
    training = model.training
    model.eval()  # so that running averages do not change
    try:
        logits = model(images)
        expected = (len(images), len(CLASSES))
        if not isinstance(logits, Tensor):
            raise TrainingError(f"The network returned {type(logits).__name__}, not a tensor of logits {expected}.")
        if logits.shape != expected:
            raise TrainingError(f"The network returned {tuple(logits.shape)} for {len(images)} images, not {expected}.")
        if not logits.isfinite().all():
            raise TrainingError("The network returned NaN or infinite logits before any training.")
        if (logits >= 0).all() and torch.allclose(logits.sum(1), torch.ones(()).to(logits), atol=1e-4):
            raise TrainingError(
                "The network returned probabilities: each row adds up to 1. The loss wants logits: leave softmax out."
            )
        try:
            model(images.to(memory_format=torch.channels_last))
        except RuntimeError:
            return False
        return True
    finally:
        model.train(training)


def _seed_everything(seed: int) -> None:
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.backends.cudnn.benchmark = False  # it would choose algorithms by measured speed, which varies
        torch.backends.cudnn.deterministic = True


def _keep_memory() -> None:
    """Make glibc keep freed memory: otherwise the kernel would clear its pages again at every step."""
    with contextlib.suppress(OSError, AttributeError):  # another system, another library
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_M_TRIM_THRESHOLD, 512 << 20)


def _augment(batch: Tensor, recipe: Recipe) -> Tensor:
    """Randomly mirror half of the images and shift each one; on bytes, which are fastest to move."""
    count = len(batch)
    if recipe.flip:
        mirrored = torch.rand(count, device=batch.device) < 0.5
        batch = torch.where(mirrored.view(-1, 1, 1, 1), batch.flip(3), batch)
    if recipe.crop:
        last = batch.shape[2] - 1
        corner = torch.randint(-recipe.crop, recipe.crop + 1, (2, count, 1), device=batch.device)
        places = corner + torch.arange(last + 1, device=batch.device)
        rows, columns = last - (last - places.abs()).abs()  # beyond an edge, the image is reflected
        image = torch.arange(count, device=batch.device).view(-1, 1, 1)
        batch = batch[image, :, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)
    return batch


def _step(epoch: int, recipe: Recipe, step: int, steps: int, loss: float, begun: float) -> Step:
    seconds = time.perf_counter() - begun
    speed = step * recipe.batch_size / seconds
    return Step(epoch, recipe.epochs, step, steps, loss, speed, (steps - step) * seconds / step)
