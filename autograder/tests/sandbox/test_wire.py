"""The trusted end of the wire takes nothing on trust."""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

import msgpack
import numpy as np
import pytest
import torch

from autograder.course.limits import Limits
from autograder.evidence.fuzz.messages import dictionary, frame
from autograder.sandbox import codec
from autograder.sandbox.codec import MalformedMessage, TooLarge
from autograder.sandbox.failures import SubmissionFailure
from autograder.tests.support.grading import Remote

LIMIT = 1 << 20


def message(value: object) -> tuple[bytes, bytearray]:
    encoded = codec.encode(value, max_payload=LIMIT)
    return encoded.tree, bytearray(b"".join(encoded.payload))


def tensor_node(**changes: Any) -> dict[str, Any]:
    node = {"is": "tensor", "dtype": "float32", "shape": [2, 3], "strides": [3, 1], "grad": False, "at": 0}
    return {**node, **changes}


@pytest.mark.parametrize(
    "node",
    [
        {},
        {"is": "nothing known"},
        {"is": 3},
        {"is": "tuple"},
        {"is": "tuple", "items": {}},
        {"is": "dict", "items": []},
        {"is": "opaque"},
        {"is": "handle", "number": 0},
        tensor_node(dtype="object"),
        tensor_node(dtype=["float32"]),
        tensor_node(shape=[2, 3, 1]),
        tensor_node(shape=[2, -3]),
        tensor_node(shape=[2, 3.0]),
        tensor_node(shape=[2, True]),
        tensor_node(shape=[2**39, 2**39]),
        tensor_node(shape=[0, 2**39], strides=[2**39, 2**39]),
        tensor_node(strides=[0, 0]),
        tensor_node(strides=[1, 1]),
        tensor_node(strides=[2**39, 1]),
        tensor_node(at=64),
        tensor_node(at=-64),
        tensor_node(at=0.0),
        tensor_node(dtype="int32", grad=True),
        tensor_node(grad=1),
        [tensor_node(), tensor_node()],
        "no tensor at all, and bytes left over",
    ],
)
def test_what_does_not_parse_is_malformed_and_nothing_worse(node: object) -> None:
    with pytest.raises(MalformedMessage):
        codec.decode(msgpack.packb(node), bytearray(64))


@pytest.mark.parametrize(
    "tree",
    [
        b"",
        b"\xc1",
        b"\x92\x01",
        b"\x01\x01",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 5_000 + b"\x01",
        b"\x91" * 100 + b"\x01",
        msgpack.packb({1: 2}),
        msgpack.packb({"is": "dict", "items": {b"": 1}}),
        msgpack.packb(b"bytes"),
        msgpack.packb(msgpack.ExtType(5, b"x")),
        msgpack.packb({"is": "opaque", "type": "x"}) + b"\x00",
        b"\xa1\xff",
        b"\xc0" * (codec.MAX_TREE_BYTES + 1),
    ],
    ids=range(14),
)
def test_bytes_that_are_not_a_tree(tree: bytes) -> None:
    with pytest.raises(MalformedMessage):
        codec.decode(tree, bytearray())


def test_damaged_messages_never_do_worse_than_fail() -> None:
    draw = random.Random(0)
    tree, payload = message({"value": (torch.ones(3, 4), [1, "two", None]), "changed": [], "used": []})
    for _ in range(20_000):
        damaged = bytearray(tree)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        with contextlib.suppress(MalformedMessage):
            codec.decode(bytes(damaged), bytearray(payload))


def test_a_bool_is_true_or_false() -> None:
    tree, payload = message(torch.tensor([True, False]))
    payload[:2] = b"\x02\x00"
    assert codec.decode(tree, payload).tolist() == [True, False]
    assert codec.decode(tree, payload).view(torch.uint8).tolist() == [1, 0]


def test_a_complaint_does_not_quote_all_that_came() -> None:
    node = {"is": "argument", "key": "x" * 1_000_000}
    with pytest.raises(MalformedMessage, match="KeyError") as caught:
        codec.decode(msgpack.packb(node), bytearray(), restore={"argument": lambda node: {}[node["key"]]})
    assert len(str(caught.value)) <= codec.MAX_COMPLAINT


@pytest.mark.parametrize(
    "value",
    [torch.empty(0, 2**20, 2**30), np.array(3.0), np.ones((2, 3))[:, ::-1], torch.ones(5, 7)[:1, 3]],
    ids=["empty", "array without axes", "backwards", "one element with a stride"],
)
def test_what_was_sent_can_be_read(value: Any) -> None:
    got = codec.decode(*message(value))
    assert (type(got), got.shape, got.dtype, got.tolist()) == (type(value), value.shape, value.dtype, value.tolist())


def test_what_could_not_be_read_is_not_sent() -> None:
    assert codec.decode(*message(torch.ones([1] * 17))) == codec.Opaque("tensor of 17 axes")
    assert codec.decode(*message(np.ones(3, ">f8"))) == codec.Opaque("numpy array of >f8")


