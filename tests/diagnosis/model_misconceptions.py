"""Common mistakes in networks and in measuring them, and the sentence for each.

A cause is named only if its results, and no other mistake's, match the answer's.

The module is long because it is a list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from tests.formulas import same_number

Shapes = Mapping[str, tuple[int, ...]]

CAUSES = {
    # layers
    "no bias": "A layer that should have a bias seems to have none.",
    "bias before batch norm": "A convolution followed by batch normalisation seems to have a bias.",
    "28x28 arithmetic": "fc1 seems to be made for images of 28 × 28 pixels; these have 32 × 32.",
    "always ten classes": "The network seems to have ten outputs whatever num_classes says.",
    "no relu after conv1": "It looks as if conv1 were not followed by a ReLU.",
    "no relu after conv2": "It looks as if conv2 were not followed by a ReLU.",
    "no relu after fc1": "It looks as if fc1 were not followed by a ReLU.",
    "no relu after fc2": "It looks as if fc2 were not followed by a ReLU.",
    "no relu": "It looks as if no layer were followed by a ReLU.",
    "tanh for relu": "It looks as if tanh stood where ReLU is asked for.",
    "average pool": "It looks as if a pooling took the mean of its window instead of the largest.",
    "relu at the end": "It looks as if a ReLU came after the last layer; logits may be negative.",
    "softmax at the end": "The outputs look like probabilities; the loss wants logits, so nothing comes after fc3.",
    "log softmax at the end": "The outputs look like logarithms of probabilities; nothing comes after the last layer.",
    "flatten order": "It looks as if the features were flattened in another order than channel by channel.",
    "wrong width": "The layers have the right names, but other widths than the table in the docstring.",
    "cut off": "The output depends on these parameters, but no gradient comes back: was detach or no_grad used?",
    # measuring
    "divides by all images": "It looks as if you divided by the number of all images, not by that of each class.",
    "fraction for per cent": "These look like fractions from 0 to 1; per cent are asked for.",
    "precision for recall": "It looks as if you divided by how often a class was predicted, not by how many it has.",
    "last batch dropped": "It looks as if the last batch were left out.",
    "first batch only": "It looks as if only the first batch were counted.",
    "classes shifted": "The numbers look right, but stand at the place of a neighbouring class.",
    "overall accuracy repeated": "It looks as if every class had the accuracy over all images.",
    "averages the batches": "It looks as if each batch were measured by itself and the batches' results averaged.",
    "asked in train mode": "It looks as if the model were asked in train mode.",
    "left in eval mode": "The model came in train mode and seems to be left in eval mode.",
    "set to train mode": "The model came in eval mode and seems to be left in train mode.",
    # the table
    "last of equals": "Of models that share the highest accuracy you seem to name the last.",
    "lowest is best": "You seem to name the model with the lowest accuracy.",
    "mean over nan": "The mean seems to be nan as soon as one class is; classes that are nan should not count.",
    "nan counts in the mean": "The mean seems to be divided by the number of all classes, also of those that are nan.",
    "no row of means": "The row of the means seems to be missing.",
    "nan is compared": "The best seems to be sought among nan too, which is neither larger nor smaller than a number.",
    "best of none": "Where every model is nan, a best one seems to be named all the same.",
    "class called mean": "A class that happens to be called mean seems to be taken for the row of the mean.",
    # scaling
    "rounds down": "The filters seem to be rounded down; the nearest multiple is asked for.",
    "a tenth may be lost": "The filters seem to fall below nine tenths of what was asked for.",
    "divisor ignored": "The filters seem to be a multiple of 8 whatever the divisor is.",
    "no multiple": "The filters seem not to be brought to a multiple of the divisor.",
    "repeats rounded down": "The repeats seem to be rounded down; they are to be rounded up.",
    "repeats rounded": "The repeats seem to go to the nearest whole number; they are to be rounded up.",
    # squeeze and excitation
    "relu in the squeeze": "It looks as if ReLU stood where SiLU is asked for, in the squeeze-and-excitation.",
    "no silu in the squeeze": "It looks as if nothing came between the two convolutions of the squeeze-and-excitation.",
    "no sigmoid": "It looks as if the sigmoid of the squeeze-and-excitation were missing.",
    "largest for mean": "It looks as if the largest pixel of each channel were squeezed, not the mean.",
    "se added": "It looks as if the channels' weights were added to the input, not multiplied with it.",
    "input not weighed": "It looks as if the channels' weights were returned by themselves.",
    # blocks
    "squeezed from the wide channels": "The squeeze seems to go by the widened channels; it goes by the block's input.",
    "no squeeze and excitation": "The block seems to do without its squeeze-and-excitation.",
    "se without bias": "A convolution of the squeeze-and-excitation seems to have no bias.",
    "not depthwise": "The depthwise convolution seems to mix the channels; each is filtered by itself.",
    "every kernel 3": "Every depthwise kernel seems to be 3 × 3; some are larger.",
    "expands at ratio 1": "A block with ratio 1 seems to have an expansion; it is left out there.",
    "residual across strides": "The input seems to be added although the stride is not 1.",
    "residual across channels": "The input seems to be added although the output has another number of channels.",
    "no residual": "The input seems not to be added, or not everywhere where it should be.",
    "activation after the projection": "It looks as if an activation came after the projection.",
    "padding": "The depthwise convolution seems to have another padding than ⌊k/2⌋.",
    "padding like tensorflow": (
        "Where the stride is 2, the padding looks like TensorFlow's: more of it below and on the right."
    ),
    "expansion kernel 3": "The expansion seems to have a kernel of 3 × 3; it looks at single pixels.",
    "squeezed to nothing": "The squeeze seems to have no channel where a quarter of them is less than one.",
    "relu for silu": "It looks as if ReLU stood where SiLU is asked for, in a block.",
    "batch norm momentum": "A batch normalisation seems to have another momentum than torch's default.",
    "batch norm epsilon": "A batch normalisation seems to have another epsilon than torch's default.",
    # drop-connect
    "survivors not scaled": "The results that are kept seem not to be divided by 1 − drop_rate.",
    "drops in eval mode": "Results seem to be dropped in eval mode too.",
    "dropped for the whole batch": "All images of a batch seem to share one draw; each is dropped by itself.",
    "one draw, not scaled": (
        "All images of a batch seem to share one draw, and what is kept seems not to be divided by 1 − drop_rate."
    ),
    "dropped by channels": "Every channel seems to be drawn by itself; an image's result is dropped as a whole.",
    "kept with the drop rate": "Results seem to be kept with the probability with which they should be dropped.",
    "input dropped": "It looks as if the input were dropped; the block's own result is.",
    "never dropped": "Nothing seems ever to be dropped in train mode.",
    "same rate everywhere": "Every block seems to have the same drop rate; it grows from block to block.",
    "no rate handed on": "The blocks of the network seem to have no drop rate.",
    "rates run backwards": "The drop rates seem to fall from the first block to the last; they grow.",
    # the whole network
    "no head": "The network seems to have no head: its count is that of the network without one.",
    "every block strides": "It looks as if every block of a stage had the stage's stride; only the first has.",
    "stem stride ignored": "The stem seems to have a stride of 2 whatever stem_stride says.",
    "head not scaled": "The head seems to have 1,280 channels whatever the width.",
    "stem not scaled": "The stem seems to have 32 channels whatever the width.",
    "depth ignored": "The number of blocks seems not to go by the depth.",
    "width ignored": "The channels seem not to go by the width.",
    "no activation in the head": "It looks as if no activation came after the head's batch normalisation.",
    "largest pixel in the head": "It looks as if the largest pixel stood where the head's mean is asked for.",
}
"""Causes by key: a sentence for the student that names the mistake and does not give the answer away."""

# Numbers of trained parameters of networks with one mistake, by the right number.
_COUNTS = {
    62_006: {
        61_770: "no bias",
        44_726: "28x28 arithmetic",
    },
    4_020_358: {
        7_155_658: "squeezed from the wide channels",
        3_383_818: "no squeeze and excitation",
        4_011_018: "se without bias",
        3_918_982: "every kernel 3",
        161_846_662: "not depthwise",
        4_041_366: "bias before batch norm",
        4_021_446: "expands at ratio 1",
        14_047_366: "expansion kernel 3",
        3_598_598: "no head",
    },
}


def sentence(keys: Iterable[str]) -> str | None:
    """The sentence for the cause that fits; None unless there is exactly one. A key may name several: "one / other"."""
    found = set(keys)
    return " ".join(CAUSES[key] for key in found.pop().split(" / ")) if len(found) == 1 else None


def likely_from_count(expected: int, count: int) -> str | None:
    """The likely cause of a wrong number of trained parameters."""
    return sentence([_COUNTS[expected][count]] if count in _COUNTS.get(expected, {}) else [])


def likely_from_tensors(got: Any, variants: Mapping[str, Sequence[Callable[[], Tensor]]]) -> str | None:
    """The likely cause of a wrong output: the mistake that leads to it, if only one does.

    Args:
        got: what the student's function returned.
        variants: the outputs with each mistake, by key; one that cannot be computed here does not match.
    """
    return sentence(key for key, ways in variants.items() if any(_gives(way, got) for way in ways))


def _gives(way: Callable[[], Tensor], got: Any) -> bool:
    try:
        with torch.no_grad():
            value = way()
    except RuntimeError:
        return False
    if not isinstance(got, Tensor) or got.shape != value.shape or got.dtype != value.dtype:
        return False
    scale = value.abs().max().item() if value.numel() else 0.0
    return bool(torch.allclose(got.detach(), value, rtol=1e-4, atol=1e-5 * scale))


def likely_from_shapes(expected: Shapes, yours: Shapes, variants: Mapping[str, Shapes] | None = None) -> str | None:
    """The likely cause of wrong names or shapes of a network's parameters and buffers.

    Args:
        expected: the right ones.
        yours: the student's.
        variants: the shapes of whole networks with each mistake, by key.
    """
    keys = [key for key, shapes in (variants or {}).items() if shapes == yours]
    layers = {name.removesuffix(".weight") for name, shape in expected.items() if name.endswith("weight") and shape[1:]}
    missing, unknown = expected.keys() - yours.keys(), yours.keys() - expected.keys()
    same_names = not missing and not unknown
    same = all(expected[name] == yours[name] for name in expected.keys() & yours.keys())
    if same and missing and not unknown and missing <= {f"{layer}.bias" for layer in layers}:
        inside = all(re.search(r"(^|\.)(se\.)?(reduce|expand)\.bias$", name) for name in missing)
        keys.append("se without bias" if inside else "no bias")
    if same and unknown and not missing:
        if unknown <= {f"{layer}.bias" for layer in layers}:
            keys.append("bias before batch norm")
        if all(re.search(r"(^|\.)expand\.\d\.", name) for name in unknown):
            keys.append("expands at ratio 1")
    if same and missing and not unknown and all(re.search(r"(^|\.)se\.", name) for name in missing):
        keys.append("no squeeze and excitation")
    keys += [key for key, change in _CHANGES.items() if yours != expected and _changed(expected, change) == yours]
    if same_names and not keys and "fc1.weight" in expected:  # LeNet, whose widths are given in the docstring
        tails = all(yours[name][2:] == shape[2:] and len(yours[name]) == len(shape) for name, shape in expected.items())
        keys += ["wrong width"] if tails and yours != expected else []
    return sentence(keys)


def _changed(expected: Shapes, change: Callable[[str, tuple[int, ...], Shapes], tuple[int, ...]]) -> Shapes:
    return {name: change(name, shape, expected) for name, shape in expected.items()}


def _squeezed_wide(name: str, shape: tuple[int, ...], shapes: Shapes) -> tuple[int, ...]:
    part = re.search(r"(^|.*\.)se\.(reduce|expand)\.(weight|bias)$", name)
    if part is None or name.endswith("expand.bias"):
        return shape
    squeezed = max(1, shapes[f"{part[1]}se.expand.bias"][0] // 4)
    return (shape[0], squeezed, 1, 1) if part[2] == "expand" else (squeezed, *shape[1:])


def _last_of_ten(name: str, shape: tuple[int, ...], _: Shapes) -> tuple[int, ...]:
    return (10, *shape[1:]) if name.startswith(("fc3.", "classifier.")) else shape


def _small_kernel(name: str, shape: tuple[int, ...], _: Shapes) -> tuple[int, ...]:
    return (*shape[:2], 3, 3) if name.endswith("depthwise.0.weight") else shape


def _dense(name: str, shape: tuple[int, ...], _: Shapes) -> tuple[int, ...]:
    return (shape[0], shape[0], *shape[2:]) if name.endswith("depthwise.0.weight") else shape


def _small_image(name: str, shape: tuple[int, ...], _: Shapes) -> tuple[int, ...]:
    return (shape[0], 256) if name == "fc1.weight" else shape


def _wide_expansion(name: str, shape: tuple[int, ...], _: Shapes) -> tuple[int, ...]:
    return (*shape[:2], 3, 3) if re.search(r"(^|\.)expand\.0\.weight$", name) else shape


def _squeezed_to_nothing(name: str, shape: tuple[int, ...], shapes: Shapes) -> tuple[int, ...]:
    part = re.search(r"(^|.*\.)se\.(reduce\.weight|reduce\.bias|expand\.weight)$", name)
    if part is None or shapes[f"{part[1]}se.reduce.bias"] != (1,):
        return shape
    return (shape[0], 0, *shape[2:]) if part[2] == "expand.weight" else (0, *shape[1:])


def _wide_head(name: str, shape: tuple[int, ...], _: Shapes) -> tuple[int, ...]:
    if name == "classifier.weight":
        return (shape[0], 1280)
    return (1280, *shape[1:]) if name.startswith("head.") and shape else shape


def _wide_stem(name: str, shape: tuple[int, ...], _: Shapes) -> tuple[int, ...]:
    """A stem with 32 channels, and the first block, which has as many inputs and no expansion."""
    if name.startswith("stem.") and shape:
        return (32, *shape[1:])
    if not name.startswith("blocks.0.") or not shape:
        return shape
    if name.startswith("blocks.0.depthwise"):
        return (32, *shape[1:])
    others = {"project.0.weight": (shape[0], 32, 1, 1), "se.reduce.weight": (8, 32, 1, 1), "se.reduce.bias": (8,)}
    others |= {"se.expand.weight": (32, 8, 1, 1), "se.expand.bias": (32,)}
    return others.get(name.removeprefix("blocks.0."), shape)


_CHANGES: dict[str, Callable[[str, tuple[int, ...], Shapes], tuple[int, ...]]] = {
    "squeezed from the wide channels": _squeezed_wide,
    "always ten classes": _last_of_ten,
    "every kernel 3": _small_kernel,
    "expansion kernel 3": _wide_expansion,
    "squeezed to nothing": _squeezed_to_nothing,
    "not depthwise": _dense,
    "28x28 arithmetic": _small_image,
    "head not scaled": _wide_head,
    "stem not scaled": _wide_stem,
}


def likely_from_accuracies(
    got: Sequence[float], expected: Sequence[float], logits: Tensor, batches: Sequence[tuple[Tensor, Tensor]]
) -> str | None:
    """The likely cause of wrong accuracies, measured on a model with these logits over all batches."""
    labels = torch.cat([labels for _, labels in batches])
    hits = logits.argmax(1) == labels
    sizes = [len(labels) for _, labels in batches]
    classes = range(len(expected))
    images = [int((labels == number).sum()) for number in classes]
    found = [int((hits & (labels == number)).sum()) for number in classes]
    predicted = [int((logits.argmax(1) == number).sum()) for number in classes]
    overall = 100 * sum(found) / len(labels)
    of_batches = [_shares(h, y, classes) for h, y in zip(hits.split(sizes), labels.split(sizes), strict=True)]
    averaged = [_mean([share for share in shares if not math.isnan(share)]) for shares in zip(*of_batches, strict=True)]
    turned = logits.roll(1, 1).argmax(1) == labels  # the table model's answers in train mode
    kept = slice(len(labels) - sizes[-1])
    ways = {
        "divides by all images": [100 * count / len(labels) for count in found],
        "fraction for per cent": [value / 100 for value in expected],
        "precision for recall": [_ratio(100 * right, count) for right, count in zip(found, predicted, strict=True)],
        "last batch dropped": _shares(hits[kept], labels[kept], classes),
        "first batch only": of_batches[0],
        "classes shifted": [*expected[-1:], *expected[:-1]],
        "overall accuracy repeated": [overall for _ in classes],
        "averages the batches": averaged,
        "asked in train mode": _shares(turned, labels, classes),
    }
    # An absent class may also be 0 instead of nan, or the other way round: that is reported separately.
    unharmed = [expected, [0.0 if math.isnan(value) else value for value in expected]]
    if any(_same_list(got, each) for each in unharmed):
        return None
    variants = [(key, way) for key, way in ways.items() if not _same_list(way, expected)]
    variants.append(("classes shifted", [*expected[1:], *expected[:1]]))
    keys = []
    for key, way in variants:
        gaps = [
            [0.0 if math.isnan(value) and len(sizes) > 1 else value for value in way],
            [math.nan if not count else value for value, count in zip(way, images, strict=True)],
        ]
        if any(_same_list(got, each) for each in (way, *gaps)) and not _same_list(way, expected):
            keys.append(key)
    return sentence(keys)


def _shares(hits: Tensor, labels: Tensor, classes: range) -> list[float]:
    return [_ratio(100 * int(hits[labels == number].sum()), int((labels == number).sum())) for number in classes]


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _same_list(got: Sequence[float], wanted: Sequence[float]) -> bool:
    return len(got) == len(wanted) and all(map(same_number, got, wanted))


def likely_from_rows(
    got: list[Any], expected: list[dict[str, Any]], accuracies: Mapping[str, Sequence[float]]
) -> str | None:
    """The likely cause of wrong rows of a table."""
    names = list(accuracies)
    keys = ["no row of means"] if same_rows(got, expected[:-1]) else []
    whole = {name: math.fsum(values) / len(values) for name, values in accuracies.items()}
    padded = {
        name: math.fsum(v for v in values if not math.isnan(v)) / len(values) for name, values in accuracies.items()
    }
    means = {name: expected[-1][name] for name in names}
    mistaken = {
        "last of equals": [{**row, "best": _winner(row, names[::-1], max)} for row in expected],
        "lowest is best": [{**row, "best": _winner(row, names, min)} for row in expected],
        "nan is compared": [{**row, "best": max(names, key=row.__getitem__)} for row in expected],
        "mean over nan": [*expected[:-1], _row({**expected[-1], **whole}, names)],
        "nan counts in the mean": [*expected[:-1], _row({**expected[-1], **padded}, names)],
        "class called mean": [_row({**row, **means}, names) if row["class"] == "mean" else row for row in expected],
    }
    keys += [key for key, rows in mistaken.items() if not same_rows(rows, expected) and same_rows(got, rows)]
    empty = [place for place, row in enumerate(expected) if row["best"] == ""]
    if len(got) == len(expected) and empty:
        filled = [
            {**row, "best": got[place].get("best")} if place in empty else row for place, row in enumerate(expected)
        ]
        if same_rows(got, filled) and all(got[place].get("best") != "" for place in empty):
            keys.append("best of none")
    return sentence(keys)


def _row(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {**row, "best": _winner(row, names, max)}


def _winner(row: Mapping[str, Any], names: Sequence[str], choose: Callable[..., str]) -> str:
    known = [name for name in names if not math.isnan(row[name])]
    return choose(known, key=row.__getitem__) if known else ""


def same_rows(got: Sequence[Any], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows of a table agree, numbers to a hundredth."""
    return len(got) == len(wanted) and all(
        isinstance(row, dict)
        and row.keys() == right.keys()
        and all(
            same_number(row[key], value) if isinstance(value, float) else row[key] == value
            for key, value in right.items()
        )
        for row, right in zip(got, wanted, strict=True)
    )


