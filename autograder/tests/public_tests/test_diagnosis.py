"""Several faults of one answer are told at once, the same on every machine, and nothing is guessed."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from autograder.evidence.bank import KnownAnswer
from autograder.evidence.bank.several import CONVOLUTION, TEMPLATES, Template, outsiders, several, whole
from tests.diagnosis import misconceptions
from tests.diagnosis.causes import CAUSES, REFUSED
from tests.diagnosis.operations import OPERATIONS
from tests.diagnosis.probes import probes

FUNCTIONS = {"q1_conv2d": "conv2d", "q3_max_pool2d": "max_pool2d", "q4_avg_pool2d": "avg_pool2d"}
MOST_PRODUCTS = 10_000  # of a probe: seven nested loops over tensors are a right answer


def function(answer: KnownAnswer) -> Callable[..., Any]:
    module = types.ModuleType(answer.module)
    exec(compile(answer.source, f"{answer.module}.py", "exec"), module.__dict__)  # noqa: S102  (of the bank)
    found: Callable[..., Any] = getattr(module, FUNCTIONS[answer.module])
    return found


def convolution(style: str, **faults: str) -> Callable[..., Any]:
    """A convolution in a style of code, with the faults of these causes at these places."""
    chosen = {
        place: next(piece for piece in CONVOLUTION.pieces[place] if piece[0] == cause)
        for place, cause in ((name.replace("_", " "), cause) for name, cause in faults.items())
    }
    return function(whole(CONVOLUTION, style, chosen))


@pytest.mark.parametrize("style", ["slices", "NumPy", "slow loops"])
def test_faults_of_unlike_kinds_are_all_found(style: str) -> None:
    conv2d = convolution(
        style, one_image="one image refused", dilation="dilation ignored", padding="padding of the height for both"
    )
    expected = {"one image refused", "dilation ignored", "padding of the height for both"}
    assert set(misconceptions.explained(conv2d)) == expected


def test_a_call_is_told_only_the_faults_that_it_shows() -> None:
    conv2d = convolution("slices", dilation="dilation ignored", bias="bias twice")
    image, weight, bias = torch.randn(2, 3, 7, 8), torch.randn(4, 3, 2, 3), torch.randn(4)

    def told(*arguments: Tensor, **named: Any) -> str | None:
        return misconceptions.likely(conv2d, arguments, named, conv2d(*arguments, **named))

    assert told(image, weight, dilation=2) == "dilation is ignored."
    assert told(image, weight, bias) == "the bias is added twice."
    assert told(image, weight, bias, dilation=2) == "dilation is ignored; the bias is added twice."


def test_exceptions_are_told_with_the_calls_that_end_with_them() -> None:
    conv2d = convolution("einsum", bias="no bias refused", stride="stride as a pair refused")
    image, weight = torch.randn(2, 3, 7, 8), torch.randn(4, 3, 2, 3)
    with pytest.raises(TypeError) as caught:
        conv2d(image, weight, stride=(1, 2))
    told = misconceptions.likely_refused(conv2d, (image, weight), {"stride": (1, 2)}, caught.value)
    assert told is not None
    assert told.startswith("it ends with an error wherever ")
    assert "the stride is a pair" in told
    assert "there is no bias (None)" in told


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.module)
def test_right_answers_in_every_style_have_no_fault(template: Template) -> None:
    for style in template.styles:
        assert misconceptions.explained(function(whole(template, style, {}))) == []


def in_whole_steps(x: Tensor, w: Tensor, b: Tensor | None, stride: int, padding: int, *, width: int) -> Tensor:
    """A convolution of whole numbers that wants no remainder, for a kernel of this width."""
    pixels = x.shape[-2] + 2 * padding - w.shape[2], x.shape[-1] + 2 * padding - width
    if pixels[0] % stride or pixels[1] % stride:
        raise ValueError("does not fit")
    return F.conv2d(x, w, b, stride, padding)


def test_a_remainder_is_that_of_the_answers_own_formula() -> None:
    def own(x: Tensor, w: Tensor, b: Tensor | None = None, stride: Any = 1, padding: Any = 0, **_: Any) -> Tensor:
        return in_whole_steps(x, w, b, stride, padding, width=w.shape[3])

    def of_the_height(
        x: Tensor, w: Tensor, b: Tensor | None = None, stride: Any = 1, padding: Any = 0, **_: Any
    ) -> Tensor:
        return in_whole_steps(x, w, b, stride, padding, width=w.shape[2])

    others = {"dilation ignored", "stride as a pair refused", "padding as a pair refused"}
    for conv2d, refused in ((own, "remainder refused"), (of_the_height, "remainder by the height refused")):
        conv2d.__name__ = "conv2d"
        assert set(misconceptions.explained(conv2d)) == {refused, *others}


def test_odd_windows_single_precision_and_lost_channels_are_found() -> None:
    def conv2d(x: Tensor, w: Tensor, *rest: Any, **named: Any) -> Tensor:
        if w.shape[2] % 2 == 0 or w.shape[3] % 2 == 0:
            raise ValueError("odd kernels only")
        return F.conv2d(x.float(), w.float(), *(each.float() for each in rest), **named).to(x.dtype)

    def max_pool2d(x: Tensor, kernel: Any, stride: Any = None, *rest: Any, **named: Any) -> Tensor:
        stride = kernel if stride is None else stride
        if isinstance(stride, tuple) or (x.dim() == 4 and len(x) > 1 == x.shape[1]):
            raise ValueError("not this")
        output: Tensor = F.max_pool2d(x, kernel, stride, *rest, **named)
        return output

    assert set(misconceptions.explained(conv2d)) == {"single precision inside", "even windows refused"}
    assert set(misconceptions.explained(max_pool2d)) == {"stride as a pair refused", "one channel refused"}


def test_a_fault_that_no_explanation_has_is_not_guessed_at() -> None:
    for answer in list(outsiders())[::7]:
        assert misconceptions.explained(function(answer)) == [], answer.name


def test_the_probes_are_always_the_same_and_small() -> None:
    for name in OPERATIONS:
        once, again = probes(name), probes(name)
        for (given, named), (same_given, same_named) in zip(once, again, strict=True):
            assert named == same_named
            assert all(
                torch.equal(a, b) if isinstance(a, Tensor) else a == b for a, b in zip(given, same_given, strict=True)
            )
    for (image, weight, *_), named in probes("conv2d"):
        output = OPERATIONS["conv2d"][0](image, weight, **named).output()
        assert output.numel() * weight[0].numel() <= MOST_PRODUCTS


def test_time_decides_nothing() -> None:
    """The same faults are found in code that takes long for each call."""
    quick = convolution("slices", weight="kernel flipped", bias="bias missing")

    def conv2d(*arguments: Any, **named: Any) -> Any:
        sum(range(20_000))
        return quick(*arguments, **named)

    assert misconceptions.explained(conv2d) == misconceptions.explained(quick) != []


def test_the_second_bank_knows_its_truth() -> None:
    answers = list(several(11))
    assert len(answers) >= 150
    assert len({answer.source for answer in answers}) == len(answers)
    for answer in answers:
        causes = (answer.cause or "").split(" / ")
        assert 2 <= len(causes) <= 4
        assert set(causes) <= set(CAUSES) | set(REFUSED)
    assert len(list(outsiders())) >= 40
