"""Messages name what is wrong and do not blame what is right: tried on mistakes in published answers."""

from __future__ import annotations

import sys

import pytest
import torch

from autograder import course
from autograder.grading.report import TestResult
from autograder.hidden.gradients import tell_gradients
from autograder.tests.support.grading import Grade
from tests.checks import as_function, assert_gradient
from tests.diagnosis.model_misconceptions import CAUSES
from tests.failures import CheckFailed
from tests.layers import assert_parameters, give_weights

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confinement needs Linux")

DROPPED = (
    "            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop_rate\n"
    "            x = x * kept / (1 - self.drop_rate)\n"
)


def changed(module: str, *changes: tuple[str, str]) -> str:
    text = (course.SOLUTIONS / f"{module}.py").read_text("utf-8")
    for place, instead in changes:
        assert place in text
        text = text.replace(place, instead)
    return text


def failing(graded: Grade, question: str, source: str) -> dict[str, TestResult]:
    (report,) = graded(source, question=question).questions
    return {test.category: test for test in report.tests if test.status != "passed"}


@pytest.mark.slow
def test_layers_that_are_missing_are_named_wherever_weights_are_loaded(graded: Grade) -> None:
    without = changed("q7_efficientnet", ("squeezed_channels, 1)", "squeezed_channels, 1, bias=False)"))
    tests = failing(graded, "q7", without)
    assert "squeeze and excitation" in tests
    for test in tests.values():
        assert "look at its signature" not in test.message
        assert "reduce.bias" in test.staff or "wrong number of parameters" in test.message, test


@pytest.mark.slow
def test_drop_connect_that_is_right_is_not_blamed_for_the_blocks(graded: Grade) -> None:
    tensorflow = "BatchNorm2d(wide, eps=1e-3, momentum=0.01)"
    tests = failing(graded, "q7", changed("q7_efficientnet", ("BatchNorm2d(wide)", tensorflow)))
    assert all(CAUSES[f"batch norm {what}"] in tests["blocks"].message for what in ("epsilon", "momentum"))
    assert "drop-connect" not in tests
    swish = changed("q7_efficientnet", ("nn.SiLU(inplace=True)", "Swish()"))
    tests = failing(
        graded, "q7", f"{swish}\n\nclass Swish(nn.Module):\n    def forward(self, x): return x + x.sigmoid()\n"
    )
    assert "blocks" in tests
    assert "drop-connect" not in tests


@pytest.mark.slow
@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ("if torch.rand(1).item() < self.drop_rate: x = x * 0", "share one draw, and what is kept seems not to be"),
        ("x = x * float(torch.rand(1) >= self.drop_rate) / (1 - self.drop_rate)", "to share one draw; each is dropped"),
        ("pass", "Nothing seems ever to be dropped"),
    ],
)
def test_what_is_dropped_is_said_after_many_draws(graded: Grade, instead: str, words: str) -> None:
    tests = failing(graded, "q7", changed("q7_efficientnet", (DROPPED, f"            {instead}\n")))
    assert words in tests["drop-connect"].message


def test_a_gradient_that_does_not_arrive_is_not_a_wrong_one(graded: Grade) -> None:
    without = changed(
        "q5_linear", ("linear(input, self.weight, self.bias)", "linear(input, self.weight.data, self.bias)")
    )
    message = failing(graded, "q5", without)["learning"].message
    assert "no gradient reaches weight" in message.lower()
    with pytest.raises(CheckFailed, match="the gradient of weight"):
        assert_gradient("weight", torch.zeros(2), torch.ones(2))


def test_messages_say_where_gradients_arrive() -> None:
    messages: list[str] = []

    def add(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return a + b + c

    def partly(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return a + b.data + c.data

    def of_another(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return (a + b + c).detach().requires_grad_()

    for function in (add, partly, of_another):
        tell_gradients(messages.append, function, add, torch.rand(3, 2, requires_grad=True).unbind())
    assert messages == [
        "Gradients flow through your add.",
        "Gradients flow through your partly, but none reaches the second and the third of its arguments.",
        "No gradients come through your of_another: none reaches its arguments. Right for this question.",
    ]


def test_a_layer_without_parameters_is_said_to_have_none() -> None:
    words = "yours    none: a tensor in a layer is trained and saved as an nn.Parameter"
    with pytest.raises(CheckFailed, match=words):
        assert_parameters(torch.nn.ReLU(), {"weight": (2, 3)}, 1)
    with pytest.raises(CheckFailed, match=words):
        give_weights(torch.nn.Linear(3, 2), torch.nn.ReLU())


def test_a_call_has_the_name_that_the_student_wrote(graded: Grade) -> None:
    tests = failing(
        graded, "q5", changed("q5_linear", ("linear(input, self.weight, self.bias)", "linear(input, self.weight) * 2"))
    )
    assert "FullyConnected(20, 30)(x[128,20])" in tests["layer"].message
    assert as_function(torch.nn.ReLU(), "MyReLU()").__name__ == "MyReLU()"


def test_torchs_own_operation_is_not_called_a_kernel_where_kernels_are_weights(graded: Grade) -> None:
    own = "from torch.nn import functional\n\n\ndef conv2d(*given):\n    return functional.conv2d(*given)\n"
    tests = failing(graded, "q1", own)
    assert tests
    assert all("own kernel" not in test.message for test in tests.values())
    assert "torch's own operation (aten::" in tests["values"].message
