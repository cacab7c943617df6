"""The library's own kernels are noticed however they are reached, and only where they are not allowed."""

from __future__ import annotations

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.tests.conftest import SOLUTION, Grade

IMPORTS = "import threading, torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
HEAD = "def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):\n"
SHORTCUTS = {
    "F.conv2d": "    return F.conv2d(input, weight, bias, stride, padding, dilation)",
    "nn.Conv2d": """
    channels = weight.shape[1], weight.shape[0]
    layer = nn.Conv2d(*channels, weight.shape[2:], stride, padding, dilation, bias=bias is not None)
    layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return layer.to(input.dtype)(input)""",
    "torch.ops.aten.convolution": """
    s, p, d = (list(as_pair(value)) for value in (stride, padding, dilation))
    x = input if input.dim() == 4 else input[None]
    out = torch.ops.aten.convolution(x, weight, bias, s, p, d, False, [0, 0], 1)
    return out if input.dim() == 4 else out[0]""",
    "another thread": """
    out = []
    thread = threading.Thread(target=lambda: out.append(F.conv2d(input, weight, bias, stride, padding, dilation)))
    thread.start()
    thread.join()
    return out[0]""",
    "another kernel": """
    x = input if input.dim() == 4 else input[None]
    pairs = [as_pair(value) for value in (stride, padding, dilation)]
    out = torch._C._nn.slow_conv_dilated2d(x.contiguous(), weight, weight.shape[2:], bias, *pairs)
    return out if input.dim() == 4 else out[0]""",
    "three dimensions": """
    pairs = [as_pair(value) for value in (stride, padding, dilation)]
    deep = [(first, *pair) for first, pair in zip((1, 0, 1), pairs)]
    out = F.conv3d(input[..., None, :, :], weight[..., None, :, :], bias, *deep)
    return out.squeeze(-3)""",
    "torch.jit": """
    return _scripted(input, weight, bias, as_pair(stride), as_pair(padding), as_pair(dilation))""",
    "caught and done again": """
    F.conv2d(input, weight)
    return _own(input, weight, bias, stride, padding, dilation)""",
}  # fmt: skip
HELPERS = """
_own = conv2d

@torch.jit.script
def _scripted(x, w, b: torch.Tensor | None, s: tuple[int, int], p: tuple[int, int], d: tuple[int, int]):
    return torch.conv2d(x, w, b, s, p, d)
"""


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_every_test_whose_call_used_a_shortcut_fails_and_says_which(graded: Grade, shortcut: str) -> None:
    helpers = HELPERS if shortcut in ("torch.jit", "caught and done again") else ""
    (question,) = graded(f"{SOLUTION}\n{IMPORTS}{helpers}{HEAD}{SHORTCUTS[shortcut]}\n").questions
    for test in question.tests:
        spared = test.category in ("output size", "three convolutions")
        assert (test.status == "passed") == spared, test
        if not spared:
            assert "write the operation yourself" in test.message
            assert "conv" in test.message
    assert question.flags


def test_layers_that_are_asked_for_are_no_shortcut(graded: Grade) -> None:
    (question,) = graded(SOLUTION).questions
    assert question.flags == []
    assert [test.status for test in question.tests if test.category == "three convolutions"] == ["passed"]


FUNCTION_OF_Q5 = {"values", "square", "leading axes", "bias", "conventions", "random sizes"}
OTHERS = [
    # question, what stands below its solution (the solution's function is `_own` there), tests that use no kernel
    ("q2", "def relu(x, inplace=False): return torch.relu_(x) if inplace else torch.relu(x)", set()),
    ("q2", "def relu(x, inplace=False): return nn.ReLU(inplace)(x)", set()),
    ("q2", "def relu(x, inplace=False): return F.leaky_relu(x, 0.0, inplace)", set()),
    ("q3", "def max_pool2d(*a, **k): return F.max_pool2d(*a, **k)", {"two pools"}),
    ("q3", "def max_pool2d(x, *a, **k): return F.max_pool1d(x[0], 1), _own(x, *a, **k)", {"two pools"}),
    ("q4", "def avg_pool2d(*a, **k): return F.avg_pool2d(*a, **k)", {"two pools"}),
    ("q4", "def avg_pool2d(*a, **k): return F.conv1d(torch.ones(1, 1, 2), torch.ones(1, 1, 1))", {"two pools"}),
    ("q5", "def linear(*a, **k): return F.linear(*a, **k)", {"parameters"}),
    ("q5", "class FullyConnected(nn.Linear): pass", {"parameters", *FUNCTION_OF_Q5}),
]


@pytest.mark.parametrize(("number", "shortcut", "spared"), OTHERS)
def test_the_other_questions_are_guarded_too(
    graded: Grade, assignment: Assignment, number: str, shortcut: str, spared: set[str]
) -> None:
    (asked,) = assignment.choose([number])
    solution = (course.SOLUTIONS / f"{asked.module}.py").read_text("utf-8")
    text = f"{solution}\n{IMPORTS}\n_own = {asked.from_scratch[0]}\n\n{shortcut}\n"
    (question,) = graded(text, question=number).questions
    for test in question.tests:
        assert (test.status == "passed") == (test.category in spared), test
        assert test.status == "passed" or "write the operation yourself" in test.message