def test_too_much_is_said_before_it_is_sent() -> None:
    for value in (torch.zeros(LIMIT), ["x" * 100] * 20_000, [0] * 2_000_000, 1 << 70, _nested(50)):
        with pytest.raises(TooLarge):
            codec.encode(value, max_payload=LIMIT)


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


# What a submission says when it takes the wire into its own hands. `wire` is the harness's end.
SPEAKER = """
import gc, os, struct, threading, time
import msgpack, socket

wire = next(s for s in gc.get_objects() if isinstance(s, socket.socket)).fileno()

def frame(value):
    tree = msgpack.packb(value)
    return struct.pack("!IQ", len(tree), 0) + tree

def right(number):
    return {"is": "dict", "items": {"number": number, "value": 16, "changed": [], "used": []}}

def answer():
    return 1

def nonsense():
    os.write(wire, b"nonsense " * 100)
    time.sleep(100)

def huge():
    os.write(wire, struct.pack("!IQ", 2**31, 2**60))
    time.sleep(100)

def half():
    os.write(wire, frame(right(2))[:-3])
    time.sleep(100)

def slowly():
    for byte in frame(right(2)) * 1000:
        os.write(wire, bytes([byte]))
        time.sleep(0.5)

def another_number():
    os.write(wire, frame(right(1)))
    time.sleep(100)

def too_early():
    threading.Timer(0.2, lambda: os.write(wire, frame(right(3)))).start()
    return 1

def twice():
    os.write(wire, frame(right(2)))
    return 1

def hang_up():
    os.close(wire)
    time.sleep(100)

def odd_parts(items):
    os.write(wire, frame({"is": "dict", "items": {"number": 2, **items}}))
    time.sleep(100)

def say(text, *arguments):
    os.write(wire, text.encode("latin-1"))
    os._exit(0)

def say_both(first, second, *arguments):
    os.write(wire, first.encode("latin-1"))
    os.read(wire, 1 << 16)
    say(second)

def drip():
    for byte in frame(right(2)):
        time.sleep(0.05)
        os.write(wire, bytes([byte]))

def half_and_gone():
    os.write(wire, frame(right(2))[:-3])
    os._exit(0)

def and_more():
    os.write(wire, frame(right(2)))
    while True:
        os.write(wire, b"more" * 10_000)

def flood():
    while True:
        os.write(1, b"x" * 65536)

def close_output():
    os.close(1)
    os.close(2)
    time.sleep(0.3)
    return 1
"""
QUICK = Limits(call_seconds=1.0, call_wall_seconds=1.5)
BOUNDED = 20  # seconds that such a call takes at most, with a worker and on a busy machine; the speaker would sleep on


@pytest.mark.parametrize(
    "name", ["nonsense", "huge", "half", "slowly", "drip", "half_and_gone", "another_number", "hang_up", "flood"]
)
def test_a_worker_that_speaks_nonsense_fails_its_call(remote: Remote, name: str) -> None:
    question = remote(SPEAKER, limits=QUICK)
    begun = time.monotonic()
    with pytest.raises(SubmissionFailure):
        getattr(question, name)()
    assert time.monotonic() - begun < BOUNDED
    assert question.answer() == 1  # by another worker


@pytest.mark.parametrize(
    "items",
    [
        {},
        {"value": 1, "changed": 3},
        {"value": 1, "changed": [[0, 1]]},
        {"value": 1, "changed": [[[], 1]]},
        {"value": 1, "changed": [["nobody", None]]},
        {"value": 1, "used": [1]},
        {"value": 1, "used": "aten::convolution"},
        {"value": 1, "used": ["aten::no_such_kernel"]},
        {"value": 1, "used": ["aten::convolution", "aten::convolution"]},
        {"error": "text"},
        {"error": {"is": "dict", "items": {"kind": "raised", "type": 1, "text": "", "frames": []}}},
        {
            "error": {
                "is": "dict",
                "items": {"kind": "raised", "type": "", "text": "", "frames": [["a", "b", "c"]]},
            }
        },
        {"value": {"is": "argument", "key": 9}},
        {"value": {"is": "argument", "key": []}},
        {"value": {"is": "argument", "key": 0}},
        {"value": {"is": "handle", "number": "x"}},
        {"value": {"is": "handle"}},
    ],
)
def test_a_forged_answer_is_read_with_care(remote: Remote, items: dict[str, Any]) -> None:
    given = {"is": "dict", "items": items} if "is" in items else items
    with pytest.raises(SubmissionFailure, match="cannot be read"):
        remote(SPEAKER, limits=QUICK).odd_parts(given)


def test_an_answer_before_its_question_is_noticed(remote: Remote) -> None:
    question = remote(SPEAKER, limits=QUICK)
    assert question.too_early() == 1
    time.sleep(0.5)
    with pytest.raises(SubmissionFailure, match="cannot be read"):
        question.answer()
    question = remote(SPEAKER, limits=QUICK)
    assert question.twice() == 16  # it is the submission's answer, no matter which of its parts wrote it
    with pytest.raises(SubmissionFailure, match="cannot be read"):
        question.answer()


def test_a_worker_may_close_its_output(remote: Remote) -> None:
    assert remote(SPEAKER, limits=QUICK).close_output() == 1


