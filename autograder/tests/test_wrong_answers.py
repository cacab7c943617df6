"""Answers with one fault lose points, and what the student reads gives nothing away."""

from __future__ import annotations

import pytest

from autograder.tests.conftest import SOLUTION, Grade

# name: (a place in the solution, what stands there instead, a category that must notice)
FAULTS = {
    "ceil for floor": ("last_start // step + 1", "-(-last_start // step) + 1", "output size"),
    "classic off by one": ("last_start // step + 1", "(last_start + 1) // step", "remainder"),
    "plus one missing": ("last_start // step + 1", "last_start // step", "output size"),
    "padding counted once in the size": ("length + 2 * zeros", "length + zeros", "padding"),
    "dilation not in the size": ("spread * (kernel - 1) - 1", "(kernel - 1) - 1", "dilation"),
    "dilation not in the sampling": ("slice(i * spread_h, i * spread_h +", "slice(i, i +", "dilation"),
    "stride of the height for both": ("(step_h, step_w),", "(step_h, _),", "stride"),
    "padding axes swapped": ("(zeros_w, zeros_w, zeros_h, zeros_h)", "(zeros_h, zeros_h, zeros_w, zeros_w)", "padding"),
    "padded on one side": ("(zeros_w, zeros_w, zeros_h, zeros_h)", "(0, 2 * zeros_w, 0, 2 * zeros_h)", "padding"),
    "kernel flipped": ("weight[:, :, i, j]", "weight[:, :, -1 - i, -1 - j]", "kernel"),
    "first channel only": ('"nchw,oc->nohw", met', '"nchw,oc->nohw", met[:, :1].expand_as(met)', "kernel"),
    "kernel width ignored": ("range(kernel_w)", "range(kernel_h)", "kernel"),
    "last tap missed": ("range(kernel_h)", "range(max(1, kernel_h - 1))", "kernel"),
    "bias along the width": ("bias.view(-1, 1, 1)", "bias.view(1, 1, -1)", "bias"),
    "bias for every tap": (
        "output = output + torch.einsum(",
        "output = output + (0 if bias is None else bias.view(-1, 1, 1)) + torch.einsum(",
        "bias",
    ),
    "no images without a batch": ("if input.dim() == 3:", "if False:", "one image"),
    "half precision inside": ("met, weight[:, :, i, j])", "met.half(), weight[:, :, i, j].half())", "dtype"),
    "float whatever came in": ("return output\n", "return output.float()\n", "dtype"),
    "input changed": ("output = padded.new_zeros", "input *= 2\n    output = padded.new_zeros", "side effects"),
    "relu appended": ("return output\n", "return output.clamp(min=0)\n", "kernel"),
    "batch item 0 for all": ("met = padded[:, :, rows, columns]", "met = padded[:1, :, rows, columns]", "kernel"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_answer_is_noticed(graded: Grade, fault: str) -> None:
    place, instead, category = FAULTS[fault]
    assert SOLUTION.count(place) == 1, "the fault's place in the solution"
    report = graded(SOLUTION.replace(place, instead))
    lost = {test.category for test in report.questions[0].tests if test.score < test.max_score}
    assert category in lost
    assert all(test.status in ("passed", "failed") for test in report.questions[0].tests)


def test_a_hidden_test_does_not_tell_its_inputs(graded: Grade) -> None:
    report = graded(SOLUTION.replace("last_start // step + 1", "last_start // step"))
    failed = [test for test in report.questions[0].tests if test.status == "failed"]
    assert {test.visibility for test in failed} == {"public", "hidden"}
    for test in failed:
        if test.visibility == "hidden":
            assert "expected" not in test.message
            assert "conv2d(x[" not in test.message
            assert "call" in test.staff
        else:
            assert "expected" in test.message
            assert "pytest -k" in test.message
