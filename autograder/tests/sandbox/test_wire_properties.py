"""What holds for every value and for every sequence of bytes on the wire, with examples drawn by Hypothesis."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.evidence.fuzz import messages
from autograder.evidence.fuzz.oracle import Broken, check_tensors, same
from autograder.sandbox import codec
from autograder.sandbox.channel import FrameReader
from autograder.sandbox.codec import MalformedMessage

LIMIT = 1 << 16
DTYPES = [getattr(torch, name) for name in codec._DTYPES]

# Drawn again in every run; one that fails is printed with what reproduces it.
examples = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def test_what_is_checked_below_can_fail() -> None:
    payload = bytearray(64)
    floats = torch.frombuffer(payload, dtype=torch.float32)
    check_tensors([floats[:8], (floats[8:],)], payload)
    for wrong in (torch.ones(3), [floats[:9], floats[8:]], floats[:1].expand(2), torch.ones(3, dtype=torch.uint16)):
        with pytest.raises(Broken):
            check_tensors(wrong, payload)
    nan = float("nan")
    assert same([nan, {"a": torch.tensor(nan)}], [nan, {"a": torch.tensor(nan)}])
    for one, other in ((0.0, -0.0), (1, True), ((1,), [1]), (torch.ones(2), torch.ones(2, requires_grad=True))):
        assert not same(one, other)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Any dtype, any bits, up to four axes, any layout that slices and permutations give; some with gradients."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    count = torch.Size(shape).numel()
    size = count * dtype.itemsize
    flat = torch.tensor([*draw(st.binary(min_size=size, max_size=size))], dtype=torch.uint8)
    flat = flat > 127 if dtype is torch.bool else flat.view(dtype)
    tensor = flat.reshape(shape).permute(draw(st.permutations(range(len(shape)))))
    for axis in range(tensor.dim()):
        tensor = tensor.narrow(axis, 0, draw(st.integers(0, tensor.shape[axis])))
        tensor = tensor[(slice(None),) * axis + (slice(None, None, draw(st.integers(1, 3))),)]
    if draw(st.booleans()):
        tensor = tensor.expand(draw(st.integers(1, 3)), *tensor.shape)
    if (dtype.is_floating_point or dtype.is_complex) and draw(st.booleans()):
        tensor = tensor.detach().requires_grad_()
    return tensor


def arrays() -> st.SearchStrategy[np.ndarray]:
    usual = tensors().filter(lambda tensor: tensor.dtype is not torch.bfloat16)
    return usual.map(lambda tensor: tensor.detach().numpy())


def values() -> st.SearchStrategy[Any]:
    """Everything that the wire promises to carry as it is."""
    text = st.text(st.characters(exclude_categories=["Cs"]))
    numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=True)
    leaves = st.none() | st.booleans() | numbers | text | tensors() | arrays()
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(inner, max_size=4).map(tuple)
            | st.dictionaries(text, inner, max_size=4)
        ),
        max_leaves=8,
    )


def encoded(value: object) -> tuple[bytes, bytearray]:
    message = codec.encode(value, max_payload=LIMIT)
    return message.tree, bytearray().join(message.payload)


@examples
@given(values())
def test_a_value_comes_back_to_the_last_bit(value: Any) -> None:
    tree, payload = encoded(value)
    got = codec.decode(tree, payload)
    assert same(value, got)
    check_tensors(got, payload)


@examples
@given(tensors())
def test_strides_come_back_where_no_elements_overlap_or_lie_far_apart(tensor: torch.Tensor) -> None:
    got = codec.decode(*encoded(tensor))
    ends = sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.stride(), strict=True))
    if tensor.numel() and 0 not in tensor.stride() and ends < 4 * tensor.numel():
        assert got.stride() == tensor.stride()


@examples
@given(st.binary(max_size=300), st.binary(max_size=200))
def test_bytes_give_a_value_or_a_complaint(tree: bytes, payload: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        codec.decode(tree, bytearray(payload))


SEEDS = messages.seeds()


def spoiled_frames() -> st.SearchStrategy[bytes]:
    """Real frames, changed as the fuzzer changes them, some with a second one behind."""

    def spoil(seed: bytes, number: int, times: int, behind: bytes) -> bytes:
        mutate = messages.Mutator(lambda data, _: data[::-1])
        for step in range(times):
            seed = mutate(seed, 4096, number + step)
        return seed + behind

    behind = st.sampled_from([b"", b"x", SEEDS[0]])
    return st.builds(spoil, st.sampled_from(SEEDS), st.integers(0, 2**32), st.integers(0, 4), behind)


@examples
@given(spoiled_frames())
def test_a_spoiled_frame_gives_a_value_or_a_complaint(frame: bytes) -> None:
    tree, payload = messages.unframe(frame)
    received = bytearray(payload)
    with contextlib.suppress(MalformedMessage):
        check_tensors(codec.decode(tree, received, restore={"handle": lambda node: node["value"]}), received)


@pytest.fixture(scope="module")
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        yield near, far


def read(line: tuple[socket.socket, socket.socket], pieces: list[bytes]) -> object:
    """What a reader makes of bytes that come piece by piece, and what it leaves unread."""
    near, far = line
    reader = FrameReader(LIMIT)
    outcome: object = "waits"
    for piece in pieces:
        far.sendall(piece)
        with contextlib.suppress(BlockingIOError):
            try:
                while outcome == "waits":
                    reader.advance(near)
                    if reader.done:
                        outcome = (reader.tree, bytes(reader.payload))
            except MalformedMessage as complaint:
                outcome = str(complaint)
    left = b""
    with contextlib.suppress(BlockingIOError):
        while chunk := os.read(near.fileno(), 1 << 16):
            left += chunk
    return outcome, left


@examples
@given(frame=spoiled_frames(), cuts=st.lists(st.floats(0, 1), max_size=20))
def test_a_frame_in_pieces_is_the_same_frame(
    line: tuple[socket.socket, socket.socket], frame: bytes, cuts: list[float]
) -> None:
    places = [0, *sorted(int(cut * len(frame)) for cut in cuts), len(frame)]
    pieces = [frame[begin:end] for begin, end in itertools.pairwise(places)]
    assert read(line, pieces) == read(line, [frame])
    assert read(line, [bytes([byte]) for byte in frame[:200]]) == read(line, [frame[:200]])


@examples
@given(tree=st.integers(0, 2**32 - 1), payload=st.integers(0, 2**64 - 1) | st.integers(0, LIMIT))
def test_a_header_gets_no_more_memory_than_is_allowed(
    line: tuple[socket.socket, socket.socket], tree: int, payload: int
) -> None:
    tracemalloc.start()
    read(line, [messages.HEADER.pack(tree, payload)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= codec.MAX_TREE_BYTES + LIMIT + (1 << 17)  # and what the reading itself takes


WORST = {
    "empty lists": lambda count: b"\x90" * count,
    "lists in lists": lambda count: b"\x91\x91\x91\xc0" * (count // 4),
    "maps": lambda count: b"\x81\xa0\x80" * (count // 3),
    "text": lambda count: b"\xa2ab" * (count // 3),
}


@pytest.mark.parametrize("make", WORST.values(), ids=WORST)
def test_a_tree_becomes_no_more_than_a_bounded_number_of_objects(make: Callable[[int], bytes]) -> None:
    items = make(codec.MAX_TREE_BYTES // 8 - 5)
    count = len(items) // {b"\x90": 1, b"\x91": 4}.get(items[:1], 3)
    tracemalloc.start()
    with contextlib.suppress(MalformedMessage):
        codec.decode(b"\xdd" + count.to_bytes(4, "big") + items, bytearray())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150 * codec.MAX_TREE_BYTES // 8
