"""Answers with one fault lose points, and what the student reads gives nothing away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder import course
from autograder.course import Assignment
from autograder.grade import grade
from autograder.intake import read_submission
from autograder.sandbox.sandbox import Sandbox
from autograder.tests.conftest import SOLUTION, Grade

# By module, then name: (a place in the solution, what stands there instead, a category that must notice).
FAULTS: dict[str, dict[str, tuple[str, str, str]]] = {
    "q1_conv2d": {
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
},
    "q2_relu": {
        "the negative side": ("input < 0", "input > 0", "values"),
        "leaky": ("return input.masked_fill(negative, 0)", "return torch.where(negative, input * 0.01, input)", "values"),
        "bounded at 6": ("return input.masked_fill(negative, 0)", "return input.masked_fill(negative, 0).clamp(max=6)", "shapes"),
        "in place when not asked": ("return input.masked_fill(negative, 0)", "return input.masked_fill_(negative, 0)", "values"),
        "never in place": ("return input.masked_fill_(negative, 0)", "return input.masked_fill(negative, 0)", "in place"),
        "a mask": ("return input.masked_fill(negative, 0)", "return ~negative", "values"),
        "float for whole numbers": ("return input.masked_fill(negative, 0)", "return input.masked_fill(negative, 0).float()", "dtype"),
        "absolute value": ("return input.masked_fill(negative, 0)", "return input.abs()", "values"),
    },
    "q3_max_pool2d": {
        "padded with zeros": ('float("-inf") if input.is_floating_point() else', "0 if input.is_floating_point() else", "padding"),
        "padded with minus one": ('float("-inf") if input.is_floating_point() else', "-1.0 if input.is_floating_point() else", "padding"),
        "starts from zeros": ("met.clone() if output is None", "met.clamp(min=0) if output is None", "negative values"),
        "stride 1 by default": ("step = kernel if stride is None", "step = (1, 1) if stride is None", "stride"),
        "square window": ("range(kernel[1])", "range(kernel[0])", "window"),
        "dilation not in the sampling": ("rows = slice(i * spread[0], i * spread[0] +", "rows = slice(i, i +", "dilation"),
        "always ceil": ("if ceil_mode else room // step[axis] + 1", "if True else 0", "stride"),
        "never ceil": ("-(-room // step[axis]) + 1 if ceil_mode", "room // step[axis] + 1 if ceil_mode", "ceil mode"),
        "the last window may begin outside": ("if ceil_mode and (size - 1)", "if False and (size - 1)", "ceil mode"),
        "minimum": ("torch.maximum(output, met)", "torch.minimum(output, met)", "values"),
        "settings swapped": ("border, spread = as_pair(padding), as_pair(dilation)", "border, spread = as_pair(padding)[::-1], as_pair(dilation)", "padding"),
        "with indices": ("    return output\n", "    return output, output\n", "values"),
    },
    "q4_avg_pool2d": {
        "a sum": ("return total / (count if divisor_override is None else divisor_override)", "return total", "values"),
        "by the height alone": ("return total / (count if divisor_override is None", "return total / (kernel[0] if divisor_override is None", "values"),
        "by the height squared": ("return total / (count if divisor_override is None", "return total / (kernel[0] ** 2 if divisor_override is None", "values"),
        "padding never counts": ("value=float(count_include_pad)", "value=0.0", "divisor"),
        "padding always counts": ("value=float(count_include_pad)", "value=1.0", "divisor"),
        "counted the other way round": ("value=float(count_include_pad)", "value=float(not count_include_pad)", "divisor"),
        "override ignored": ("(count if divisor_override is None else divisor_override)", "count", "divisor override"),
        "what hangs over counts": ("counted = nn.functional.pad(nn.functional.pad(ones, around, value=float(count_include_pad)), beyond)", "counted = nn.functional.pad(nn.functional.pad(ones, around, value=float(count_include_pad)), beyond, value=1.0)", "ceil mode"),
        "whole division": ("return total / (count", "return total // (count", "divisor"),
        "stride 1 by default": ("step = kernel if stride is None", "step = (1, 1) if stride is None", "stride"),
    },
    "q5_linear": {
        "not transposed": ("input @ weight.T", "input @ weight.reshape(weight.shape[1], -1)", "square"),
        "matrices only": ("input @ weight.T", "torch.mm(input, weight.T)", "leading axes"),
        "bias left out": ("return output if bias is None else output + bias", "return output", "values"),
        "bias twice": ("else output + bias", "else output + 2 * bias", "bias"),
        "relu appended": ("else output + bias", "else (output + bias).clamp(min=0)", "bias"),
        "parameters that do not learn": ("return linear(input, self.weight, self.bias)", "return linear(input, self.weight.detach(), self.bias)", "learning"),
        "always a bias": ("if bias else None", "if True else None", "parameters"),
        "zeros at first": ("torch.empty(out_features, in_features).uniform_(-bound, bound)", "torch.zeros(out_features, in_features)", "parameters"),
        "normal at first": ("torch.empty(out_features, in_features).uniform_(-bound, bound)", "torch.randn(out_features, in_features)", "parameters"),
    },
    "q6_lenet": {
        "no relu after conv1": ("F.max_pool2d(F.relu(self.conv1(images)), 2)", "F.max_pool2d(self.conv1(images), 2)", "known weights"),
        "no relu after fc1": ("x = F.relu(self.fc1(x))", "x = self.fc1(x)", "known weights"),
        "average pool": ("F.max_pool2d(F.relu(self.conv2(x)), 2)", "F.avg_pool2d(F.relu(self.conv2(x)), 2)", "known weights"),
        "relu at the end": ("logits: Tensor = self.fc3(x)", "logits: Tensor = F.relu(self.fc3(x))", "known weights"),
        "softmax at the end": ("logits: Tensor = self.fc3(x)", "logits: Tensor = self.fc3(x).softmax(1)", "logits"),
        "flattened by pixels": ("torch.flatten(x, 1)", "torch.flatten(x.permute(0, 2, 3, 1), 1)", "known weights"),
        "always ten classes": ("nn.Linear(84, num_classes)", "nn.Linear(84, 10)", "logits"),
        "no bias": ("nn.Conv2d(3, 6, 5)", "nn.Conv2d(3, 6, 5, bias=False)", "parameters"),
        "precision for recall": ("images_of[label] += 1", "images_of[prediction] += 1", "accuracy per class"),
        "a fraction": ("(100 * right / images_of)", "(right / images_of)", "accuracy per class"),
        "absent is 0": ("(100 * right / images_of)", "(100 * right / images_of.clamp(min=1))", "accuracy per class"),
        "no eval mode": ("    model.eval()\n", "", "eval mode"),
        "left in eval mode": ("    model.train(training)\n", "", "mode afterwards"),
        "mean over nan": ("sum(known) / len(known) if known else math.nan", "sum(values) / len(values)", "comparison"),
        "last of equals": ("max(numbers, key=", "max(reversed(numbers), key=", "comparison"),
        "no row of means": ('[*classes, "mean"]', "classes", "comparison"),
    },
    "q7_efficientnet": {
        "rounds down": ("int(scaled + divisor / 2)", "int(scaled)", "scaling"),
        "a tenth may be lost": ("return rounded + divisor if rounded < 0.9 * scaled else rounded", "return rounded", "scaling"),
        "repeats round down": ("math.ceil(repeats * depth)", "max(1, int(repeats * depth))", "scaling"),
        "relu in the squeeze": ("F.silu(self.reduce(scale))", "F.relu(self.reduce(scale))", "squeeze and excitation"),
        "no sigmoid": ("torch.sigmoid(self.expand(F.silu(self.reduce(scale))))", "self.expand(F.silu(self.reduce(scale)))", "squeeze and excitation"),
        "largest for mean": ("input.mean((2, 3), keepdim=True)", "input.amax((2, 3), keepdim=True)", "squeeze and excitation"),
        "squeezed from the wide channels": ("max(1, in_channels // 4)", "max(1, wide // 4)", "blocks"),
        "adds across strides": ("stride == 1 and in_channels == out_channels", "in_channels == out_channels", "blocks"),
        "never adds": ("self.adds_input = stride == 1 and in_channels == out_channels", "self.adds_input = False", "blocks"),
        "no padding": ("kernel_size, stride, kernel_size // 2", "kernel_size, stride, 1", "blocks"),
        "an activation at the end": ("nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)", "nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels), nn.SiLU()", "blocks"),
        "dropped in eval mode too": ("if self.training and self.drop_rate > 0:", "if self.drop_rate > 0:", "drop-connect"),
        "survivors not scaled": ("x = x * kept / (1 - self.drop_rate)", "x = x * kept", "drop-connect"),
        "dropped for the whole batch": ("torch.rand(len(x), 1, 1, 1", "torch.rand(1, 1, 1, 1", "drop-connect"),
        "kept with the drop rate": (">= self.drop_rate", "< self.drop_rate", "drop-connect"),
        "the same rate everywhere": ("drop_connect * len(blocks) / total", "drop_connect", "drop-connect"),
        "every block strides": ("1 if repeat else stride", "stride", "b0 in eval mode"),
        "stem stride ignored": ("nn.Conv2d(3, channels, 3, stem_stride, 1, bias=False)", "nn.Conv2d(3, channels, 3, 2, 1, bias=False)", "variants"),
        "head not scaled": ("features = round_filters(1280, width)", "features = 1280", "variants"),
        "depth ignored in the loop": ("for repeat in range(round_repeats(repeats, depth)):", "for repeat in range(repeats):", "variants"),
        "no dropout": ("self.classifier(self.dropout(x.mean((2, 3))))", "self.classifier(x.mean((2, 3)))", "dropout"),
        "batch norm of another momentum": ("nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)", "nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels, momentum=0.01)", "blocks"),
        "batch norm of another epsilon": ("nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)", "nn.Conv2d(wide, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels, eps=1e-3)", "blocks"),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("module", "fault"), [(module, fault) for module, faults in FAULTS.items() for fault in faults]
)
def test_a_wrong_answer_loses_points(graded: Grade, module: str, fault: str) -> None:
    place, instead, category = FAULTS[module][fault]
    solution = (course.SOLUTIONS / f"{module}.py").read_text("utf-8")
    assert solution.count(place) == 1, "the fault's place in the solution"
    (question,) = graded(solution.replace(place, instead), question=module.partition("_")[0]).questions
    lost = {test.category for test in question.tests if test.score < test.max_score}
    assert category in lost
    assert all(test.status in ("passed", "failed") for test in question.tests)


def test_a_wrong_answer_loses_points_in_its_own_question_alone(sandbox: Sandbox, assignment: Assignment) -> None:
    whole = read_submission(course.SOLUTIONS, assignment)
    for module, faults in FAULTS.items():
        place, instead, _ = next(iter(faults.values()))
        wrong = whole.modules[f"{module}.py"].decode().replace(place, instead).encode()
        report = grade(replace(whole, modules={**whole.modules, f"{module}.py": wrong}), assignment, sandbox)
        lost = {question.id for question in report.questions if question.score < question.max_score}
        assert lost == {module.partition("_")[0]}


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
