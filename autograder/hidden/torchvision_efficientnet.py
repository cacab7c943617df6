"""torchvision's EfficientNet as a reference, with any width, depth and stem, and its weights under our names."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor, nn
from torchvision.models.efficientnet import EfficientNet, MBConv, MBConvConfig

STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)
"""Expand ratio, kernel, stride, channels in and out, and repeats, from the paper's table 1."""


def reference(width: float = 1.0, depth: float = 1.0, classes: int = 10, stem_stride: int = 2) -> EfficientNet:
    """A network that drops nothing, with weights that keep signals near 1 and make every setting matter."""
    stages = [MBConvConfig(*stage, width_mult=width, depth_mult=depth) for stage in STAGES]
    with torch.device("meta"):  # its own initialisation takes longer than everything else
        model = EfficientNet(stages, dropout=0.0, stochastic_depth_prob=0.0, num_classes=classes)
    model.to_empty(device="cpu")
    model.features[0][0].stride = (stem_stride, stem_stride)
    randomise(model)
    return model


def block(in_channels: int, out_channels: int, kernel_size: int, stride: int, expand_ratio: int) -> MBConv:
    """A block that drops nothing, with weights as in `reference`."""
    config = MBConvConfig(expand_ratio, kernel_size, stride, in_channels, out_channels, 1)
    config.input_channels, config.out_channels = in_channels, out_channels  # it had rounded them to multiples of 8
    made = MBConv(config, 0.0, partial(nn.BatchNorm2d))
    randomise(made)
    return made


@torch.no_grad()
def randomise(model: nn.Module) -> None:
    """Draw all weights, and running averages and variances as if after some batches."""
    for name, value in model.state_dict().items():
        if value.dim() > 1:
            value.normal_(0, math.sqrt(2 / math.prod(value.shape[1:])))
        elif name.endswith("running_var") or (name.endswith("weight") and value.dim() == 1):
            value.uniform_(0.6, 1.4)
        elif value.is_floating_point():
            value.normal_(0, 0.2)
        else:
            value.zero_()  # the number of batches seen


def our_state(model: EfficientNet) -> dict[str, Tensor]:
    """A network's weights under the assignment's names."""
    features = list(model.features)
    state = {
        **_under("stem", features[0].state_dict()),
        **_under("head", features[-1].state_dict()),
        **_under("classifier", model.classifier[-1].state_dict()),
    }
    blocks = [each for stage in features[1:-1] for each in stage]
    for number, each in enumerate(blocks):
        state |= _under(f"blocks.{number}", our_block_state(each))
    return state


def our_block_state(made: MBConv) -> dict[str, Tensor]:
    """A block's weights under the assignment's names."""
    names = ["expand", "depthwise", "se", "project"][-len(made.block) :]
    state: dict[str, Tensor] = {}
    for name, part in zip(names, made.block, strict=True):
        state |= _under(name, part.state_dict())
    renamed = {"se.fc1.": "se.reduce.", "se.fc2.": "se.expand."}
    return {renamed.get(name[:7], name[:7]) + name[7:]: value for name, value in state.items()}


def _under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": value for name, value in state.items()}
