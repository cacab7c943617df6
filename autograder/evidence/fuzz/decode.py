"""The trusted decoder as a target: for any frame it must return a value or raise `MalformedMessage`."""

from __future__ import annotations

import contextlib
import os
import socket
import zlib
from typing import Any

import torch

from autograder.evidence.fuzz import messages
from autograder.evidence.fuzz.messages import HEADER, MAX_PAYLOAD
from autograder.evidence.fuzz.oracle import Broken, Handle, check_tensors, note_tensors, same
from autograder.evidence.fuzz.tally import Reached
from autograder.evidence.fuzz.targets import Mutation, RawMutation
from autograder.sandbox import codec
from autograder.sandbox.channel import FrameReader, send

ROUND_TRIPS = 4  # one in this many values is sent back, which costs as much as everything else


class Target:
    """Reads a frame from a socket, as for a worker's reply, and decodes it.

    Args:
        every: one in this many values is sent back and read again.
    """

    def __init__(self, every: int = ROUND_TRIPS) -> None:
        self.reached = Reached()
        self._every = every
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        note_tensors(self)

    @staticmethod
    def seeds() -> list[bytes]:
        return messages.seeds()

    @staticmethod
    def mutator(raw: RawMutation) -> Mutation:
        return messages.Mutator(raw)

    def __call__(self, data: bytes) -> None:
        """Try one input.

        Raises:
            Broken: as may any other exception that escapes the decoder.
        """
        reached = self.reached = Reached()
        received = self._receive(data)
        if received is None:
            return
        reached.first = True
        tree, payload = received
        try:
            value = codec.decode(tree, payload, restore=_RESTORE)
        except codec.MalformedMessage as complaint:
            _check_complaint(complaint)
            return
        reached.third = True
        check_tensors(value, payload, _ARGUMENTS.values())
        if zlib.crc32(data) % self._every == 0:
            self._check_round_trip(value)

    def _receive(self, data: bytes) -> tuple[bytes, bytearray] | None:
        if data:
            os.write(self._far.fileno(), data)
        try:
            tree, payload = self._read()
        except BlockingIOError:
            return None  # incomplete
        except codec.MalformedMessage:
            self._empty()
            return None
        end = HEADER.size + len(tree) + len(payload)
        if end > len(data) or tree + payload != data[HEADER.size : end]:
            raise Broken("what was read is not what was sent")
        if end < len(data):
            self._empty()
        return tree, payload

    def _read(self) -> tuple[bytes, bytearray]:
        reader = FrameReader(MAX_PAYLOAD)
        while not reader.done:
            reader.advance(self._near)
        return reader.tree, reader.payload

    def _empty(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._near.fileno(), 1 << 16):
                pass

    def _check_round_trip(self, value: object) -> None:
        send(self._far, codec.encode(value, max_payload=MAX_PAYLOAD, describe=_describe))
        again = codec.decode(*self._read(), restore=_RESTORE)
        if not same(value, again):
            raise Broken(f"not the same after a round trip: {value!r} and {again!r}")


_ARGUMENTS: dict[object, object] = {0: torch.ones(2), "x": [1, 2]}
_RESTORE: dict[str, codec.Restore] = {
    "argument": lambda node: _ARGUMENTS[node["key"]],
    "handle": lambda node: Handle({key: node[key] for key in ("number", "value")}),
}


def _describe(value: object) -> dict[str, Any] | None:
    if isinstance(value, codec.Opaque):
        return {"is": "opaque", "type": value.type_name}
    return {"is": "handle", **value.parts} if isinstance(value, Handle) else None


def _check_complaint(complaint: codec.MalformedMessage) -> None:
    text = str(complaint)
    if len(text) > 1_000:
        raise Broken(f"a complaint of {len(text):,} characters")
    # The process may not use more memory than it needs: see `engine`.
    if text.startswith("MemoryError") or "allocate" in text:
        raise Broken(f"more memory was asked for than there are bytes: {text}")
