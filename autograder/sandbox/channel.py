"""Frames on a socket, for both ends of a conversation.

A frame is a header (the lengths of the tree and of the payload), the tree, and the payload. Lengths are checked before
anything is allocated, so a header alone can make the reader allocate no more than a full-sized frame would. Nothing
here waits: the worker's end uses a blocking socket, and the trusted end waits in `worker`, with a deadline. Only plain
    reads and writes are used, since a worker may not make socket calls.
"""

from __future__ import annotations

import os
import socket
import struct

from autograder.sandbox.codec import MAX_TREE_BYTES, MalformedMessage, Message

_HEADER = struct.Struct("!IQ")
_PARTS_PER_CALL = 64  # the kernel takes at most IOV_MAX buffers at a time


class FrameWriter:
    """An outgoing frame: call `advance` until it is `done`."""

    def __init__(self, message: Message) -> None:
        header = _HEADER.pack(len(message.tree), message.payload_bytes())
        parts = [memoryview(header), memoryview(message.tree), *message.payload]
        self._parts = [part.cast("B") for part in parts if part.nbytes]

    @property
    def done(self) -> bool:
        return not self._parts

    def advance(self, connection: socket.socket) -> None:
        """Send as much as the socket takes in one call."""
        sent = os.writev(connection.fileno(), self._parts[:_PARTS_PER_CALL])
        while sent:
            part = self._parts[0]
            if sent < part.nbytes:
                self._parts[0] = part[sent:]
                return
            sent -= part.nbytes
            self._parts.pop(0)


class FrameReader:
    """An incoming frame: call `advance` until it is `done`, then take `tree` and `payload`.

    Args:
        max_payload: the longest payload to accept, in bytes.
    """

    def __init__(self, max_payload: int) -> None:
        self.tree = b""
        self.payload = bytearray()
        self.done = False
        self._max_payload = max_payload
        self._tree_length = -1  # not known yet
        self._buffer = bytearray(_HEADER.size)
        self._filled = 0

    def advance(self, connection: socket.socket) -> None:
        """Read what is available, never past the end of this frame.

        Raises:
            EOFError: the other end is closed.
            MalformedMessage: the header asks for more than is allowed.
        """
        count = os.readv(connection.fileno(), [memoryview(self._buffer)[self._filled :]])
        if count == 0:
            raise EOFError
        self._filled += count
        while self._filled == len(self._buffer) and not self.done:
            self._step()

    def _step(self) -> None:
        """Begin the next part; the header, the tree or the payload is now complete."""
        if self._tree_length < 0:
            self._tree_length, payload_length = _HEADER.unpack(self._buffer)
            if not 0 < self._tree_length <= MAX_TREE_BYTES or payload_length > self._max_payload:
                raise MalformedMessage(f"a frame of {self._tree_length:,} and {payload_length:,} bytes")
            self.payload = bytearray(payload_length)
            self._buffer = bytearray(self._tree_length)
        elif not self.tree:
            self.tree = bytes(self._buffer)
            self._buffer = self.payload
        else:
            self.done = True
        self._filled = 0
        if self.tree and not self._buffer:
            self.done = True


def send(connection: socket.socket, message: Message) -> None:
    """Send a whole message on a blocking socket."""
    writer = FrameWriter(message)
    while not writer.done:
        writer.advance(connection)


def receive(connection: socket.socket, max_payload: int) -> tuple[bytes, bytearray]:
    """Read a whole message from a blocking socket.

    Raises:
        EOFError: the other end is closed.
        MalformedMessage: the frame is longer than allowed.
    """
    reader = FrameReader(max_payload)
    while not reader.done:
        reader.advance(connection)
    return reader.tree, reader.payload
