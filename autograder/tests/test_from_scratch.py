"""The library's own kernels are noticed however they are reached, and only where they are not allowed."""

from __future__ import annotations

import pytest

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
