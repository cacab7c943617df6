"""Write `tests/known_outputs.py`: what known weights lead to in LeNet and in a block, also with common mistakes.

`python -m autograder.evidence.known_outputs` writes it anew after a change of the weights, the images or the mistakes.
Students get the numbers, from which no network can be read.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from autograder.course import PUBLIC_TESTS
from autograder.files.whole import write_whole
from autograder.hidden.test_q6_lenet import lenet, mistakes
from autograder.hidden.test_q7_efficientnet import block_mistakes, mbconv, network, network_mistakes
from autograder.hidden.torchvision_efficientnet import our_state, reference
from tests.checks import mixed
from tests.networks import known_weights, patchwork
from tests.test_q6_lenet import LAYERS
from tests.test_q7_efficientnet import block_shapes

PATH = PUBLIC_TESTS / "known_outputs.py"
ADDS = (2, 2, 3, 1, 2)  # MBConv's first five arguments: a block that adds its input, since its stride is 1
STRIDES = (2, 3, 3, 2, 2)  # and one that does not

Outputs = Mapping[str, Sequence[Callable[[], Tensor]]]


def text() -> str:
    """The contents of the file."""
    state, images = known_weights(LAYERS), patchwork()
    tables: dict[str, Outputs] = {"LENET": {"right": [partial(lenet, state, images)], **mistakes(state, images)}}
    for name, settings in (("BLOCK_THAT_ADDS", ADDS), ("BLOCK_THAT_STRIDES", STRIDES)):
        channels, out_channels, kernel, _, ratio = settings
        weights = known_weights(block_shapes(channels, out_channels, kernel, ratio))
        made = partial(mbconv, weights, settings, mixed(1, channels, 2, 3))
        ways = {cause: [partial(made, **way) for way in of_it] for cause, of_it in block_mistakes(settings).items()}
        tables[name] = {"right": [made], **ways}
    shapes = {name: tuple(value.shape) for name, value in sorted(our_state(reference(0.25, 0.5, 10, 1)).items())}
    weights = known_weights(shapes)
    tables["SCALED_NETWORK"] = {
        "right": [partial(network, weights, images, 0.5, stem_stride=1)],
        **network_mistakes(weights, images, 0.5, 1),
    }
    arguments = f"ADDS = {ADDS}\nSTRIDES = {STRIDES}\n"
    return "\n".join([_HEAD, arguments, *(_table(name, outputs) for name, outputs in tables.items())])


def _table(name: str, outputs: Outputs) -> str:
    shape = outputs["right"][0]().shape
    lines = [f"{name}: dict[str, list[list[float]]] = {{"]
    for cause, ways in outputs.items():
        found = [values for way in ways if (values := _numbers(way, shape)) is not None]
        if found:
            lines += [f'    "{cause}": [', *(f"        {values}," for values in found), "    ],"]
    return "\n".join([*lines, "}\n"])


def _numbers(way: Callable[[], Tensor], shape: torch.Size) -> str | None:
    """An output's numbers; None for a mistake that cannot be computed, or has another shape, in this case."""
    try:
        with torch.no_grad():
            output = way()
    except RuntimeError:
        return None
    if output.shape != shape:
        return None
    numbers = ", ".join(f"{value:.6g}" for value in output.flatten().tolist())
    return textwrap.fill(f"[{numbers}]", 108, subsequent_indent=" " * 9, break_on_hyphens=False)


_HEAD = '''\
"""Outputs that known weights lead to, and those that common mistakes lead to with them; written by a program.

ADDS and STRIDES are arguments of MBConv: a block that adds its input, and one that does not.
"""

# fmt: off
'''


def main() -> None:
    """Write the file."""
    write_whole(PATH, text())


if __name__ == "__main__":
    main()
