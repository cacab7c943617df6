"""The GPU on which lists are trained, as the trusted side sees it: a process of its own that opens the driver.

The grader itself never opens the driver, nor does anything that it forks. The process is started when it is first
asked, and trains one network after the other. One that was too long, crashed or damaged its own state is replaced, so
that the next network finds a new one. What it sends is data, and only the accuracy's arithmetic rests on it, as with
any other process of the course's own.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

from torch import Tensor

from autograder.errors import DeviceFull, GraderFault, UnusableRequest
from autograder.sandbox import channel, codec, endings
from autograder.sandbox.channel import FrameReader
from autograder.sandbox.failures import SubmissionFailure, TimedOut, one_line
from autograder.sandbox.launch import REPOSITORY, WorkerKilled, package_folders
from autograder.sandbox.sealed import File, seal

START_SECONDS = 180.0  # importing torch from a slow disk and opening the driver take long
MAX_PAYLOAD = 64 << 20
MEMORY = 8 << 30  # bytes of the device's that one network may take; the results of a batch may take a fifth of it

# A process for a GPU needs what tells the driver and torch which GPU, and where their libraries and caches are.
_KEPT = (
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_CACHE_PATH", "NVIDIA_VISIBLE_DEVICES"),
    *("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "PATH", "HOME", "TMPDIR"),
    *("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"),
)
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_MODULE_LOADING": "LAZY",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # products then give the same bits each time
}

# As for the fork server: without -S and -I an interpreter would run code in site-packages and trust the environment.
_START = """
import sys
descriptor, device, root, *packages = sys.argv[1:]
sys.path[:0] = [root, *packages]
from autograder.grading import on_device
on_device.main(int(descriptor), device)
"""


@contextlib.contextmanager
def opened(kind: str) -> Iterator[Device | None]:
    """A device for a while; None for the CPU, which needs no opening.

    Raises:
        UnusableRequest: there is no such device here, or torch cannot use it.
    """
    if kind == "cpu":
        yield None
        return
    device = Device(kind)
    try:
        _ = device.about  # says whether it can be used
        yield device
    finally:
        device.close()


@dataclass(frozen=True)
class About:
    """A device.

    Attributes:
        kind: "cpu" or "cuda".
        name: its maker's for it, "NVIDIA H200"; "cpu" for the CPU.
        driver: its driver's version; "" if that is not known.
        memory: bytes of its own memory.
    """

    kind: str
    name: str
    driver: str
    memory: int


class Device:
    """A device, and the process that has it open. Safe to use from several threads; it trains one network at a time.

    Args:
        kind: "cuda"; with "cpu" everything is the same but for the GPU.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.required: dict[str, float] = {}  # thresholds that were found here, see `warm.required_on`
        self._pool = ThreadPoolExecutor(1)
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._about: About | None = None
        self._closed = False

    @property
    def about(self) -> About:
        """What it is; the first time, the process is started and the driver opened.

        Raises:
            UnusableRequest: there is no such device, or torch cannot use it.
        """
        if self._about is None:
            self._about = self._pool.submit(self._described).result()
        return self._about

    def begin(self, what: str, request: dict[str, Any], train: File, unseen: Tensor, seconds: float) -> Training:
        """Have a network trained in the background, after those that were begun before.

        Args:
            what: is done, for people.
            request: see `grading.on_device`.
            train: the sealed file with the training images and their labels.
            unseen: the held-out images.
            seconds: the longest that it may take on the clock, once it has begun.
        """
        request = {**request, "memory": MEMORY}
        return Training(self, self._pool.submit(self._learn, what, request, train, unseen, seconds))

    def stop(self) -> None:
        """End the process, whatever it does; another one is started when it is needed."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process = None

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.stop()

    def _running(self) -> _Process:
        with self._lock:
            if self._closed:
                raise CancelledError
            if self._process is None:
                self._process = _Process(self.kind)
            return self._process

    def _described(self) -> About:
        found = self._answer("starting", {"do": "describe"}, START_SECONDS)
        if "problem" in found:
            self.stop()
            raise UnusableRequest(f"--device {self.kind}: {found['problem']}. Without --device the CPU trains.")
        return About(self.kind, one_line(found["name"], 100), one_line(found["driver"], 40), found["memory"])

    def _learn(self, what: str, request: dict[str, Any], train: File, unseen: Tensor, seconds: float) -> dict[str, Any]:
        with seal([unseen]) as file, file.opened() as held_out, train.opened() as training:
            answer: dict[str, Any] = self._answer(what, request, seconds, [training, held_out])
        if "full" in answer:
            raise no_room(what, self._described().name, answer["full"], request["memory"])
        if "error" in answer:
            # After an error nothing may work any more, because of the list or of a broken GPU: a new process shows it.
            self.stop()
            self._described()  # raises, if the GPU is to blame
            error = answer["error"]
            raise SubmissionFailure(f"{what} ended with {error['type']}: {one_line(error['text'], 300)}")
        if "refused" in answer:
            raise SubmissionFailure(f"{what}: {answer['refused']}")
        return answer

    def _answer(self, what: str, request: dict[str, Any], seconds: float, files: list[int] | None = None) -> Any:
        """Send a request, and wait for its answer. On any trouble the process is ended.

        Raises:
            SubmissionFailure: it took too long, or the process crashed.
            WorkerKilled: the process was killed from outside.
            UnusableRequest: the process could not be started.
        """
        process = self._running()
        try:
            process.send(request, files or [])
            return process.receive(time.monotonic() + seconds)
        except TimeoutError:
            self.stop()
            raise TimedOut(f"{what} was stopped: it {endings.too_much_time(seconds, seconds)}.") from None
        except (EOFError, ConnectionError):
            status, words = process.end()
            self.stop()
            raise self._ended(what, request, status, words) from None
        except codec.MalformedMessage as complaint:
            self.stop()
            raise GraderFault(f"{what}: the answer cannot be read: {complaint}.") from None

    def _ended(self, what: str, request: dict[str, Any], status: int, words: str) -> Exception:
        if self._closed:
            return CancelledError()
        if request["do"] == "describe":
            return UnusableRequest(f"--device {self.kind}: the process that opens the GPU ended: {words}")
        if status == -signal.SIGKILL:
            return WorkerKilled(f"The process that was {what} was killed, most likely because memory ran out.")
        how = f"crashed with {signal.Signals(-status).name}" if status < 0 else "ended by itself"
        return SubmissionFailure(f"{what}: the process {how}.")


def no_room(what: str, device: str, known: dict[str, Any], allowed: int) -> SubmissionFailure | DeviceFull:
    """Why a network got no more of the device's memory: it may not have more, or there is none left.

    Args:
        what: was done, for people.
        device: its name.
        known: `asked`, `held`, `free` and `total`, in bytes, as `grading.on_device` says them.
        allowed: bytes that one network may have.
    """
    asked, held, free, total = (known[name] for name in ("asked", "held", "free", "total"))
    if allowed < total and held + (asked or 0) > allowed:
        return SubmissionFailure(
            f"{what} took more than {allowed >> 20:,} MB of the GPU's memory; no network may have more."
        )
    needed = f"{asked >> 20:,} MB more were needed, and " if asked is not None else ""
    return DeviceFull(
        f"--device cuda: the memory of {device} is full: {what} held {held >> 20:,} MB, {needed}{free >> 20:,} of "
        f"{total >> 20:,} MB were free. Stop what else runs on this GPU, grade fewer submissions side by side "
        "(--jobs), or take a larger GPU."
    )


class Training:
    """A network that is being trained, or waits for that.

    Args:
        device: on which.
        future: what `learn` answers.
    """

    def __init__(self, device: Device, future: Future[dict[str, Any]]) -> None:
        self._device = device
        self._future = future

    def result(self) -> dict[str, Any]:
        """Wait for the answer, as `operations.trainer.learn` returns it.

        Raises:
            SubmissionFailure: the network cannot be trained, or that took too much.
            DeviceFull: the device has too little memory left.
            UnusableRequest: the device cannot be used any more.
            WorkerKilled: the process was killed from outside.
            GraderFault: it answered with something else.
        """
        return self._future.result()

    def close(self) -> None:
        """Stop it unless it is done."""
        if not self._future.done() and not self._future.cancel():
            self._device.stop()


class _Process:
    """One process and the connection to it."""

    def __init__(self, kind: str) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (is read when the process has ended)
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._child = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", "-c", _START),
                    *(str(theirs.fileno()), kind, str(REPOSITORY), *package_folders()),
                ],
                env={**{name: os.environ[name] for name in _KEPT if name in os.environ}, **_ENVIRONMENT},
                cwd=tempfile.gettempdir(),
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the grader, which then ends it
            )

    def send(self, request: dict[str, Any], files: list[int]) -> None:
        channel.send(self._connection, codec.encode(request, max_payload=MAX_PAYLOAD))
        if files:
            socket.send_fds(self._connection, [b"!"], files)

    def receive(self, until: float) -> Any:
        """Read a message.

        Raises:
            TimeoutError: it did not come until then, by `time.monotonic`.
            EOFError, ConnectionError: the process has ended.
            MalformedMessage: it is not one.
        """
        reader = FrameReader(MAX_PAYLOAD)
        while not reader.done:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if select.select([self._connection], [], [], left)[0]:
                reader.advance(self._connection)
        return codec.decode(reader.tree, reader.payload)

    def end(self) -> tuple[int, str]:
        """Wait until it has ended by itself.

        Returns:
            Its exit status, negative for a signal, and the last line that it wrote.
        """
        try:
            status = self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            status = self._child.wait()
        lines: list[str] = []
        with contextlib.suppress(ValueError):  # closed: another thread has ended it
            self._log.seek(0)
            lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return status, one_line(lines[-1]) if lines else "it left no word."

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # whoever waits for it stops waiting
        self._child.kill()
        self._child.wait()
        self._log.close()
