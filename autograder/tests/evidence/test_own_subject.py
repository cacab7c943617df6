"""Each test fails for its own subject: one setting at fault costs the tests about it, and no others."""

from __future__ import annotations

import importlib

import pytest
import torch
import torch.nn.functional as F

from autograder import course
from autograder.tests.support.grading import Grade

q1_conv2d, q3_max_pool2d, q5_linear = (
    importlib.import_module(f"solutions.{name}") for name in ("q1_conv2d", "q3_max_pool2d", "q5_linear")
)

# Which tests may be lost by a fault in a setting, besides those of random settings.
ABOUT = {
    ("q1", "stride"): {"stride", "remainder", "stride and padding", "dilation as the slides have it"},
    ("q1", "padding"): {"padding", "stride and padding"},
    ("q1", "dilation"): {"dilation", "dilation as the slides have it"},
    ("q3", "stride"): {"stride", "window and stride"},
    ("q3", "padding"): {"padding"},
    ("q3", "dilation"): {"dilation"},
    ("q3", "ceil_mode"): {"ceil mode"},
    ("q4", "stride"): {"stride and padding", "window and stride"},
    ("q4", "padding"): {"stride and padding", "padding and divisor"},
    ("q4", "ceil_mode"): {"ceil mode"},
    ("q4", "count_include_pad"): {"divisor", "padding and divisor", "ceil mode"},
    ("q4", "divisor_override"): {"divisor", "padding and divisor"},
}
AXES = {"of the height": "(a, a)", "of the width": "(b, b)", "exchanged": "(b, a)"}
IGNORED = {
    "padding": "0",
    "dilation": "1",
    "ceil_mode": "False",
    "count_include_pad": "True",
    "divisor_override": "None",
}
FUNCTIONS = {
    "q1": ("conv2d", "weight, bias=None, stride=1, padding=0, dilation=1"),
    "q3": ("max_pool2d", "kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False"),
    "q4": (
        "avg_pool2d",
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
    ),
}


def with_fault(question: str, setting: str, way: str) -> str:
    """The solution, called with another value of one setting."""
    module = next(each.module for each in course.load().questions if each.id == question)
    name, parameters = FUNCTIONS[question]
    names = [each.split("=")[0].strip() for each in parameters.split(",")]
    if way == "ignored":
        fault = f"    {setting} = {IGNORED[setting]}"
    else:
        default = "kernel_size if stride is None else stride" if "stride=None" in parameters else "stride"
        fault = f"    a, b = as_pair({default if setting == 'stride' else setting})\n    {setting} = {AXES[way]}"
    return (course.SOLUTIONS / f"{module}.py").read_text("utf-8").replace(
        f"{name}(", f"_right_{name}("
    ) + f"\n\ndef {name}(input, {parameters}):\n{fault}\n    return _right_{name}(input, {', '.join(names)})\n"


CASES = [
    (*key, way)
    for key in ABOUT
    for way in (
        *(AXES if key[1] in ("stride", "padding", "dilation") else ()),
        *(["ignored"] if key[1] in IGNORED else ()),
    )
    if (way != "ignored" or key[0] == "q1" or key[1] not in ("padding", "dilation"))  # a pool's ceil mode needs padding
]


@pytest.mark.parametrize(
    ("question", "setting", "way"),
    [
        pytest.param(
            *case, id=" ".join(case), marks=() if case[2] in ("of the height", "ignored") else pytest.mark.slow
        )
        for case in CASES
    ],
)
def test_one_setting_at_fault_costs_only_the_tests_about_it(
    graded: Grade, question: str, setting: str, way: str
) -> None:
    (report,) = graded(with_fault(question, setting, way), question=question).questions
    lost = {
        "dilation as the slides have it"
        if (question, test.category, test.visibility) == ("q1", "dilation", "public")
        else test.category
        for test in report.tests
        if test.status != "passed" and test.max_score
    }
    assert lost
    assert lost <= ABOUT[question, setting] | {"random settings"}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64])
def test_solutions_keep_the_dtype_that_they_promise(dtype: torch.dtype) -> None:
    images, weight = torch.arange(50).reshape(1, 2, 5, 5).to(dtype), torch.arange(16).reshape(2, 2, 2, 2).to(dtype)
    for got, expected in (
        (q1_conv2d.conv2d(images, weight, padding=1), F.conv2d(images, weight, padding=1)),
        (q3_max_pool2d.max_pool2d(images - 60, 2, padding=1), F.max_pool2d(images - 60, 2, padding=1)),
        (q5_linear.linear(images, images[0, 0]), F.linear(images, images[0, 0])),
    ):
        assert got.dtype == expected.dtype == dtype
        assert torch.equal(got, expected)