def likely_from_filters(cases: Sequence[tuple[int, float, int]], got: Sequence[int]) -> str | None:
    """The likely cause of wrongly scaled numbers of filters, for cases (filters, width, divisor)."""
    scaled = [(filters * width, divisor) for filters, width, divisor in cases]
    return sentence(key for key, way in _FILTERS if [way(*case) for case in scaled] == list(got))


def _multiple(scaled: float, divisor: int, half: float) -> int:
    return max(divisor, math.floor(scaled / divisor + half) * divisor)


def _enough(found: int, scaled: float, divisor: int) -> int:
    return found if 10 * found >= 9 * scaled else found + divisor


_FILTERS: list[tuple[str, Callable[[float, int], int]]] = [
    ("rounds down", lambda scaled, divisor: _multiple(scaled, divisor, 0)),
    ("rounds down", lambda scaled, divisor: _enough(_multiple(scaled, divisor, 0), scaled, divisor)),
    ("a tenth may be lost", lambda scaled, divisor: _multiple(scaled, divisor, 0.5)),
    ("no multiple", lambda scaled, _: int(scaled)),
    ("no multiple", lambda scaled, _: round(scaled)),
    ("divisor ignored", lambda scaled, _: _enough(_multiple(scaled, 8, 0.5), scaled, 8)),
]


def likely_from_repeats(cases: Sequence[tuple[int, float]], got: Sequence[int]) -> str | None:
    """The likely cause of wrongly scaled numbers of blocks, for cases (repeats, depth)."""
    ways: list[tuple[str, Callable[[float], int]]] = [
        ("repeats rounded down", math.floor),
        ("repeats rounded down", lambda scaled: max(1, math.floor(scaled))),
        ("repeats rounded", round),
        ("repeats rounded", lambda scaled: max(1, round(scaled))),
    ]
    return sentence(key for key, way in ways if [way(repeats * depth) for repeats, depth in cases] == list(got))
