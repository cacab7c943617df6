"""Broken submissions: each gets a clear message in the right place, and nothing else is harmed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder.course.limits import Limits
from autograder.errors import UnusableRequest
from autograder.grading.report import Report, TestResult
from autograder.intake import MAX_MODULE_BYTES
from autograder.tests.support.grading import SOLUTION, Grade

QUICK = Limits(call_seconds=1.0, call_wall_seconds=5.0)
HEAD = "\n\ndef conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):\n    "


def outcomes(report: Report, *categories: str) -> list[TestResult]:
    return [test for test in report.questions[0].tests if not categories or test.category in categories]


def test_an_empty_folder(graded: Grade, tmp_path: Path) -> None:
    with pytest.raises(UnusableRequest, match="holds none of the assignment's files"):
        graded(tmp_path)


def test_a_path_that_is_not_a_folder(graded: Grade, tmp_path: Path) -> None:
    with pytest.raises(UnusableRequest, match="does not exist"):
        graded(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(UnusableRequest, match="is not a folder"):
        graded(tmp_path / "file")


def test_a_missing_module(graded: Grade, tmp_path: Path) -> None:
    (tmp_path / "explanations.md").write_text("## Q1. Why?\n\nStride skips.\n")
    report = graded(tmp_path)
    assert report.score == 0
    assert report.pending == 4
    assert {test.message for test in outcomes(report)} == {"q1_conv2d.py was not handed in."}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def conv2d(:\n", ["SyntaxError", "line 1"]),
        ("\n\nimport nowhere_to_be_found\n", ["Line 3 of q1_conv2d.py", "nowhere_to_be_found"]),
        ("from helper import conv2d\n", ["Line 1 of q1_conv2d.py", "helper"]),
        ("x = 1 / 0\n", ["ZeroDivisionError", "line 1"]),
        ("raise SystemExit(0)\n", ["SystemExit"]),
        ("import os\nos._exit(0)\n", ["ended the process itself"]),
        ("print('a\x00b')\n", ["q1_conv2d.py cannot be imported"]),
        ("x = '\udcff'\n", ["SyntaxError"]),
    ],
)
def test_a_module_that_does_not_import(graded: Grade, tmp_path: Path, text: str, words: list[str]) -> None:
    (tmp_path / "q1_conv2d.py").write_bytes(text.encode("utf-8", "surrogateescape"))
    report = graded(tmp_path)
    assert report.score == 0
    for test in outcomes(report):
        assert test.status == "failed"
        for word in words:
            assert word in test.message


def test_a_module_that_prints_a_hundred_megabytes(graded: Grade) -> None:
    report = graded(f"{SOLUTION}\nfor _ in range(100):\n    print('x' * 1_000_000)\n")
    assert report.score == 16
    assert max(len(test.staff) for test in outcomes(report)) < 20_000


def test_what_is_printed_reaches_staff_and_is_bounded(graded: Grade) -> None:
    report = graded(SOLUTION + HEAD + "print('look', tuple(input.shape))\n    print('x' * 50_000)\n    return None\n")
    for test in outcomes(report, "kernel"):
        assert "look (2, 3, 7, 9)" in test.staff
        assert "bytes were printed; the first 16 kB are kept" in test.staff
        assert "look" not in test.message


def test_a_module_that_never_returns(graded: Grade) -> None:
    report = graded("while True:\n    pass\n", limits=QUICK)
    assert report.score == 0
    assert "of 1 processor seconds" in outcomes(report)[0].message


def test_a_function_that_never_returns_costs_two_tries_and_its_own_tests(graded: Grade) -> None:
    report = graded(SOLUTION + HEAD + "while True:\n        pass\n", limits=QUICK)
    statuses = [test.status for test in outcomes(report)]
    assert statuses[:3] == ["passed", "timeout", "timeout"]  # the output size is another function's
    assert set(statuses[3:]) == {"failed"}
    assert "Not tried" in outcomes(report)[-1].message


def test_one_slow_call_fails_that_test_alone(graded: Grade) -> None:
    slow = """import time
    if bias is not None and input.dim() == 3 and padding == 0:
        time.sleep(100)
    return _own(input, weight, bias, stride, padding, dilation)
