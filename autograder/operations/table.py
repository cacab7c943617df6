"""The operations that a list may hold, by torch's names: an operator and one of its overloads.

The types of arguments come from torch's own schemas. Left out is whatever addresses memory freely (`as_strided`,
`set_`, `resize_`), takes indices or sizes from data, writes to an `out=` argument, takes a generator of random numbers,
or reads a number out of a tensor.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import torch

_POINTWISE = (
    *("abs", "ceil", "cos", "elu", "erf", "exp", "expm1", "floor", "gelu", "hardsigmoid", "hardswish", "hardtanh"),
    *("leaky_relu", "log", "log1p", "log_sigmoid", "logical_not", "mish", "neg", "prelu", "reciprocal", "relu"),
    *("relu6", "round", "rsqrt", "selu", "sigmoid", "sign", "silu", "sin", "softplus", "sqrt", "square", "tanh"),
    *("celu", "threshold", "clamp", "clamp.Tensor", "clamp_min", "clamp_max", "clamp_min.Tensor", "clamp_max.Tensor"),
    *("softshrink", "hardshrink", "tanhshrink", "softsign", "logit", "sinh", "cosh", "atan", "rrelu"),
    *("absolute", "clip", "clip.Tensor", "negative", "special_expit", "nan_to_num", "isnan", "isfinite"),
)
_IN_PLACE = (
    *("abs_", "clamp_", "clamp_max_", "clamp_min_", "elu_", "exp_", "fill_.Scalar", "gelu_", "hardsigmoid_"),
    *("hardswish_", "hardtanh_", "leaky_relu_", "mish_", "neg_", "relu_", "relu6_", "selu_", "celu_", "sigmoid_"),
    *("silu_", "sqrt_", "square_", "tanh_", "threshold_", "zero_", "copy_", "masked_fill_.Scalar", "fill_.Tensor"),
    *(f"{name}_.{kind}" for name in ("add", "sub", "mul", "div") for kind in ("Tensor", "Scalar")),
    *("pow_.Scalar", "lerp_.Scalar", "addcmul_", "clip_", "floor_", "ceil_", "round_", "sign_", "detach_"),
    *(f"{name}_.{kind}" for name in ("eq", "ge", "gt", "le", "lt", "ne") for kind in ("Tensor", "Scalar")),
)
_BINARY = (
    *(f"{name}.{kind}" for name in ("add", "sub", "mul", "div", "rsub") for kind in ("Tensor", "Scalar")),
    *(f"{name}.{kind}" for name in ("eq", "ge", "gt", "le", "lt", "ne") for kind in ("Tensor", "Scalar")),
    *("div.Tensor_mode", "maximum", "minimum", "max.other", "min.other", "pow.Tensor_Scalar", "pow.Tensor_Tensor"),
    *("pow.Scalar", "logical_and", "logical_or", "logical_xor", "bitwise_and.Tensor", "bitwise_or.Tensor"),
    *("bitwise_not", "where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar", "masked_fill.Scalar"),
    *("masked_fill.Tensor", "addcmul", "addcdiv", "lerp.Scalar", "lerp.Tensor", "remainder.Scalar", "fmod.Scalar"),
    *(f"{name}.{kind}" for name in ("divide", "multiply", "subtract", "true_divide") for kind in ("Tensor", "Scalar")),
    *("floor_divide", "fmax", "fmin", "__and__.Tensor", "__or__.Tensor", "__xor__.Tensor"),
)
_REDUCTIONS = (
    *("mean", "mean.dim", "sum", "sum.dim_IntList", "amax", "amin", "max", "max.dim", "min", "min.dim"),
    *("var.correction", "var.dim", "var", "std.correction", "std.dim", "std", "var_mean.correction", "var_mean.dim"),
    *("logsumexp", "softmax.int", "log_softmax.int", "linalg_vector_norm", "norm.ScalarOpt_dim", "cumsum", "prod"),
    *("prod.dim_int", "all", "any", "all.dim", "any.dim", "norm.Scalar", "nanmean", "nansum"),
)
_SHAPES = (
    *("alias", "broadcast_to", "cat", "chunk", "clone", "contiguous", "detach", "expand", "expand_as", "flatten"),
    *("flatten.using_ints", "flip", "movedim.int", "movedim.intlist", "narrow", "permute", "repeat", "reshape"),
    *("reshape_as", "roll", "select.int", "slice.Tensor", "split.Tensor", "split_with_sizes", "squeeze"),
    *("squeeze.dim", "squeeze.dims", "stack", "swapaxes", "swapdims", "t", "transpose.int", "tril", "triu"),
    *("unbind.int", "unflatten.int", "unfold", "unsqueeze", "view", "view_as", "unsafe_chunk", "unsafe_split.Tensor"),
    *("pad", "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "pixel_shuffle", "pixel_unshuffle"),
    *("channel_shuffle", "im2col", "col2im", "hstack", "vstack", "concat", "numpy_T", "_unsafe_view", "mT", "diff"),
    *("upsample_nearest2d.vec", "upsample_bilinear2d.vec", "repeat_interleave.self_int", "adjoint", "ravel"),
    *(
        "tile",
        "moveaxis.int",
        "moveaxis.intlist",
        "tensor_split.sections",
        "column_stack",
        "dstack",
        "fliplr",
        "flipud",
    ),
)
_LINEAR = (
    *("linear", "matmul", "mm", "bmm", "mv", "addmm", "baddbmm", "einsum", "tensordot", "outer", "bilinear"),
    *("conv1d", "conv1d.padding", "conv2d", "conv2d.padding", "conv_transpose2d.input", "dot"),
    "scaled_dot_product_attention",
)
_POOLS = (
    *("max_pool2d", "max_pool2d_with_indices", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"),
    *("max_pool1d", "avg_pool1d", "adaptive_avg_pool1d"),
)
_NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")
_MADE = (
    *("arange", "arange.start", "arange.start_step", "empty.memory_format", "empty_like", "eye", "full", "full_like"),
    *("lift_fresh_copy", "lift_fresh", "linspace", "new_empty", "new_full", "new_ones", "new_zeros", "ones"),
    *("ones_like", "scalar_tensor", "zeros", "zeros_like"),
)
_TYPES = ("to.dtype", "to.dtype_layout", "to.device", "to.other", "_to_copy", "type_as")
DRAWS = frozenset(
    {
        *("rand.default", "rand_like.default", "randn.default", "randn_like.default", "bernoulli.default"),
        *("bernoulli.p", "bernoulli_.float", "bernoulli_.Tensor", "uniform_.default", "normal_.default"),
        *("dropout.default", "dropout_.default", "feature_dropout.default", "feature_dropout_.default"),
        *("alpha_dropout.default", "native_dropout.default"),
    }
)
"""Those that draw random numbers."""

GETITEM, GRAD = "getitem", "grad"
"""Two steps that are not torch's operators: an item of a result that has several, and gradients on or off."""

