"""The library's own kernels are noticed however they are reached, and only where they are not allowed."""

from __future__ import annotations

import gc
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from PIL import Image
from scipy import ndimage
from torch.nn import functional

from autograder import course
from autograder.course import Assignment
from autograder.sandbox.guard import _OF_SCRIPTS
from autograder.tests.support.grading import SOLUTION, Grade
from tests.at_home.from_scratch import watched
from tests.failures import CheckFailed
from tests.rule import OPERATIONS, RULE

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


def test_layers_that_are_asked_for_are_not_shortcuts(graded: Grade) -> None:
    (question,) = graded(SOLUTION).questions
    assert question.flags == []
    assert [test.status for test in question.tests if test.category == "three convolutions"] == ["passed"]


FUNCTION_OF_Q5 = {"values", "square", "leading axes", "bias", "conventions", "random sizes"}
OTHERS = [
    # question, what stands below its solution (the solution's function is `_own` there), tests that use no kernel
    ("q2", "def relu(x, inplace=False): return torch.relu_(x) if inplace else torch.relu(x)", set()),
    ("q2", "def relu(x, inplace=False): return nn.ReLU(inplace)(x)", set()),
    ("q2", "def relu(x, inplace=False): return F.leaky_relu(x, 0.0, inplace)", set()),
    ("q2", "def relu(*a, **k): return nn.LSTM(1, 1)(torch.zeros(1, 1, 1)) and _own(*a, **k)", set()),
    ("q3", "def max_pool2d(*a, **k): return F.max_pool2d(*a, **k)", {"two pools"}),
    ("q3", "def max_pool2d(x, *a, **k): return F.max_pool1d(x[0], 1), _own(x, *a, **k)", {"two pools"}),
    ("q4", "def avg_pool2d(*a, **k): return F.avg_pool2d(*a, **k)", {"two pools"}),
    ("q4", "def avg_pool2d(*a, **k): return F.conv1d(torch.ones(1, 1, 2), torch.ones(1, 1, 1))", {"two pools"}),
    ("q5", "def linear(*a, **k): return F.linear(*a, **k)", {"parameters"}),
    ("q5", "def linear(*a, **k): return nn.LSTM(1, 1)(torch.zeros(1, 1, 1)) and _own(*a, **k)", {"parameters"}),
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


SECOND = course.SOLUTIONS / "q2_relu.py"
HARMLESS = {
    "a demonstration": "x = torch.randn(3)\nprint(F.relu(x))\n",
    "a demonstration in steps": "x = torch.ones(3)\ny = F.relu(x)\ntotal = y.sum()\nassert total == relu(x).sum()\n",
    "a loop": "for layer in [nn.ReLU()]:\n    print(layer(torch.ones(3)))\n",
    "a class of its own": "class Checked:\n    at_one = F.relu(torch.ones(1))\n",
    "a package that is not allowed": "import scipy\n",
    "one among others": "import numpy as np, scipy, math\nassert np.pi == math.pi\n",
    "a part of it": "from scipy.signal import correlate2d\nprint(correlate2d([[1]], [[1]]))\n",
    "a package that is not there": "import not_there.at_all as there\nthere.set_option(3)\n",
    "a package if it is there": "try:\n    import scipy\nexcept ImportError:\n    scipy = None\nassert scipy is None\n",
    "a package that is there": "from PIL import Image\nassert Image.new('L', (4, 4)).reduce(2).size == (2, 2)\n",
}  # fmt: skip
"""What a module does while it is imported, and none of its functions need."""


@pytest.mark.parametrize("what", HARMLESS)
def test_what_no_function_needs_costs_nothing(graded: Grade, what: str) -> None:
    text = f"{SECOND.read_text('utf-8')}\n{IMPORTS}{HARMLESS[what]}"
    (question,) = graded(text, question="q2").questions
    assert question.score == question.max_score, question.tests[0]
    assert question.flags == []


OWN_KERNEL = "it uses torch's own operation (aten::relu) while the module is imported. This question asks you to"
LEFT_OUT = "Line 9 of q2_relu.py was left out"
NEEDED = [
    ("table = F.relu(torch.ones(1))\n", "return table * input", f"{LEFT_OUT}: {OWN_KERNEL}"),
    (
        "import scipy.special\n",
        "return scipy.special.expit(input)",
        f"{LEFT_OUT}: it needs scipy",
    ),
    ("import not_there\n", "return not_there.relu(input)", f"{LEFT_OUT}: it needs not_there"),
    ("import not_there\n@not_there.fast\n", "return input", f"has no relu. {LEFT_OUT}"),
    ("", "import scipy\n    return input", f"relu used scipy. {RULE}"),
    ("", "from sympy.core import Float\n    return input", f"relu used sympy. {RULE}"),
    ("import networkx\n", "networkx.Graph()\n    return input", f"relu used networkx. {RULE}"),
    ("import PIL.Image\n", "PIL.Image.new('L', (1, 1))\n    return input", f"relu used PIL. {RULE}"),
    (
        "import torchvision\n",
        "torchvision.ops.box_iou(input, input)\n    return input",
        f"relu used torchvision. {RULE}",
    ),
]


@pytest.mark.parametrize(("before", "body", "words"), NEEDED)
def test_what_a_function_needs_and_must_not_have_is_named(graded: Grade, before: str, body: str, words: str) -> None:
    head = '"""Mine."""\n\nfrom __future__ import annotations\n\n'
    (question,) = graded(
        f"{head}{IMPORTS}\n{before}def relu(input, inplace=False):\n    {body}\n", question="q2"
    ).questions
    assert question.score == 0
    for test in question.tests:
        assert words in test.message, test
    assert question.flags or "has no relu" in words


def test_a_statement_that_fails_for_another_reason_ends_the_import(graded: Grade) -> None:
    text = f"{SECOND.read_text('utf-8')}\n{IMPORTS}print(F.relu(torch.ones(1)))\nnowhere\n"
    (question,) = graded(text, question="q2").questions
    last = text.count("\n")
    for test in question.tests:
        assert f"q2_relu.py cannot be imported: NameError at assignment/q2_relu.py, line {last}" in test.message


def test_what_torch_itself_would_import_is_not_held_against_a_student(graded: Grade) -> None:
    text = f"""{IMPORTS}

def relu(input, inplace=False):
    torch.func.grad(lambda x: (x * x).sum())(torch.ones(2))  # imports torch._dynamo, which tries others
    return input.clamp_(min=0) if inplace else input.clamp(min=0)
"""
    (question,) = graded(text, question="q2").questions
    assert question.score == question.max_score, question.tests[0]
    assert question.flags == []


def by_sympy(x: torch.Tensor) -> torch.Tensor:
    return torch.tensor([float(sympy.Max(value, 0)) for value in x.tolist()])


def by_torch_that_uses_sympy(x: torch.Tensor) -> torch.Tensor:
    torch.func.grad(lambda y: (y * y).sum())(x)
    return x.clamp(min=0)


def by_many_objects(x: torch.Tensor) -> torch.Tensor:
    assert len([[number] for number in range(5_000)]) == 5_000
    return x.clamp(min=0)


def by_pillow(x: torch.Tensor) -> torch.Tensor:
    Image.new("L", (1, 1))
    return x.clamp(min=0)


def by_scipy(x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(x.numpy() * ndimage.grey_dilation((x > 0).numpy(), 1))


def by_another_name(x: torch.Tensor) -> torch.Tensor:
    return functional.hardtanh(x, 0.0, float("inf"))


def by_its_own_means(x: torch.Tensor) -> torch.Tensor:
    print(np.maximum(x.numpy(), 0), math.sqrt(2))
    warnings.warn("here", stacklevel=1)
    return torch.where(x > 0, x, torch.fft.ifft(torch.zeros(len(x))).real)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (by_pillow, f"PIL. {RULE}"),
        (by_scipy, f"scipy. {RULE}"),
        (by_another_name, "torch's own hardtanh"),
        (by_sympy, f"sympy. {RULE}"),
        (by_its_own_means, ""),
        (by_torch_that_uses_sympy, ""),
    ],
)
@pytest.mark.filterwarnings("ignore:here")
def test_the_rule_holds_at_home(function: Callable[[torch.Tensor], torch.Tensor], words: str) -> None:
    function.__name__ = "relu"
    call = watched(function)
    x = torch.tensor([-1.0, 2.0])
    if words:
        with pytest.raises(CheckFailed, match=re.escape(words)):
            call(x)
    else:
        assert call(x).tolist() == [0.0, 2.0]