def test_what_follows_an_answer_is_noticed_before_the_next_question(remote: Remote) -> None:
    question = remote(SPEAKER, limits=QUICK)
    assert question.and_more() == 16
    with pytest.raises(SubmissionFailure, match="cannot be read"):
        question.answer()
    assert question.answer() == 1  # by another worker


def saying(payload: bytes = b"", **items: Any) -> str:
    """The frame of an answer, as text for the submission to say."""
    text: str = frame(msgpack.packb(dictionary(**{"number": 2, **items})), payload).decode("latin-1")
    return text


def raised(**changes: Any) -> dict[str, Any]:
    error = {"kind": "raised", "type": "KeyError", "text": "", "frames": [], **changes}
    return dictionary(**error)


def changed(**changes: Any) -> str:
    """An answer that says the tensor it was given has changed: to a tensor of 64 bytes, with changes of its own."""
    return saying(bytes(64), value=1, changed=[[1, tensor_node(**changes)]])


LONG = "x" * 1_000_000


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (saying(number=3, value=1), "cannot be read"),
        (changed(shape=[3, 2], strides=[2, 1]), "resized one of its arguments"),
        (changed(dtype="int32"), "resized one of its arguments"),
        (changed(strides=[2, 1]), "cannot be read"),
        (changed(strides=[2**39, 1]), "cannot be read"),
        (saying(bytes(64), value=1, changed=[[0, tensor_node()]]), "cannot be read"),
        (saying(bytes(128), value=1, changed=[[1, tensor_node()], [1, tensor_node(at=64)]]), "cannot be read"),
        (saying(value=1, used=["aten::relu" * 10_000]), "cannot be read"),
        (saying(error=raised(frames=[["q1_conv2d.py", -1, "say"]])), "raised KeyError before any line"),
        (saying(error=raised(frames=[["q1_conv2d.py", 2**64 - 1, "say"]])), "raised KeyError before any line"),
        (saying(error=raised(frames=[[LONG, 1, "say"]])), "raised KeyError before any line"),
        (saying(error=raised(frames=[["..", 1, "say"], ["/etc/passwd", 1, ""]])), "raised KeyError before any line"),
        (saying(error=raised(frames=[["q1_conv2d.py", 2, LONG]])), "assignment/q1_conv2d.py, line 2: import gc"),
        (saying(error=raised(type=LONG)), "raised an exception"),
        (saying(error=raised(kind=LONG, text="")), "raised KeyError"),
        (saying(error=raised(text=LONG)), "raised KeyError"),
    ],
    ids=range(16),
)
def test_a_hostile_answer_ends_in_a_sentence(remote: Remote, answer: str, sentence: str) -> None:
    question = remote(SPEAKER, limits=QUICK)
    begun = time.monotonic()
    with pytest.raises(SubmissionFailure, match=sentence) as caught:
        question.say(answer, torch.ones(2, 3))
    assert time.monotonic() - begun < BOUNDED
    assert len(caught.value.summary) < 300
    assert len(caught.value.detail) < 3_000
    with contextlib.suppress(SubmissionFailure):  # a worker whose answer could be read is asked again, and is gone
        question.answer()
    assert question.answer() == 1


def test_an_argument_may_be_changed_by_a_tensor_of_any_strides(remote: Remote) -> None:
    x = torch.ones(2, 3)
    assert remote(SPEAKER, limits=QUICK).say(changed(strides=[1, 2]), x) == 1
    assert torch.equal(x, torch.zeros(2, 3))


def test_an_argument_that_cannot_be_changed_in_place(remote: Remote) -> None:
    x = torch.ones(3).expand(2, 3)
    with pytest.raises(SubmissionFailure, match="cannot be changed in place"):
        remote(SPEAKER, limits=QUICK).say(changed(), x)


@pytest.mark.parametrize("number", [-1, 7, 2**64 - 1])
def test_a_handle_to_nothing(remote: Remote, number: int) -> None:
    settings = {"is": "dict", "items": {"stride": None, "_session": 3}}
    handle = {"is": "handle", "number": number, "type": LONG[:1000], "repr": LONG[:9000], "value": settings}
    question = remote(SPEAKER, limits=QUICK)
    layer = question.say(saying(value=handle))
    assert len(layer.type_name + repr(layer)) < 3_000
    assert (layer.stride, hasattr(layer, "padding")) == (None, False)
    begun = time.monotonic()
    with pytest.raises(SubmissionFailure):
        layer.state_dict()
    assert time.monotonic() - begun < BOUNDED
    assert question.answer() == 1


def test_a_gradient_is_nothing_but_numbers(remote: Remote) -> None:
    x = torch.ones(2, 3, requires_grad=True)
    outputs = saying(bytes(64), value=tensor_node(grad=True))
    gradients = saying(bytes(64), number=3, value=[tensor_node(grad=True)])
    output = remote(SPEAKER, limits=QUICK).say_both(outputs, gradients, x)
    (gradient,) = torch.autograd.grad(output.sum(), x)
    assert not gradient.requires_grad
    assert torch.equal(gradient, torch.zeros(2, 3))
