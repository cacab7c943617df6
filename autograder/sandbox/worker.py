"""The trusted end of a conversation with one worker: ask, wait no longer than allowed, believe nothing."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.sandbox import codec
from autograder.sandbox.channel import FrameReader, FrameWriter
from autograder.sandbox.limits import Limits

_TICK = 0.05  # seconds between two looks at the clocks


class OutOfTime(Exception):
    """The worker took more than it may. The text names the limit."""


class Ended(Exception):
    """The worker's process is gone, or has hung up. The text says how; `status` is its exit status."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class OutOfSpace(OutOfTime):
    """The worker wrote more to its scratch folder than it may. The text names the limit."""


class Worker:
    """One confined process and the connection to it.

    Args:
        pid: its process id.
        connection: the trusted end of the conversation.
        output: descriptor from which to read what it prints.
        scratch: the folder it writes to.
        limits: how long a call may take, how much it may return and print.
        asked: requests that have been sent already.
        end: kills the process, if need be, and returns its exit status.
        drop: kills the process.
    """

    def __init__(
        self,
        pid: int,
        connection: socket.socket,
        output: int,
        scratch: Path,
        limits: Limits,
        *,
        asked: int = 0,
        end: Callable[[], int],
        drop: Callable[[], object],
    ) -> None:
        self.pid = pid
        self.layers: dict[str, bool] = {}
        self._connection = connection
        self._output = output
        self._scratch = scratch
        self._limits = limits
        self._end = end
        self._drop = drop
        self._printed = bytearray()
        self._printed_bytes = 0
        self._output_ended = False
        self._asked = asked
        self._answered = 0
        self._cpu_before = 0.0  # seconds used when the current request began, if it began right after the last
        self._open = True
        connection.setblocking(False)
        os.set_blocking(output, False)

    def greet(self) -> dict[str, bool]:
        """Wait for the worker's first word, spoken before it has seen any of the student's code.

        Returns:
            Which layers of confinement hold.

        Raises:
            Ended: it could not be confined.
        """
        word = codec.decode(*self._exchange(None))
        if "refused" in word:
            raise Ended(word["refused"])
        self.layers = word["layers"]
        return self.layers

    def ask(
        self,
        request: dict[str, Any],
        *,
        describe: codec.Describe = lambda _: None,
        restore: dict[str, codec.Restore] | None = None,
    ) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Args:
            request: see `harness`; the number is added here.
            describe, restore: for objects that are not data, see `codec`.

        Raises:
            OutOfTime, Ended: see there. The worker must be closed.
            MalformedMessage: what came back is no answer to this request. The worker must be closed.
            TooLarge: the request itself is; nothing was sent.
        """
        numbered = {**request, "number": self._asked + 1}
        message = codec.encode(numbered, max_payload=self._max_payload, describe=describe)
        self._asked += 1
        return self.answer(message, restore=restore)

    def answer(
        self, message: codec.Message | None = None, *, restore: dict[str, codec.Restore] | None = None
    ) -> dict[str, Any]:
        """Wait for the answer to the oldest request that has none, sending its message first if that is to be done.

        Raises:
            OutOfTime, Ended, MalformedMessage: as `ask`.
        """
        tree, payload = self._exchange(message)
        answer = codec.decode(tree, payload, restore=restore)
        self._answered += 1
        if type(answer) is not dict or type(answer.get("number")) is not int or answer["number"] != self._answered:
            raise codec.MalformedMessage("an answer to another question")
        return answer

    @property
    def asked(self) -> int:
        """The number of the last request."""
        return self._asked

    def take_output(self) -> str:
        """What was printed since the last time, its beginning only if it was much."""
        self._drain()
        text = self._printed.decode("utf-8", "replace")
        left_out = self._printed_bytes - len(self._printed)
        if left_out:
            text += f"\n[{left_out:,} more bytes were printed and are not kept]"
        self._printed.clear()
        self._printed_bytes = 0
        return text

    def close(self) -> int:
        """End the process.

        Returns:
            Its exit status, negative for a signal; that of the kill if it still lived.
        """
        if not self._open:
            return 0
        self._open = False
        try:
            return self._end()
        finally:
            self._connection.close()
            os.close(self._output)

    def drop(self) -> None:
        """End the process without waiting until it is gone."""
        if self._open:
            self._open = False
            self._connection.close()
            os.close(self._output)
            self._drop()

    def cpu_seconds(self) -> float:
        """Processor seconds the worker has used so far; 0 where the system does not tell."""
        if sys.platform != "linux":
            return 0.0
        try:
            return time.clock_gettime((~self.pid << 3) | 2)  # its clock, as clock_getcpuclockid(3) names it
        except OSError:
            return 0.0  # it has just ended: the connection will say so

    @property
    def _max_payload(self) -> int:
        return self._limits.message_mb << 20

    def _exchange(self, message: codec.Message | None) -> tuple[bytes, bytearray]:
        """Send the message, if any, and read one frame, reading along what is printed."""
        writer = None
        if message is not None:
            if self._readable():
                self._fail_if_gone()
                raise codec.MalformedMessage("the worker spoke before it was asked")
            writer = FrameWriter(message)
            with contextlib.suppress(BlockingIOError, ConnectionError):  # what fits at once; most messages do
                while not writer.done:
                    writer.advance(self._connection)
        reader = FrameReader(self._max_payload)
        give_up = time.monotonic() + self._limits.call_wall_seconds
        next_look = time.monotonic() + _TICK
        if message is not None:
            self._cpu_before = self.cpu_seconds()
        cpu_limit = self._cpu_before + self._limits.call_seconds
        try:
            while not reader.done:
                sending = [self._connection] if writer and not writer.done else []
                sources: list[Any] = [self._connection] if self._output_ended else [self._connection, self._output]
                readable, writable, _ = select.select(sources, sending, [], _TICK)
                if self._output in readable:
                    self._drain(_PIPE_BYTES)
                if writable and writer:
                    with contextlib.suppress(BlockingIOError):
                        writer.advance(self._connection)
                if self._connection in readable:
                    with contextlib.suppress(BlockingIOError):
                        while not reader.done and time.monotonic() <= give_up:
                            reader.advance(self._connection)
                if reader.done:
                    break  # what it has used since is the next request's
                if self.cpu_seconds() > cpu_limit:
                    raise OutOfTime(f"{self._limits.call_seconds:g} seconds of processor time")
                if time.monotonic() > next_look:
                    next_look = time.monotonic() + _TICK
                    self._look_at_scratch()
                if time.monotonic() > give_up:
                    raise OutOfTime(f"{self._limits.call_wall_seconds:g} seconds")
        except (EOFError, ConnectionError):
            raise self._end_of_it() from None
        self._cpu_before = self.cpu_seconds()
        if writer and not writer.done:
            raise codec.MalformedMessage("an answer before the question was read")
        return reader.tree, reader.payload

    def _end_of_it(self) -> Ended:
        self._drain()  # its last words
        status = self.close()
        return Ended(_how_it_ended(status), status)

    def _look_at_scratch(self) -> None:
        """Stop a worker that fills the disk; looked at as often as the clocks."""
        files = size = 0
        with contextlib.suppress(OSError), os.scandir(self._scratch) as entries:
            for entry in entries:
                files += 1
                with contextlib.suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                if files > self._limits.scratch_files or size > self._limits.scratch_mb << 20:
                    limit = f"{self._limits.scratch_mb} MB or {self._limits.scratch_files} files of its own"
                    raise OutOfSpace(f"{limit}")

    def _readable(self) -> bool:
        return bool(select.select([self._connection], [], [], 0)[0])

    def _fail_if_gone(self) -> None:
        try:
            gone = self._connection.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            gone = True
        if gone:
            raise self._end_of_it()

    def _drain(self, at_most: int = 1 << 20) -> None:
        """Read what was printed; keep the beginning, count the rest."""
        while at_most > 0 and self._open:
            try:
                chunk = os.read(self._output, min(at_most, _PIPE_BYTES))
            except BlockingIOError:
                return
            if not chunk:
                self._output_ended = True
                return
            at_most -= len(chunk)
            self._printed_bytes += len(chunk)
            self._printed += chunk[: max(0, (self._limits.output_kb << 10) - len(self._printed))]


_PIPE_BYTES = 1 << 16


def _how_it_ended(status: int) -> str:
    if status >= 0:
        return "ended the process itself (os._exit does that)"
    if -status == signal.SIGXCPU:
        return "used up its processor time"
    if -status == signal.SIGKILL:
        return "was killed: out of memory, or it hung up on the grader"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"crashed with {name}"
