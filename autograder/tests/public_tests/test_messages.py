"""What a failing public test says: its width, what can be pasted, and the hints about an exception's own words."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder import course
from tests.checks import assert_same, assert_size, counting, mixed
from tests.failures import CheckFailed
from tests.layers import assert_parameters, give_weights
from tests.messages import LONGEST, WIDTH, expression, laid_out, remark_on, to_paste


@pytest.mark.parametrize(
    ("tensor", "made"),
    [
        (counting(1, 1, 7, 7), "torch.arange(1., 50.).reshape(1, 1, 7, 7)"),
        (counting(1, 1, 3, 4) - 13, "torch.arange(-12., 0.).reshape(1, 1, 3, 4)"),
        (torch.arange(-5, 6), "torch.arange(-5, 6)"),
        (mixed(2, 3, 4, 5), "(torch.arange(120.) * 37 % 101 - 50).reshape(2, 3, 4, 5) / 10"),
        (torch.tensor([[1.0, 0.0], [0.0, 2.5]]), "torch.tensor([[1., 0.], [0., 2.5]])"),
        (torch.tensor([[-2, 0, 3]]), "torch.tensor([[-2, 0, 3]])"),
        (torch.tensor(-1.5), "torch.tensor(-1.5)"),
        (torch.tensor([0.5], dtype=torch.float64), "torch.tensor([0.5], dtype=torch.float64)"),
    ],
)
def test_a_tensor_is_written_as_python_that_makes_it(tensor: Tensor, made: str) -> None:
    assert expression(tensor) == made
    again = eval(made, {"torch": torch})  # noqa: S307  (our own text)
    assert again.dtype == tensor.dtype
    assert torch.equal(again, tensor)


@pytest.mark.parametrize("tensor", [torch.tensor([math.inf, -math.inf]), torch.tensor([math.nan])])
def test_what_is_not_a_number_can_be_pasted_too(tensor: Tensor) -> None:
    made = expression(tensor)
    assert made is not None
    again = eval(made, {"torch": torch})  # noqa: S307  (our own text)
    assert torch.equal(again.nan_to_num(7), tensor.nan_to_num(7))


@pytest.mark.parametrize("tensor", [torch.randn(4, 5), torch.randn(2)])
def test_no_expression_is_better_than_a_long_or_an_inexact_one(tensor: Tensor) -> None:
    made = expression(tensor)
    assert made is None or (len(made) <= LONGEST and torch.equal(eval(made, {"torch": torch}), tensor))  # noqa: S307


def failure_of(**named: object) -> CheckFailed:
    def conv2d(input: Tensor, weight: Tensor, stride: tuple[int, int], dilation: object) -> Tensor:
        del dilation
        return F.conv2d(input, weight, stride=stride)

    with pytest.raises(CheckFailed) as failure:
        assert_same(conv2d, F.conv2d, counting(1, 1, 7, 7), counting(1, 1, 2, 2), **named)
    return failure.value


def test_the_failing_call_can_be_pasted() -> None:
    lines = [line for _, line in to_paste(failure_of(stride=(2, 1), dilation=(3, 1)))]
    assert lines == [
        "x = torch.arange(1., 50.).reshape(1, 1, 7, 7)",
        "w = torch.arange(1., 5.).reshape(1, 1, 2, 2)",
        "conv2d(x, w, stride=(2, 1), dilation=(3, 1))",
    ]
    given: dict[str, object] = {"torch": torch, "conv2d": F.conv2d}
    exec("\n".join(["out = None", *lines[:-1], f"out = {lines[-1]}"]), given)  # noqa: S102  (our own text)
    right = F.conv2d(counting(1, 1, 7, 7), counting(1, 1, 2, 2), stride=(2, 1), dilation=(3, 1))
    assert torch.equal(given["out"], right)  # type: ignore[arg-type]


def test_a_call_of_random_tensors_is_not_offered() -> None:
    with pytest.raises(CheckFailed) as failure:
        assert_same(torch.abs, F.relu, torch.randn(9, 9))
    assert to_paste(failure.value) == []


def test_no_line_is_wider_than_a_small_terminal() -> None:
    lines = laid_out([*failure_of(stride=(2, 1), dilation=(3, 1)).lines, ("note", "word " * 60)])
    assert max(map(len, lines)) <= WIDTH == 80
    assert all(line.startswith("  ") for line in lines)


@pytest.mark.parametrize(
    ("expression_", "question", "words"),
    [
        ("2 * 3 - (1, 2)", "q1", "as_pair"),
        ("int(7)[0]", "q3", "as_pair"),
        ("range((2, 1))", "q4", "as_pair"),
        ("(lambda: (lambda a, b: 0)(*3))()", "q2", None),
        ("2 - (1, 2)", "q2", None),
        ("torch.zeros(1, 1, 2.0, 3)", "q3", "//"),
        ("torch.zeros((1, 2.0))", "q3", "//"),
        ("range(2.0)", "q1", "//"),
        ("torch.zeros(3)[0:2.0]", "q1", "//"),
        ("torch.zeros(2) @ torch.zeros(3)", "q1", None),
    ],
)
def test_an_exception_s_own_words_lead_to_what_to_do(expression_: str, question: str, words: str | None) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011
        eval(expression_, {"torch": torch})  # noqa: S307  (our own text)
    remark = remark_on(raised.value, question)
    assert (remark is None) if words is None else (remark is not None and words in remark)


def test_a_size_with_a_point_is_answered_with_the_formula_and_the_rounded_number() -> None:
    def output_size(*_: object, **__: object) -> tuple[float, float]:
        return 23.5 + 1, 48.5 + 1

    with pytest.raises(CheckFailed) as failure:
        assert_size(output_size, (24, 49), (50, 100), 3, stride=2)
    assert "H_out = ⌊(50 + 2·0 − 1·(3 − 1) − 1) / 2⌋ + 1 = 24" in failure.value.detail
    assert "// does, / does not" in failure.value.detail


def test_a_plain_tensor_in_place_of_a_parameter_is_named() -> None:
    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.zeros(3, 2)
            self.bias = nn.Parameter(torch.zeros(3))

    words = r"weight +is a plain tensor: self\.weight = nn\.Parameter"
    with pytest.raises(CheckFailed, match=words):
        give_weights(nn.Linear(2, 3), Layer())
    with pytest.raises(CheckFailed, match=words):
        assert_parameters(Layer(), {"weight": (3, 2), "bias": (3,)}, 1)


LOOPS = """
def relu(input, inplace=False):
    i = 0
    while i < 10:
        x = i + 1
    return input
"""
PRINTS = """
def relu(input, inplace=False):
    for i in range(100):
        print("value", i)
    return input.abs()
"""
DEEP = """
def relu(input, inplace=False):
    return relu(input)
"""


@pytest.mark.parametrize(
    ("source", "words", "most"),
    [
        (LOOPS, ["it did not end", ", in relu: ", "again   pytest -k"], 8),
        (PRINTS, ["lines; pytest -s shows all", "value 99"], 34),
        (DEEP, ["calls before", "RecursionError"], 15),
    ],
    ids=["endless", "printed", "recursion"],
)
def test_a_failure_takes_few_lines_whatever_the_code_does(
    tmp_path: Path, source: str, words: list[str], most: int
) -> None:
    (tmp_path / "q2_relu.py").write_text(source)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-rN", "-p", "no:cacheprovider", f"--target={tmp_path}"),
            *("-o", "timeout=5", "-n", "0", "tests/test_q2_relu.py", "-k", "in_place"),
        ],
        cwd=course.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for word in words:
        assert word in done.stdout
    failure = done.stdout.partition("FAILURES")[2].partition("public tests")[0]
    assert failure.count("\n") <= most, failure
