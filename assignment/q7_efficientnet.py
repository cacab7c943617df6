"""Question 7: EfficientNet on CIFAR-10.

A network from small inverted bottlenecks (MBConv) with squeeze-and-excitation, and the paper's idea: one number makes
it wider, one makes it deeper. You build it from torch's own layers, scale it down until two cores can train it in a
minute, and compare: `python -m assignment train week8 lenet efficientnet`.

Sources: Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks" (2019); Hu, Shen and
Sun, "Squeeze-and-excitation networks" (2018); Huang and others, "Deep networks with stochastic depth" (2016), which
EfficientNet's authors call drop-connect.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STAGES = (
    # expand ratio, channels, repeats, stride, kernel size: EfficientNet-B0, the paper's table 1, stages 2 to 8
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
"""Given to you. The stem before has 32 channels, the head after 1,280."""


def round_filters(filters: int, width: float, divisor: int = 8) -> int:
    """Scale a number of channels to a multiple of the divisor, which is efficient on most hardware.

        scaled = filters · width
        result = divisor · ⌊(scaled + divisor / 2) / divisor⌋, but at least divisor
        one divisor more, if that is less than 0.9 · scaled

    On paper: 32 channels at width 1.1 are 35.2, and so 32; 24 at width 0.25 are 6, and so 8; 24 at width 0.5 are
    12, and so 16.

    Args:
        filters: channels at width 1.
        width: the factor.
        divisor: the result is a multiple of it.
    """
    # TODO: your code here.
    raise NotImplementedError("TODO")


def round_repeats(repeats: int, depth: float) -> int:
    """Scale a number of blocks, rounding up. On paper: 2 at depth 1.1 are 2.2, and so 3; 3 at depth 0.25 are 1."""
    # TODO: your code here.
    raise NotImplementedError("TODO")


class SqueezeExcitation(nn.Module):
    """Scale every channel by a weight computed from the whole image.

        s = mean of each channel over all pixels     (N, channels, 1, 1)
        s = SiLU(reduce(s))                          (N, squeezed_channels, 1, 1)
        s = sigmoid(expand(s))                       (N, channels, 1, 1)
        output = input · s

    Attributes:
        reduce, expand: convolutions with a kernel of 1 and a bias.
    """

    def __init__(self, channels: int, squeezed_channels: int) -> None:
        """Make the two convolutions.

        Args:
            channels: the number of channels of input and output.
            squeezed_channels: the number of channels in between.
        """
        super().__init__()
        # TODO: your code here.
        raise NotImplementedError("TODO")

    def forward(self, input: Tensor) -> Tensor:
        """Apply to (N, channels, H, W); the result has the same shape."""
        # TODO: your code here.
        raise NotImplementedError("TODO")


class MBConv(nn.Module):
    """A mobile inverted bottleneck: widen, filter each channel, scale the channels, narrow; and add the input.

    With e = in_channels · expand_ratio:

        expand     1×1 convolution to e channels, batch normalisation, SiLU      (left out where the ratio is 1)
        depthwise  k×k convolution of each channel separately, with the stride and a padding of ⌊k/2⌋,
                   batch normalisation, SiLU
        se         squeeze-and-excitation of e channels, squeezed to in_channels / 4 (rounded down, at least 1)
        project    1×1 convolution to out_channels, batch normalisation          (no activation)
        + input    where stride is 1 and out_channels is in_channels

    Convolutions followed by batch normalisation have no bias. In train mode, where the input is added, the block's own
    result is dropped for each image independently with probability drop_rate, and divided by 1 − drop_rate for those
    that keep it, so that its mean does not change; in eval mode nothing is dropped.

    Attributes:
        expand: an nn.Sequential of convolution, nn.BatchNorm2d, nn.SiLU; there is none (no parameters of that name)
            where the ratio is 1.
        depthwise: the same three.
        se: a SqueezeExcitation.
        project: an nn.Sequential of convolution, nn.BatchNorm2d.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        expand_ratio: int,
        drop_rate: float = 0.0,
    ) -> None:
        """Make the layers.

        Args:
            in_channels: of the input.
            out_channels: of the output.
            kernel_size: of the depthwise convolution, an odd number.
            stride: of the depthwise convolution.
            expand_ratio: the factor by which the block is wider inside.
            drop_rate: the probability with which an image's own result is dropped in train mode.
        """
        super().__init__()
        # TODO: your code here.
        raise NotImplementedError("TODO")

    def forward(self, input: Tensor) -> Tensor:
        """Apply to (N, in_channels, H, W); the result is (N, out_channels, ⌈H/stride⌉, ⌈W/stride⌉)."""
        # TODO: your code here.
        raise NotImplementedError("TODO")


class EfficientNet(nn.Module):
    """EfficientNet, scaled: B0 at width and depth 1; B1 (1.0, 1.1), B2 (1.1, 1.2), B3 (1.2, 1.4) and so on.

        stem        3×3 convolution to round_filters(32) channels with stride stem_stride and padding 1,
                    batch normalisation, SiLU
        blocks      for each row of STAGES round_repeats(repeats) MBConvs to round_filters(channels) channels; the
                    first of a stage has the stage's stride, the others 1
        head        1×1 convolution to round_filters(1280) channels, batch normalisation, SiLU
                    mean over all pixels, dropout
        classifier  fully connected, to num_classes

    Block i of n (from 0, over all stages) has the drop rate drop_connect · i / n. Batch normalisation has torch's
    defaults. With 10 classes B0 has 4,020,358 parameters, with 1,000 it has 5,288,548.

    Images of CIFAR-10 are small: with stem_stride=1 the network begins at their full size.

    Attributes:
        stem, head: each an nn.Sequential of convolution, nn.BatchNorm2d, nn.SiLU.
        blocks: one flat nn.Sequential of MBConvs.
        classifier: an nn.Linear.
    """

    def __init__(
        self,
        width: float = 1.0,
        depth: float = 1.0,
        num_classes: int = 10,
        stem_stride: int = 2,
        dropout: float = 0.2,
        drop_connect: float = 0.2,
    ) -> None:
        """Make the layers.

        Args:
            width: factor of all channels.
            depth: factor of all repeats.
            num_classes: length of the output's last axis.
            stem_stride: stride of the first convolution.
            dropout: probability with which a feature is dropped before the classifier, in train mode.
            drop_connect: drop rate of the block after the last one; see above.
        """
        super().__init__()
        # TODO: your code here.
        raise NotImplementedError("TODO")

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, 3, H, W)."""
        # TODO: your code here.
        raise NotImplementedError("TODO")
