"""The trusted end of a conversation with one worker: ask, wait no longer than allowed, trust nothing."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from autograder.course.limits import Limits
from autograder.sandbox import codec, endings, usage
from autograder.sandbox.channel import FrameReader, FrameWriter
from autograder.sandbox.endings import Ended, Stopped
from autograder.sandbox.supervisor import Watch

_TICK = 0.05  # seconds between checks of the clocks
_HANDING_OVER = 10.0  # seconds that the transfer of a finished answer may take once somebody waits for it


class Worker:
    """One confined process and the connection to it.

    Args:
        pid: its process id.
        connection: the trusted end of the conversation.
        output: descriptor from which to read what it prints.
        watch: its limits, and why it was stopped, if it was.
        asked: the number of requests that were sent already.
        look: checks all workers if it is time to.
        end: kills the process if necessary, and returns its exit status and the processor seconds it used.
        drop: kills the process.
    """

    def __init__(
        self,
        pid: int,
        connection: socket.socket,
        output: int,
        watch: Watch,
        *,
        asked: int = 0,
        look: Callable[[], object],
        end: Callable[[], tuple[int, float]],
        drop: Callable[[], object],
    ) -> None:
        self.pid = pid
        self.layers: dict[str, bool] = {}
        self.lost_seconds = 0.0  # processor time used over its whole life, once it has ended
        self._connection = connection
        self._output = output
        self._watch = watch
        self._limits = watch.limits
        self._look = look
        self._end = end
        self._drop = drop
        self._printed = bytearray()
        self._printed_bytes = 0
        self._output_ended = False
        self._asked = asked
        self._answered = 0
        self._since = watch.began  # when the requests sent in advance began
        self._cpu_before = 0.0  # seconds used when the current request began, if it began right after the last
        self._open = True
        connection.setblocking(False)
        os.set_blocking(output, False)

    def greet(self) -> dict[str, bool]:
        """Wait for the worker's first message, sent before it has seen any of the student's code.

        Returns:
            Which layers of confinement hold.

        Raises:
            Ended: it could not be confined.
        """
        word = codec.decode(*self._exchange(None, self._limits))
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
            describe, restore: for objects other than data, see `codec`.

        Raises:
            Stopped, Ended: see `endings`. The worker must be closed.
            MalformedMessage: the reply is not an answer to this request. The worker must be closed.
            TooLarge: the request is too large; nothing was sent.
        """
        numbered = {**request, "number": self._asked + 1}
        message = codec.encode(numbered, max_payload=self._max_payload, describe=describe)
        self._asked += 1
        return self.answer(message, restore=restore)

    def answer(
        self,
        message: codec.Message | None = None,
        *,
        restore: dict[str, codec.Restore] | None = None,
        limits: Limits | None = None,
    ) -> dict[str, Any]:
        """Wait for the answer to the oldest unanswered request, sending its message first if given.

        The clock of a request that was sent in advance starts when the worker was forked, or when the previous answer
        arrived, but no later than that answer was due.

        Args:
            message, restore: see `ask`.
            limits: this call's limits, if they differ from the others'.

        Raises:
            Stopped, Ended, MalformedMessage: as `ask`.
        """
        limits = limits or self._limits
        tree, payload = self._exchange(message, limits)
        if message is None:
            self._since = min(time.monotonic(), self._since + limits.call_wall_seconds)
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
        """What was printed since the last call of this method; only its beginning if it was long."""
        self._drain()
        text = self._printed.decode("utf-8", "replace")
        left_out = self._printed_bytes - len(self._printed)
        if left_out:
            text += f"\n[{self._printed_bytes:,} bytes were printed; the first {self._limits.output_kb} kB are kept]"
        self._printed.clear()
        self._printed_bytes = 0
        return text

    def close(self) -> int:
        """End the process.

        Returns:
            Its exit status, negative for a signal; the kill's if it was still running.
        """
        if not self._open:
            return 0
        self._open = False
        try:
            status, self.lost_seconds = self._end()
            return status
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
        """Processor seconds the worker has used so far; 0 where the system does not report them."""
        return usage.cpu_seconds(self.pid) if self._open else self.lost_seconds

    def memory(self) -> int:
        """Bytes that the worker holds beyond what it inherited; 0 where the system does not report them."""
        return self._watch.memory()

    @property
    def _max_payload(self) -> int:
        return self._limits.message_mb << 20

    def _exchange(self, message: codec.Message | None, limits: Limits) -> tuple[bytes, bytearray]:
        """Send the message, if any, and read one frame, while also reading what is printed."""
        self._look()  # a series of quick calls would never reach the check below
        writer = None
        if message is not None:
            if self._readable():
                self._fail_if_gone()
                raise codec.MalformedMessage("the worker spoke before it was asked")
            writer = FrameWriter(message)
            with contextlib.suppress(BlockingIOError, ConnectionError):  # as much as fits at once; most messages do
                while not writer.done:
                    writer.advance(self._connection)
        reader = FrameReader(self._max_payload)
        now = begun = time.monotonic()
        if message is None:  # it may have been answered long ago and only needs to be transferred
            begun = min(now, max(self._since, now - limits.call_wall_seconds + _HANDING_OVER))
        else:
            self._cpu_before = self.cpu_seconds()
        give_up = begun + limits.call_wall_seconds
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
                    break  # what it has used since then counts for the next request
                used = self.cpu_seconds() - self._cpu_before
                if used > limits.call_seconds:
                    raise endings.too_much_time(used, limits.call_seconds, "processor ")
                self._look()
                if self._watch.verdict is not None:
                    raise self._watch.verdict
                waited = time.monotonic() - begun
                if waited > limits.call_wall_seconds:
                    raise endings.too_much_time(waited, limits.call_wall_seconds)
        except (EOFError, ConnectionError):
            raise self._end_of_it() from None
        self._cpu_before = self.cpu_seconds()
        if writer and not writer.done:
            raise codec.MalformedMessage("an answer before the question was read")
        return reader.tree, reader.payload

    def _end_of_it(self) -> Stopped | Ended:
        self._drain()  # its last output
        was_dead = usage.is_dying(self.pid)
        status = self.close()
        return self._watch.verdict or endings.by_itself(
            status, self._watch.spent + self.lost_seconds, self._limits, was_dead=was_dead
        )

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
        """Read what was printed; keep the beginning and count the rest."""
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
