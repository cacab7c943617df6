"""The from-scratch rule of questions 1 to 5, for the public tests and the grader: what must not do the work."""

from __future__ import annotations

RULE = "In the functions of questions 1 to 5 only torch, NumPy and the standard library can be used."
OWN_WORK = "This question asks you to write the operation yourself."

_CONVOLUTION = r"conv(?!ert)"
_LINEAR = r"(?<!sample_)(?<!sample_bi)(?<!sample_tri)linear(?!_comb)|multi_head_attention|transformer_encoder"
_REGIONS = r"roi_(?:pool|align)"  # torchvision's, with a region for each window
_RESAMPLING = r"upsample|interpolate|grid_sampl"  # averages pixels when sampling halfway between them
_ACTIVATIONS = (  # each is ReLU with a suitable slope, bound or scale
    r"elu|threshold|hardtanh|hardswish|hardsigmoid|softplus|silu|mish|glu|shrink|log_?sigmoid|activation|"
    r"_pointwise|clamp_run"  # operations fused with one
)
_HINGES = r"(?:hinge|cosine)_embedding|margin_(?:ranking_)?loss"  # losses: max(0, margin ± x), value by value
_RECURRENT = r"rnn|lstm|gru"  # a cell with its gates open is a linear layer, one with a steep gate is ReLU
_QUANTISED = r"quantize_per|(?:affine|empty)_quantized|quantized_tensor"  # values are clamped to the lowest level

OPERATIONS: dict[str, str] = {
    "conv2d": _CONVOLUTION,
    "relu": rf"{_ACTIVATIONS}|{_HINGES}|{_QUANTISED}|{_RECURRENT}",
    # An average of powers of two, one for each rank of the pixels, reveals the maximum.
    "max_pool2d": rf"(?:max|avg|lp)_pool|{_REGIONS}",
    # A convolution with equal weights is an average pool.
    "avg_pool2d": rf"avg_pool|lp_pool|{_REGIONS}|{_RESAMPLING}|{_CONVOLUTION}",
    "linear": rf"{_LINEAR}|{_CONVOLUTION}|{_RECURRENT}",  # a convolution over 1 pixel is a linear layer
    "FullyConnected": rf"{_LINEAR}|{_CONVOLUTION}|{_RECURRENT}",
}
"""For each function that must be written from scratch: the names of torch's operations that would do its work.

Slices, comparisons, sums, means, maxima, `clamp`, `where`, matrix products, `einsum`, `unfold`, `F.pad` and Fourier
transforms are not among them: they are the tools to write it with.
"""

OF_TORCH = (
    *("torch", "torchgen", "functorch", "numpy", "filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx"),
    *("setuptools", "sympy", "triton", "typing_extensions"),
)
"""Torch, NumPy, and the packages on which torch depends, some of which it imports lazily."""

FOR_TORCH_ALONE = ("mpmath", "networkx", "sympy")
"""Those of them that compute: torch may use them, a student's code may not."""
