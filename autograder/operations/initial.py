"""Values for a network's parameters and buffers: those that training begins with, and those that show what it computes.

All are drawn by the names and shapes of the parameters from a seed, so that neither the order in which layers were made
nor what `__init__` put into them has any effect.
"""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor

from autograder.operations import table
from autograder.operations.lists import Network, Place


def beginning(network: Network, seed: int) -> list[Tensor]:
    """The values of parameters, buffers and constants when training begins, as torch's own layers draw them.

    Weights of two axes or more, and the biases beside them, are uniform between ±1 / √inputs; a normalisation's are 1
    and 0. Of other vectors and single numbers those that are constant stay what they are. Nothing that a module put
    into its weights is used.
    """
    weights = {place.name: place for place in network.parameters}
    values = [_first(place, weights, _generator(seed, place.name)) for place in network.parameters]
    return [*values, *_buffers(network), *(each.clone() for each in network.constants)]


def moved(network: Network, seed: int) -> list[Tensor]:
    """As `beginning`, with every parameter moved a little at random, as a step of training would move it.

    A network that knows images already can wait for its parameters to change; one that knows none has learnt nothing
    by this.
    """
    values = beginning(network, seed)
    for place, value in zip(network.parameters, values, strict=False):
        noise = torch.randn(place.shape, generator=_generator(seed, f"{place.name} moved"))
        value.add_(0.1 * noise * value.abs().mean())
    return values


def revealing(network: Network, seed: int) -> dict[str, Tensor]:
    """Values in float64 with which a mistake anywhere in a network shows in its logits, by name.

    Torch's own initial values are too small for that: with them a deep network's logits are the same for every image.
    """
    values: dict[str, Tensor] = {}
    for place in network.parameters:
        generator = _generator(seed, place.name)
        draw = torch.randn(place.shape, generator=generator, dtype=torch.float64)
        if len(place.shape) > 1:
            values[place.name] = draw * math.sqrt(2 / max(1, math.prod(place.shape[1:])))
        elif place.name.endswith("weight"):
            values[place.name] = 0.5 + torch.rand(place.shape, generator=generator, dtype=torch.float64)
        else:
            values[place.name] = 0.5 * draw
    for place, value in zip(network.buffers, _buffers(network), strict=True):
        values[place.name] = value.double() if value.is_floating_point() else value
    return values


def _first(place: Place, weights: dict[str, Place], generator: torch.Generator) -> Tensor:
    stem = place.name.removesuffix("bias")
    weight = place if len(place.shape) > 1 else weights.get(f"{stem}weight", place) if stem != place.name else place
    if len(weight.shape) > 1:
        bound = 1 / math.sqrt(max(1, math.prod(weight.shape[1:])))
    elif place.constant is not None:
        return torch.full(place.shape, place.constant)
    else:
        bound = 1 / math.sqrt(max(1, place.count))
    return torch.empty(place.shape).uniform_(-bound, bound, generator=generator)


def _buffers(network: Network) -> list[Tensor]:
    return [
        network.carried[place.name].clone()
        if place.constant is None
        else torch.full(place.shape, place.constant, dtype=table.DTYPES[place.dtype])
        for place in network.buffers
    ]


def _generator(seed: int, name: str) -> torch.Generator:
    digest = hashlib.sha256(f"{seed}\0{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8]) >> 1)
