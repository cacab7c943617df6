"""The rule of questions 1 to 5, for the public tests and for the grader: what must not do a student's work."""

from __future__ import annotations

RULE = "In the functions of questions 1 to 5 only torch, NumPy and the standard library can be used."
OWN_WORK = "This question asks you to write the operation yourself."

_CONVOLUTION = r"conv(?!ert)"
_LINEAR = r"(?<!sample_)(?<!sample_bi)(?<!sample_tri)linear(?!_comb)|multi_head_attention|transformer_encoder"
_REGIONS = r"roi_(?:pool|align)"  # torchvision's: a region for each window
_RESAMPLING = r"upsample|interpolate|grid_sampl"  # halfway between pixels, it averages them
_ACTIVATIONS = (  # with a slope, a bound or a scale of one's choice each is ReLU
    r"elu|threshold|hardtanh|hardswish|hardsigmoid|softplus|silu|mish|glu|shrink|log_?sigmoid|activation|"
    r"_pointwise|clamp_run"  # operations that are fused with one
)
_HINGES = r"(?:hinge|cosine)_embedding|margin_(?:ranking_)?loss"  # losses: max(0, margin ± x), value by value
_RECURRENT = r"rnn|lstm|gru"  # a cell with its gates open is a linear layer, one with a steep gate is ReLU
_QUANTISED = r"quantize_per|(?:affine|empty)_quantized|quantized_tensor"  # what is below the smallest level becomes it

OPERATIONS: dict[str, str] = {
    "conv2d": _CONVOLUTION,
    "relu": rf"{_ACTIVATIONS}|{_HINGES}|{_QUANTISED}|{_RECURRENT}",
    # The average of powers of two, one for each place in the order of the pixels, tells the largest.
    "max_pool2d": rf"(?:max|avg|lp)_pool|{_REGIONS}",
    # A convolution with equal weights is an average pool.
    "avg_pool2d": rf"avg_pool|lp_pool|{_REGIONS}|{_RESAMPLING}|{_CONVOLUTION}",
    "linear": rf"{_LINEAR}|{_CONVOLUTION}|{_RECURRENT}",  # a convolution of 1 pixel is linear
    "FullyConnected": rf"{_LINEAR}|{_CONVOLUTION}|{_RECURRENT}",
}
"""For each function that must be written from scratch: what the operations of torch are called that would do it.

Slices, comparisons, sums, means, largest values, `clamp`, `where`, products of matrices, `einsum`, `unfold`, `F.pad`
and Fourier transforms are not among them: they are what one writes it with.
"""

OF_TORCH = (
    *("torch", "torchgen", "functorch", "numpy", "filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx"),
    *("setuptools", "sympy", "triton", "typing_extensions"),
)
"""Torch, NumPy, and the packages that torch itself is made with: it imports some when they are first needed."""

FOR_TORCH_ALONE = ("mpmath", "networkx", "sympy")
"""Those of them that calculate: torch may use them, and a student's own code may not."""