ALLOWED = frozenset(
    name if "." in name else f"{name}.default"
    for group in (
        *(_POINTWISE, _IN_PLACE, _BINARY, _REDUCTIONS, _SHAPES, _LINEAR, _POOLS, _NORMS, _MADE, _TYPES, DRAWS),
    )
    for name in group
) | {GETITEM, GRAD}

EMPTY = {"empty.memory_format": "zeros.default", "empty_like.default": "zeros_like.default"}
EMPTY["new_empty.default"] = "new_zeros.default"
"""What is computed for an operation that would show what memory held before."""

MAY_COPY = frozenset(
    {
        *("contiguous.default", "flatten.using_ints", "ravel.default", "reshape.default", "reshape_as.default"),
        *("to.dtype", "to.dtype_layout", "to.device", "to.other", "type_as.default"),
    }
)
"""Those whose result is the argument itself or a copy of it, as its dtype and its order in memory have it."""

_WORDS = {
    "approximate": re.compile(r"none|tanh"),
    "equation": re.compile(r"[A-Za-z., >-]{1,64}"),
    "mode": re.compile(r"constant|reflect|replicate|circular"),
    "padding": re.compile(r"same|valid"),
    "rounding_mode": re.compile(r"floor|trunc"),
}
_SETTINGS = ("dtype", "layout", "device", "memory_format")
DTYPES = {
    name: getattr(torch, name)
    for name in ("bool", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64")
}
MEMORY_FORMATS = {name: getattr(torch, name) for name in ("contiguous_format", "preserve_format", "channels_last")}
LARGEST = 2**31  # of whole numbers


@cache
def operator(name: str) -> Any:
    """Torch's operator, an `OpOverload`; None if the name is not in the table or this release of torch lacks it."""
    if name not in ALLOWED or name in (GETITEM, GRAD):
        return None
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet, None), overload, None)


@cache
def arguments_of(name: str) -> tuple[tuple[str, str, bool], ...]:
    """An operator's arguments in order: the name, the type as torch writes it, and whether it is written to."""
    return tuple(
        (argument.name, str(argument.type), argument.alias_info is not None and argument.alias_info.is_write)
        for argument in operator(name)._schema.arguments  # noqa: SLF001  (the public way to a schema is through it)
    )


def written(name: str, training: bool) -> tuple[str, ...]:
    """The names of the arguments that an operation writes to.

    Args:
        name: in the table.
        training: for a normalisation, whether it uses the batch's own averages; then it updates the running ones.
    """
    if name in ("batch_norm.default", "instance_norm.default"):  # their schemas do not say it
        return ("running_mean", "running_var") if training else ()
    return tuple(each for each, _, writes in arguments_of(name) if writes)


def word_allowed(argument: str, word: str) -> bool:
    """Whether a text may be the value of an argument of this name."""
    pattern = _WORDS.get(argument)
    return pattern is not None and pattern.fullmatch(word) is not None


def setting_allowed(argument: str, kind: str, name: str) -> bool:
    """Whether a dtype, layout, device or memory format may be the value of an argument of this name."""
    if argument == "other" or (argument != kind and kind in _SETTINGS):
        return False
    known = {"dtype": DTYPES, "memory_format": MEMORY_FORMATS, "layout": ("strided",), "device": ("any",)}
    return name in known.get(kind, ())
