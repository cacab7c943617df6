"""The functions that can be asked for from scratch, and the library's kernels that would do the work of each.

Apart from the guard, which watches those kernels and needs torch for it: settings name these functions, too, and are
read where torch is not wanted.
"""

from __future__ import annotations

_CONVOLUTION = r"conv(?!ert)"
_LINEAR = r"(?<!bi)(?<!tri)linear(?!1d|_comb)"
_REGIONS = r"roi_(?:pool|align)"  # torchvision's: a region for each window

OPERATIONS: dict[str, str] = {
    "conv2d": _CONVOLUTION,
    "relu": r"relu|threshold",
    "max_pool2d": rf"max_pool|{_REGIONS}",
    "avg_pool2d": rf"avg_pool|{_REGIONS}|{_CONVOLUTION}",  # a convolution with equal weights is an average pool
    "linear": rf"{_LINEAR}|{_CONVOLUTION}",  # one with a kernel of 1 is a linear layer
    "FullyConnected": rf"{_LINEAR}|{_CONVOLUTION}",
}
"""For each function that must be written from scratch: what kernels are called that it must not use."""