def test_what_garbage_collection_calls_is_not_the_function_s_doing() -> None:
    """Hypothesis 6 measures the time that collections take; other packages have finalizers."""
    called: list[str] = []
    names: dict[str, Any] = {"__name__": "hypothesis.internal", "called": called}
    exec("def measure(phase, info):\n    called.append(phase)", names)  # noqa: S102
    by_many_objects.__name__ = "relu"
    gc.callbacks.append(names["measure"])
    try:
        assert watched(by_many_objects)(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 2.0]
        gc.collect()
    finally:
        gc.callbacks.remove(names["measure"])
    assert called
    assert gc.isenabled()


@pytest.mark.parametrize("module", [question.module for question in course.load().questions if question.from_scratch])
def test_the_rule_is_said_where_students_read(module: str) -> None:
    for path in (course.STUBS / f"{module}.py", course.STUBS / "README.md"):
        assert RULE in " ".join(path.read_text("utf-8").split())


def test_what_only_scripts_have_is_not_found_if_it_does_a_watched_operation() -> None:
    """Operators that the dispatcher does not know call a library at once: no replacement sees them."""
    in_the_dispatcher = {name.partition(".")[0] for name in torch._C._dispatch_get_all_op_names()}
    of_scripts = {schema.name for schema in torch._C._jit_get_all_schemas()} - in_the_dispatcher
    pattern = re.compile("|".join(OPERATIONS.values()), re.IGNORECASE)
    doing_it = {name for name in of_scripts if pattern.search(name.partition("::")[2])}
    assert len(doing_it) > 5
    # These four are torch.nn.functional's, for scripts of old: they call aten::upsample_nearest2d and its like.
    through_the_dispatcher = {f"aten::__{name}" for name in ("interpolate", "upsample", "upsample_bilinear")}
    through_the_dispatcher.add("aten::__upsample_nearest")
    assert {name for name in doing_it if not _OF_SCRIPTS.match(name)} <= through_the_dispatcher
