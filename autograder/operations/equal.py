"""Whether two networks compute the same, found in float64 with random weights that neither could know.

Rounding differs between two ways to write the same network: in float64 by less than 1e-11 of the values' size, where
the smallest mistake that was measured differs by 1e-4. Compared are the logits in both modes, the gradients of all
parameters as one vector (single ones may be zero but for rounding), and the running averages after a batch.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from autograder.operations.initial import revealing
from autograder.operations.lists import Network, shapes
from autograder.operations.run import Masks, Program

SAME = 1e-8  # and less: the same network
DOUBTFUL = 1e-5  # between the two nothing was ever seen: for a person
_MOMENTUM = 0.1  # of the reference's running averages


def comparable(network: Network, reference: Network) -> bool:
    """Whether the two have the same parameters and the same batches, and the one all buffers of the other."""
    buffers = shapes(network.buffers)
    return (
        shapes(network.parameters) == shapes(reference.parameters)
        and all(place.trained for place in network.parameters)
        and all(buffers.get(place.name) == tuple(place.shape) for place in reference.buffers)
        and (network.train.batch, network.evaluate.batch) == (reference.train.batch, reference.evaluate.batch)
    )


def difference(network: Network, reference: Network, shape: tuple[int, int, int], seed: int) -> float:
    """The largest relative difference of anything that is compared; see `differences`."""
    return differences(network, reference, shape, seed)[0]


def differences(network: Network, reference: Network, shape: tuple[int, int, int], seed: int) -> tuple[float, float]:
    """The largest relative difference of anything that is compared, and that of the logits in eval mode alone.

    Args:
        network, reference: two networks; the second is trusted to be right.
        shape: of an image.
        seed: of weights, images and masks; it must not be known to who wrote the networks.

    Returns:
        Both are infinite if the two are not comparable.
    """
    if not comparable(network, reference):
        return math.inf, math.inf
    known = revealing(reference, seed) | _averages(reference, shape, seed)
    found = [
        _relative(mine, its)
        for mine, its in zip(_shown(network, known, shape, seed), _shown(reference, known, shape, seed), strict=True)
    ]
    return max(found), found[-1]


def _shown(network: Network, known: dict[str, Tensor], shape: tuple[int, int, int], seed: int) -> list[Tensor]:
    """Everything that is compared: gradients, logits, running averages, and last the logits in eval mode."""
    averages = [name for name, value in known.items() if name.endswith(("running_mean", "running_var"))]
    shown = []
    values = _values(network, known)
    images, labels, weights = _batch(network.train.batch, shape, seed)
    # In the order of their names: another order of making layers is no difference.
    parameters = [values[name].requires_grad_() for name in sorted(place.name for place in network.parameters)]
    program = Program(network.train, network.inputs)
    logits = program(images, list(values.values()), masks=Masks(seed))
    # The loss alone would hide what softmax does not see, such as one number added to all logits.
    loss = F.cross_entropy(logits, labels) + (logits * weights).mean()
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    pairs = zip(gradients, parameters, strict=True)
    shown.append(torch.cat([(torch.zeros_like(p) if g is None else g).reshape(-1) for g, p in pairs]))
    shown.append(logits.detach())
    shown += [values[name].detach() for name in averages]
    with torch.no_grad():
        images, _, _ = _batch(network.evaluate.batch, shape, seed + 1)
        again = list(_values(network, known).values())
        shown.append(Program(network.evaluate, network.inputs)(images, again, masks=Masks(seed + 1)))
    return shown


def _values(network: Network, known: dict[str, Tensor]) -> dict[str, Tensor]:
    """New copies of the known values in the network's order; what only this network has is as it made it."""
    own = revealing(network, 0)
    names = [place.name for place in (*network.parameters, *network.buffers)]
    values = {name: known.get(name, own[name]).detach().clone() for name in names}
    constants = {
        f"constant {number}": (each.double() if each.dtype is torch.float32 else each.clone())
        for number, each in enumerate(network.constants)
    }
    return values | constants


def _averages(reference: Network, shape: tuple[int, int, int], seed: int) -> dict[str, Tensor]:
    """Running averages near those of a batch: others make eval mode amplify rounding."""
    values = revealing(reference, seed)
    moved = [name for name in values if name.endswith(("running_mean", "running_var"))]
    for name in moved:
        values[name].zero_()
    images, _, _ = _batch(reference.train.batch, shape, seed + 2)
    with torch.no_grad():
        constants = [each.double() if each.dtype is torch.float32 else each for each in reference.constants]
        Program(reference.train, reference.inputs)(images, [*values.values(), *constants], masks=Masks(seed + 2))
    generator = torch.Generator().manual_seed(seed % 2**63)
    averages = {}
    for name in moved:
        value = values[name] / _MOMENTUM
        if name.endswith("running_mean"):
            variance = values[f"{name.removesuffix('mean')}var"] / _MOMENTUM
            value = value + 0.3 * variance.sqrt() * torch.randn(value.shape, generator=generator, dtype=value.dtype)
        else:
            value = value * (0.5 + 1.5 * torch.rand(value.shape, generator=generator, dtype=value.dtype))
        averages[name] = value
    return averages


def _batch(count: int, shape: tuple[int, int, int], seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed % 2**63)
    images = torch.randn(count, *shape, generator=generator, dtype=torch.float64)
    labels = torch.randint(10, (count,), generator=generator)
    return images, labels, torch.randn(count, 10, generator=generator, dtype=torch.float64)


def _relative(mine: Tensor, its: Tensor) -> float:
    """The size of the difference by the size of the right values; infinite if anything is not finite."""
    if mine.shape != its.shape:
        return math.inf
    size = its.double().norm()
    found = float((mine.double() - its.double()).norm() / (size if size > 0 else 1.0))
    return found if math.isfinite(found) else math.inf
