"""What hostile submissions tried and must not get: points, hidden inputs, other people's gradings, the disk."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.course.limits import Limits
from autograder.evidence.attacks import base_source
from autograder.grading import pytest_run
from autograder.sandbox import launch
from autograder.sandbox.failures import SubmissionFailure, Unusable
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Session
from autograder.tests.support.grading import SOLUTION, Grade, Remote

HEAD = "\n\n_own = conv2d\n\n\ndef conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):\n    "
OWN = "return _own(input, weight, bias, stride, padding, dilation)\n"


def test_arguments_changed_by_one_call_do_not_spoil_what_the_next_expects(graded: Grade) -> None:
    poison = """out = _own(input, weight, bias, stride, padding, dilation)
    if isinstance(stride, tuple):
        input.data.zero_()
    return out * 3 if stride == 2 and input.shape == (2, 3, 9, 11) else out
"""
    (question,) = graded(SOLUTION + HEAD + poison).questions
    assert "stride" in {test.category for test in question.tests if test.status == "failed"}


@pytest.mark.parametrize(
    "body",
    [
        "raise type(f'in={input.flatten()[0]} s={stride}', (Exception,), {})()",
        "raise type('NotImplementedError', (Exception,), {})(f'in={input.flatten()[0]}')",
        "return type(f'in={input.flatten()[0]}', (), {})()",
        "return [f'in={input.flatten()[0]}'] * 2_000_000",
        "print(f'in={input.flatten()[0]}')\n    return 1 / 0",
        "exec(compile('\\n' * 9 + 'raise ValueError', f'in={input.flatten()[0]}', 'exec'))",
    ],
)
def test_what_a_hidden_test_says_holds_nothing_the_code_made_up_meanwhile(graded: Grade, body: str) -> None:
    (question,) = graded(f"{SOLUTION}{HEAD}{body}\n").questions
    failed = [test for test in question.tests if test.visibility == "hidden" and test.status == "failed"]
    assert failed
    for test in failed:
        # The student's own line is shown as it stands in the file; what it made is not.
        assert "in=-" not in test.message
        assert "in=0" not in test.message
        assert "in=1" not in test.message


OVERLOAD = """x = input if input.dim() == 4 else input[None]
    if as_pair(dilation) != (1, 1) or x.dtype != torch.float32:
        return _own(input, weight, bias, stride, padding, dilation)
    s, p = list(as_pair(stride)), list(as_pair(padding))
    return torch.ops.aten._slow_conv2d_forward.output(x, weight, [*weight.shape[2:]], bias, s, p, output=torch.empty(0))
"""
OTHER_CONVOLUTION = f"""torch.conv_tbc(torch.ones(3, 1, 1), torch.ones(1, 1, 1), torch.zeros(1))
    {OWN}"""
OTHER_TENSORS = f"""torch.nn.functional.conv2d(input.to_mkldnn() if input.dtype == torch.float32 else input, weight)
    {OWN}"""
LATER = """class Lazy(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, arguments=(), named=None):
            with torch._C.DisableTorchFunctionSubclass():
                torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
                return function(*arguments, **(named or {}))

    return torch.Tensor.as_subclass(_own(input, weight, bias, stride, padding, dilation), Lazy)
"""


@pytest.mark.parametrize("body", [OVERLOAD, OTHER_CONVOLUTION, OTHER_TENSORS, LATER])
def test_other_kernels_and_later_moments_are_watched_too(graded: Grade, body: str) -> None:
    (question,) = graded(SOLUTION + HEAD + body).questions
    kernel = next(test for test in question.tests if test.category == "kernel")
    assert kernel.status == "failed"
    assert "write the operation yourself" in kernel.message


THREE = """

_three = three_convolutions

def three_convolutions():
    layers = _three()
    layers[0].{change}
    return layers