"""
    report = graded(SOLUTION + "\n_own = conv2d\n" + HEAD + slow, limits=Limits(call_wall_seconds=1.0))
    assert [test.category for test in outcomes(report) if test.status == "timeout"] == ["one image"]
    assert report.score == 15


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", "returned None, not a tensor"),
        ("pass", "returned None, not a tensor"),
        ("return input.tolist()", "returned a list, not a tensor"),
        ("return input.numpy()", "returned a numpy array, not a tensor"),
        ("return (x for x in input)", "returned a generator, not a tensor"),
        ("return input.to_sparse()", "not an ordinary tensor, not a tensor"),
        ("return torch.empty(input.shape, device='meta')", "not an ordinary tensor, not a tensor"),
        ("return torch.zeros(2, 3)", "wrong shape"),
        ("return torch.empty(50_000, 50_000)", "RuntimeError"),
        ("return torch.zeros(1).expand(100_000, 100_000)", "too large"),
        ("return [0] * 10_000_000", "too large"),
        ("return 1 << 100_000", "too large"),
        ("import os; os._exit(0)", "ended the process itself"),
        ("import signal; signal.raise_signal(signal.SIGSEGV)", "crashed with SIGSEGV"),
        ("import os; os.close(3); os.close(4); os.close(5)", "conv2d"),
        ("return conv2d(input, weight)", "RecursionError"),
    ],
)
def test_a_function_that_returns_no_answer(graded: Grade, body: str, words: str) -> None:
    report = graded(SOLUTION + HEAD + body + "\n")
    for test in outcomes(report, "kernel", "bias"):
        assert test.status == "failed"
        assert words in test.message
    assert {test.status for test in outcomes(report, "output size", "three convolutions")} == {"passed"}


def test_a_wrong_dtype(graded: Grade) -> None:
    body = "return _own(input, weight, bias, stride, padding, dilation).double()\n"
    report = graded(SOLUTION + "\n_own = conv2d\n" + HEAD + body)
    assert all("wrong dtype" in test.message for test in outcomes(report, "kernel", "stride"))


def test_a_wrong_signature(graded: Grade) -> None:
    report = graded(SOLUTION + "\n\ndef conv2d(image, kernel):\n    return image\n")
    for test in outcomes(report, "stride", "padding"):
        assert "TypeError" in test.message
        assert "look at its signature" in test.message


def test_a_function_that_is_missing(graded: Grade) -> None:
    report = graded(SOLUTION + "\n\ndel conv2d\n")
    assert {test.message for test in outcomes(report, "kernel")} == {"q1_conv2d.py has no conv2d."}
    assert {test.status for test in outcomes(report, "output size")} == {"passed"}


def test_an_exceptions_text_does_not_reach_the_student_of_a_hidden_test(graded: Grade) -> None:
    report = graded(SOLUTION + HEAD + "raise ValueError(f'first pixel {input.flatten()[0]}')\n")
    for test in outcomes(report, "kernel"):
        assert "ValueError" in test.message
        assert "line" in test.message
        assert "first pixel" not in test.message.replace("raise ValueError(f'first pixel", "")
        assert "first pixel" in test.staff
        assert "sandbox" not in test.staff


def test_files_that_are_no_plain_files(graded: Grade, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.py"
    target.write_text(SOLUTION)
    folder = tmp_path / "link"
    folder.mkdir()
    (folder / "q1_conv2d.py").symlink_to(target)
    assert outcomes(graded(folder))[0].message == "q1_conv2d.py is a link; hand in the file itself."
    folder = tmp_path / "pipe"
    folder.mkdir()
    os.mkfifo(folder / "q1_conv2d.py")
    assert outcomes(graded(folder))[0].message == "q1_conv2d.py is not an ordinary file."
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "q1_conv2d.py").write_bytes(b"#" * (MAX_MODULE_BYTES + 1))
    assert "are allowed" in outcomes(graded(folder))[0].message


def test_other_files_are_named_and_left_out(graded: Grade, tmp_path: Path) -> None:
    (tmp_path / "q1_conv2d.py").write_text(SOLUTION)
    (tmp_path / "conftest.py").write_text("raise SystemExit")
    (tmp_path / "torch.py").write_text("raise SystemExit")
    report = graded(tmp_path)
    assert report.score == 16
    assert report.left_out == ["conftest.py", "torch.py"]
