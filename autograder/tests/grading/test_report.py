"""What a student may see of a report: nothing their code made up from hidden inputs, and no more than it names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.grading.report import STUDENT_SCHEMA, for_student
from autograder.grading.report import write_json as write_report
from autograder.render.terminal import print_report
from autograder.sandbox.failures import SubmissionFailure
from autograder.tests.support.grading import SOLUTION, Grade, Remote
from autograder.tests.support.hostile import HOSTILE_TEXT, unseen
from autograder.tests.support.hostile_class import report_of

# Right in the public tests, whose inputs are whole numbers and tenths; in the hidden ones each gives away what it saw.
TELLTALE = """

import sys, warnings
_own = conv2d

def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1):
    if torch.allclose(10 * input.double(), (10 * input.double()).round(), rtol=0, atol=1e-4):
        return _own(input, weight, bias, stride, padding, dilation)
    mark = "MAR" + "KER" + str(input.flatten()[0].item())
    {body}

class _Anything:
    pass

def _lie(mark, **answer):
    codec = sys.modules["autograder.sandbox.codec"]
    encode = codec.encode
    def lie(value, **settings):
        codec.encode = encode
        message = encode(value, **settings)
        import msgpack
        tree = msgpack.unpackb(message.tree)
        tree["items"].update(answer)
        return codec.Message(msgpack.packb(tree), [])
    codec.encode = lie
    return 0
"""

WAYS = {
    "print": "print(mark); print(mark, file=sys.stderr); warnings.warn(mark); return _own(input, weight)",
    "raise": "raise ValueError(mark) from KeyError(mark)",
    "note": "error = ValueError(mark); error.add_note(mark); raise error",
    "name of an exception": "raise type(mark, (Exception,), {})(mark)",
    "TODO": "raise type('NotImplementedError', (Exception,), {})(mark)",
    "name of a package": "__import__(''.join(filter(str.isalnum, mark)))",
    "name of a file": "exec(compile('raise ValueError', mark, 'exec'))",
    "name of a function": "exec(compile(f'def {mark[:6]}():\\n raise ValueError\\n{mark[:6]}()', __file__, 'exec'))",
    "name of a type": "return type(mark, (), {})()",
    "text": "return mark",
    "list": "return [mark, {mark: mark}]",
    "layer": "return type(mark, (torch.nn.Module,), {'__repr__': lambda self: mark})()",
    "exit": "sys.exit(mark)",
    "print and crash": "print(mark); import os; os._exit(3)",
    "key on the wire": "return _lie(mark, value={'is': 'argument', 'key': mark})",
    "kind on the wire": "return _lie(mark, value={'is': mark})",
    "kernels on the wire": "return _lie(mark, used=[mark])",
    "package on the wire": "return _lie(mark, error={'is': 'dict', 'items': "
    "{'kind': 'refused', 'type': '', 'text': mark[:6], 'frames': []}})",
    "handle on the wire": "return _lie(mark, value="
    "{'is': 'handle', 'number': 1, 'type': mark, 'repr': mark, 'value': {}})",
    "error on the wire": "return _lie(mark, error={'is': 'dict', 'items': "
    "{'kind': 'raised', 'type': mark, 'text': mark, 'frames': [[mark, 1, mark], ['q1_conv2d.py', 1, mark]]}})",
}


def texts(value: object) -> Iterator[str]:
    """Every text in a structure, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("way", WAYS)
def test_what_code_tells_of_hidden_inputs_reaches_staff_only(
    graded: Grade, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    report = graded(SOLUTION + TELLTALE.replace("{body}", WAYS[way]))
    (question,) = report.questions
    hidden = [test for test in question.tests if test.visibility == "hidden"]
    assert {test.status for test in question.tests if test.visibility == "public"} == {"passed"}
    assert "failed" in {test.status for test in hidden}
    capsys.readouterr()
    print_report(report, training=False)
    for text in (*texts(for_student(report)), capsys.readouterr().out):
        assert "MARKER" not in text
        assert report.seed not in text


def test_a_student_reads_the_first_of_a_hidden_tests_kernels(graded: Grade) -> None:
    order = "names = ['conv1d', 'conv3d', 'conv_transpose2d'][:: -1 if input.flatten()[0] > 0 else 1]\n"
    ask = "    for name in names:\n        try: getattr(torch.nn.functional, name)(weight, weight)\n"
    report = graded(
        SOLUTION + TELLTALE.replace("{body}", f"{order}{ask}        except Exception: pass\n    return input")
    )
    hidden = [
        test
        for test in report.questions[0].tests
        if test.visibility == "hidden" and "torch's own operation" in test.message
    ]
    assert hidden
    for test in hidden:
        assert test.message.count("::") == 1
        assert "among others" in test.message
        assert test.staff.count("::") > 2  # staff read all of them


def test_staff_do_get_it(graded: Grade) -> None:
    for way in ("print", "raise", "print and crash", "name of a package", "key on the wire", "error on the wire"):
        report = graded(SOLUTION + TELLTALE.replace("{body}", WAYS[way]))
        assert any("MARKER" in test.staff for test in report.questions[0].tests), way


def test_a_layers_parameters_that_cannot_be_read_do_not_tell_its_types_name(remote: Remote) -> None:
    layer = remote("""
from torch import nn

class Odd:
    requires_grad, grad = True, None

    def detach(self):
        return 1

def make():
    return type("MARKER", (nn.Module,), {"named_parameters": lambda self: [("a", Odd())]})()
""").make()
    with pytest.raises(SubmissionFailure) as failure:
        layer.named_parameters()
    assert failure.value.summary == "make's layer has no parameters that can be read."
    assert "MARKER" in failure.value.detail


def test_the_students_view_holds_what_it_names_and_no_more() -> None:
    shown = for_student(report_of("harmless"))
    assert list(shown) == [
        *("schema", "submission", "graded_at", "hashes", "environment", "score", "max_score", "pending"),
        *("questions", "left_out", "notes"),
    ]
    assert shown["schema"] == STUDENT_SCHEMA
    assert set(shown["hashes"]) == {"submission", "thresholds", "grader"}
    (question,) = shown["questions"]
    assert list(question) == ["id", "title", "score", "max_score", "pending", "notes", "written", "accuracy", "tests"]
    of_test = ["name", "category", "status", "visibility", "score", "max_score", "message", "likely"]
    assert [list(test) for test in question["tests"]] == [of_test] * 2
    assert not [text for text in texts(shown) if re.search("STAFF|SEED|FLAG|22", text)]


def test_a_question_without_written_answer_and_training_has_neither() -> None:
    report = report_of("harmless")
    plain = replace(report, questions=[replace(report.questions[0], written=None, accuracy=None)])
    (question,) = for_student(plain)["questions"]
    assert "written" not in question
    assert "accuracy" not in question


def test_the_json_report_is_strict_and_can_be_shown(tmp_path: Path) -> None:
    report = report_of(HOSTILE_TEXT)
    write_report(report, tmp_path / "report.json")
    written = (tmp_path / "report.json").read_text("utf-8")
    assert unseen(written) == []
    read = json.loads(written, parse_constant=pytest.fail)
    assert read["questions"][0]["accuracy"]["per_class"] == {"plane": None}
    # Halves of surrogates aside, nothing is lost.
    assert read["submission"] == HOSTILE_TEXT.encode("utf-8", "backslashreplace").decode()