"""


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("class Conv2d: pass\n\ndef three_convolutions(): return Conv2d(), Conv2d(), Conv2d()", "three convolutions"),
        (THREE.format(change="kernel_size = (torch.zeros(2), 3)"), "three convolutions"),
        (THREE.format(change="state_dict = lambda: 3"), "three convolutions"),
        ("def output_size(*a, **k): return torch.tensor(1 + 2j), 3", "output size"),
        ("def output_size(*a, **k): return float('nan'), float('inf')", "output size"),
    ],
)
def test_odd_answers_are_wrong_answers(graded: Grade, text: str, category: str) -> None:
    (question,) = graded(f"{SOLUTION}\n\n{text}\n").questions
    assert {test.status for test in question.tests if test.category == category} == {"failed"}


STRETCHED_OUTPUT = """
_forward = MBConv.forward
MBConv.forward = lambda self, x: torch.zeros(2, 1, 1, 1, 1) if len(x) == 256 else _forward(self, x)
"""
STATE_OF_OTHERS = """
_state = LeNet.state_dict
LeNet.state_dict = lambda self: {f"my {name}": value for name, value in _state(self).items()}
"""

STRETCHED_LOGITS = """
_logits = LeNet.forward
LeNet.forward = lambda self, x: torch.zeros(4, 99) if len(x) == 4 else _logits(self, x)
"""


WIDE_LOGITS = STRETCHED_LOGITS.replace("zeros(4, 99) if len(x) == 4", "zeros(20, 99) if len(x) == 20")


@pytest.mark.parametrize(
    ("question", "text", "category", "words"),
    [
        ("q6", STRETCHED_LOGITS, "gradients", "output has the wrong shape"),
        ("q6", WIDE_LOGITS, "learning", "output has the wrong shape"),
        ("q7", STRETCHED_OUTPUT, "drop-connect", "output has the wrong shape"),
        ("q6", STATE_OF_OTHERS, "learning", "do not list the same parameters"),
    ],
)
def test_shapes_and_names_are_looked_at_before_anything_is_computed_with_them(
    graded: Grade, question: str, text: str, category: str, words: str
) -> None:
    (report,) = graded(base_source(question, "solution") + text, question=question).questions
    (test,) = [each for each in report.tests if each.category == category]
    assert test.status == "failed"
    assert words in test.message


def test_an_exception_whose_text_is_not_a_string(graded: Grade) -> None:
    (question,) = graded(f"{SOLUTION}{HEAD}raise ValueError('cannot open \\udcff.png')\n").questions
    kernel = next(test for test in question.tests if test.category == "kernel")
    assert "raised ValueError" in kernel.message
    assert "udcff" in kernel.staff


def test_names_that_are_not_text(graded: Grade, tmp_path: Path) -> None:
    tmp_path /= "Ada\n\x1b[2J\u202e"
    tmp_path.mkdir()
    (tmp_path / "q1_conv2d.py").write_text(SOLUTION)
    if sys.platform == "linux":
        with open(bytes(tmp_path) + b"/a\xff.txt", "wb"):  # noqa: PTH123
            pass
    report = graded(tmp_path)
    assert report.left_out == ["a\\xff.txt"]
    assert report.submission == r"Ada\n\x1b[2J\u202e"
    str(report.as_dict()).encode("utf-8")


FILLERS = """
import os, time

def folders():
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    time.sleep(10)  # a busy machine looks late

def blocks():
    for number in range(1000):
        descriptor = os.open(f"f{number}", os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, bytes(8 << 20))
        os.close(descriptor)

def files():
    for number in range(1_000_000):
        os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY))

def allocate():
    descriptor = os.open("f", os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(descriptor, 0, 8 << 20)

def cut():
    with open("f", "w") as file:
        file.write("mine")
    os.truncate("f", 0)

def answer():
    return 1
"""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folders", "in folders no deeper than 8"),
        ("blocks", "64 MB"),
        ("files", "256 files"),
        ("allocate", "PermissionError|OSError"),
        ("cut", "PermissionError"),
    ],
)
def test_the_disk_is_not_theirs(remote: Remote, name: str, words: str) -> None:
    question = remote(FILLERS, limits=Limits(call_seconds=20))
    with pytest.raises(SubmissionFailure, match=words):
        getattr(question, name)()
    assert question.answer() == 1


def test_large_wrong_answers_do_not_pile_up(graded: Grade) -> None:
    graded(f"{SOLUTION}{HEAD}return torch.ones(1)\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    graded(f"{SOLUTION}{HEAD}return torch.ones(25_000_000)\n")  # 100 MB, in a dozen tests
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700_000  # kilobytes


def test_the_trusted_side_has_a_time_limit_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pytest_run, "TRUSTED_SECONDS", 1)
    hanging = tmp_path / "test_hanging.py"
    hanging.write_text("import time\n\ndef test_it():\n    time.sleep(5)\n")
    status, _ = pytest_run.run_pytest([hanging], object())
    assert status == pytest.ExitCode.TESTS_FAILED


def test_the_fork_server_outlives_a_request_it_cannot_do() -> None:
    with Sandbox() as sandbox:
        folder = sandbox.stage({"q1_conv2d.py": b"def one():\n    return 1\n"})
        with pytest.raises(launch.SandboxError, match="could not do it"):
            sandbox._answer(sandbox._ask({"do": "end", "pid": 0}))
        worker = sandbox.spawn(folder, Limits())
        assert worker.ask({"do": "import", "module": "assignment.q1_conv2d"})["value"] == []
        worker.close()


def test_a_worker_gets_no_name_that_its_source_does_not_have(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sandbox.stage({"q1_conv2d.py": b"import helper\n"})
    left_out = ["helper.py", "sixteen thousand bytes of weights.py"]
    session = Session(sandbox, folder, "q1_conv2d", [], Limits(), left_out=left_out)
    asked: list[Any] = []
    monkeypatch.setattr(sandbox, "begin_spawn", lambda *given: asked.append(given[3]))
    session.prepare()
    assert asked[0][0]["own"] == ["helper"]


def test_an_import_after_a_hidden_call_cannot_tell_of_it(sandbox: Sandbox) -> None:
    folder = sandbox.stage({"q1_conv2d.py": b"def answer():\n    return 1\n"})
    session = Session(sandbox, folder, "q1_conv2d", [], Limits())
    assert session.call("answer", (), {}) == 1
    session.renew()
    (folder / "assignment" / "q1_conv2d.py").write_text("raise ValueError('it was asked for 9')\n", "utf-8")
    with pytest.raises(Unusable) as failure:
        session.call("answer", (), {})
    assert failure.value.summary == "q1_conv2d.py was imported before and could not be imported again."
    assert "asked for 9" in failure.value.detail
