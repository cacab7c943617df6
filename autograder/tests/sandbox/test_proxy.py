"""A call through the wire behaves like a call."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from autograder.sandbox.codec import Opaque
from autograder.sandbox.failures import SubmissionFailure
from autograder.tests.support.grading import Remote

MODULE = """
import random
import numpy as np
import torch
from torch import nn

def give(*values, **named):
    return (*values, named) if named else values[0] if len(values) == 1 else values

def zero(x):
    x.zero_()

def zero_by_numpy(x):
    x.numpy()[...] = 0
    return x.sum()

def resize(x):
    x.resize_(1)

def strides(x):
    return x.stride()

def square(x, y):
    return x * x * y, x + 1

def cut(x):
    return x.detach() * 2

def grad_mode():
    return torch.is_grad_enabled()

def draw():
    return torch.rand(3), random.random(), np.random.rand()

def seed():
    return torch.initial_seed()

def odd_things():
    return nn.Parameter(torch.ones(2)), torch.Size([1, 2]), np.float32(1.5), np.int64(3), np.arange(3.0), {1, 2}, None

def layer():
    return nn.Conv2d(2, 3, (1, 2), bias=False)

def fail():
    raise KeyError("not here")
"""


def test_values_come_back_as_they_were(remote: Remote) -> None:
    give = remote(MODULE).give
    for value in (None, True, 7, -(2**40), 1.5, float("inf"), "é", [1, (2, [3])], {"a": (1, 2)}, ()):
        got = give(value)
        assert got == value
        assert type(got) is type(value)
    assert give(1, (2,), key="word") == (1, (2,), {"key": "word"})


@pytest.mark.parametrize(
    "dtype",
    [
        torch.bool,
        torch.uint8,
        torch.int64,
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
        torch.complex64,
    ],
)
def test_tensors_come_back_bit_by_bit(remote: Remote, dtype: torch.dtype) -> None:
    give = remote(MODULE).give
    for shape in ((), (0, 3), (2, 3, 4)):
        tensor = (torch.randn(shape) * 10).to(dtype)
        (got,) = give([tensor])
        assert got.dtype == dtype
        assert torch.equal(got, tensor)


def test_strides_are_kept(remote: Remote) -> None:
    strides = remote(MODULE).strides
    base = torch.randn(4, 6, 5)
    for tensor in (
        base.transpose(0, 2),
        base[:, 1:4],
        base[::2],
        base[:1, 0, 0],
        base.unsqueeze(0).to(memory_format=torch.channels_last),
    ):
        assert strides(tensor) == tensor.stride()
        assert torch.equal(remote(MODULE).give([tensor])[0], tensor)
    assert torch.equal(remote(MODULE).give([base[:1].expand(3, 6, 5)])[0], base[:1].expand(3, 6, 5))


def test_arguments_changed_in_place_are_changed_here(remote: Remote) -> None:
    for name in ("zero", "zero_by_numpy"):
        tensor = torch.full((2, 3), float("nan"))
        getattr(remote(MODULE), name)(tensor)
        assert torch.equal(tensor, torch.zeros(2, 3))
    with pytest.raises(SubmissionFailure, match="resized"):
        remote(MODULE).resize(torch.ones(5))


def test_an_argument_given_back_is_the_same_object(remote: Remote) -> None:
    tensor = torch.ones(3)
    assert remote(MODULE).give(tensor) is tensor


def test_gradients_flow_through_the_wire(remote: Remote) -> None:
    x = torch.randn(3, requires_grad=True)
    y = torch.randn(3, requires_grad=True)
    z = x * 2
    first, second = remote(MODULE).square(z, y)
    upstream = torch.randn(3)
    gradients = torch.autograd.grad((first, second), (x, y), (upstream, torch.ones(3)))
    assert torch.allclose(gradients[0], 2 * (upstream * 2 * z * y + 1))
    assert torch.allclose(gradients[1], upstream * z * z)
    assert not remote(MODULE).cut(x).requires_grad


def test_grad_mode_travels(remote: Remote) -> None:
    question = remote(MODULE)
    assert question.grad_mode() is True
    with torch.no_grad():
        assert question.grad_mode() is False
        assert not question.square(torch.ones(2, requires_grad=True), torch.ones(2))[0].requires_grad


def test_the_seed_travels(remote: Remote) -> None:
    question = remote(MODULE)
    torch.manual_seed(3)
    first, second = question.draw(), question.draw()
    torch.manual_seed(3)
    again = remote(MODULE).draw()
    assert torch.equal(first[0], again[0])
    assert first[1:] == again[1:]
    assert not torch.equal(first[0], second[0])
    assert first[1:] != second[1:]


def test_the_seed_that_travels_is_not_the_number_that_the_test_draws(remote: Remote) -> None:
    # By that number a submission could tell what the test draws next, and what it expects.
    torch.manual_seed(3)
    drawn = int(torch.randint(2**62, ()).item())
    seeds = []
    for key in (b"one", b"one", b"another"):
        torch.manual_seed(3)
        seeds.append(remote(MODULE, key=key).seed())
    assert seeds[0] == seeds[1] != seeds[2]
    assert drawn not in seeds


def test_the_encoder_is_generous(remote: Remote) -> None:
    parameter, size, real, whole, array, odd, none = remote(MODULE).odd_things()
    assert torch.equal(parameter, torch.ones(2))
    assert (size, real, whole, none) == ((1, 2), 1.5, 3, None)
    assert type(size) is tuple
    assert type(whole) is int
    assert isinstance(array, np.ndarray)
    assert odd == Opaque("set")


def test_a_layer_stays_where_it_is(remote: Remote) -> None:
    layer = remote(MODULE).layer()
    here = nn.Conv2d(2, 3, (1, 2), bias=False)
    here.load_state_dict(layer.state_dict())
    x = torch.randn(1, 2, 4, 5)
    assert torch.allclose(layer(x), here(x))
    assert (repr(layer), layer.kernel_size, layer.type_name) == (repr(here), (1, 2), "Conv2d")
    assert not hasattr(layer, "weight_norm")


def test_an_exception_shows_the_students_lines_and_nothing_of_ours(remote: Remote) -> None:
    with pytest.raises(SubmissionFailure) as caught:
        remote(MODULE).fail()
    assert caught.value.summary.startswith("fail raised KeyError at assignment/q1_conv2d.py, line ")
    line = MODULE.splitlines().index("def fail():") + 2
    where = f"  assignment/q1_conv2d.py, line {line}, in fail: "
    assert caught.value.detail.splitlines()[1:] == [where + 'raise KeyError("not here")', "KeyError: 'not here'"]


def test_a_lost_worker_is_replaced(remote: Remote) -> None:
    question = remote(MODULE + "\nimport os\ndef leave():\n    os._exit(3)\n")
    with pytest.raises(SubmissionFailure, match="ended the process itself"):
        question.leave()
    assert question.give(1) == 1
