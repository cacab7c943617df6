"""A place to run submissions: the fork server, its temporary folder, and workers on demand."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.sandbox import channel, codec
from autograder.sandbox.launch import ForkServer, SandboxError, launch
from autograder.sandbox.limits import Limits
from autograder.sandbox.worker import Worker


class Sandbox:
    """Forks confined workers. A context manager; safe to use from several threads.

    Args:
        server: a fork server from `launch`; a new one if there is none.
        without: names of layers of confinement to leave out. For tests only.

    Raises:
        SandboxError: see `launch`.
    """

    def __init__(self, server: ForkServer | None = None, *, without: tuple[str, ...] = ()) -> None:
        self._server = server or launch()
        self._without = without
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._layers: dict[str, bool] = {}
        self.folder = self._server.folder

    def stage(self, modules: Mapping[str, bytes]) -> Path:
        """Lay out a submission for workers to import.

        Args:
            modules: file name and contents of each module of the package `assignment`.

        Returns:
            The folder that holds the package.
        """
        folder = self.folder / f"submission-{next(self._numbers)}"
        package = folder / "assignment"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        for name, contents in modules.items():
            (package / name).write_bytes(contents)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return folder

    def unstage(self, folder: Path) -> None:
        """Remove what `stage` laid out."""
        shutil.rmtree(folder, ignore_errors=True)

    def spawn(self, submission: Path, limits: Limits, guarded: Sequence[str] = ()) -> Worker:
        """Fork a worker for a staged submission.

        Args:
            submission: the folder that `stage` laid out.
            limits: what the worker may use.
            guarded: functions that must not use the library's own kernels.

        Raises:
            SandboxError: the fork server is gone, or the worker could not be confined.
        """
        scratch = self.folder / f"scratch-{next(self._numbers)}"
        scratch.mkdir(mode=0o700)
        ours, theirs = socket.socketpair()
        output, printing = os.pipe()
        request = {
            "do": "spawn",
            "submission": str(submission),
            "guarded": list(guarded),
            "max_payload": limits.message_mb << 20,
            "cell": {
                "readable": [*self._server.readable, str(submission)],
                "scratch": str(scratch),
                "memory": limits.memory_mb << 20,
                "cpu_seconds": limits.worker_cpu_seconds,
                "file_bytes": limits.file_mb << 20,
                "open_files": limits.open_files,
                "threads": limits.threads,
                "out_of_reach": self._server.out_of_reach,
                "without": list(self._without),
            },
        }
        try:
            pid = self._request(request, [theirs.fileno(), printing])["pid"]
        except BaseException:
            ours.close()
            os.close(output)
            raise
        finally:
            theirs.close()
            os.close(printing)
        worker = Worker(pid, ours, output, scratch, limits, lambda: self._request({"do": "end", "pid": pid})["status"])
        try:
            worker.greet()
        except Exception as error:
            worker.close()
            raise SandboxError(f"A worker could not be confined: {error}") from error
        self._layers = worker.layers
        return worker

    def layers(self) -> dict[str, bool]:
        """Which layers of confinement hold here. Asks a worker that never sees a submission, the first time."""
        if not self._layers:
            empty = self.stage({})
            worker = self.spawn(empty, Limits())
            worker.close()
            self.unstage(empty)
            self._layers = worker.layers
        return dict(self._layers)

    def close(self) -> None:
        """End every worker and the server, and remove the temporary folder."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, request: dict[str, Any], descriptors: list[int] | None = None) -> dict[str, Any]:
        with self._lock:
            try:
                channel.send(self._server.control, codec.encode(request, max_payload=0))
                if descriptors:
                    socket.send_fds(self._server.control, [b"!"], descriptors)
                reply = self._receive()
            except (EOFError, OSError) as error:
                raise SandboxError(f"The sandbox's fork server is gone. {self._server.last_words()}") from error

        if "trouble" in reply:
            raise SandboxError(f"The sandbox's fork server could not do it: {reply['trouble']}")
        return reply

    def _receive(self) -> dict[str, Any]:
        reply: dict[str, Any] = codec.decode(*channel.receive(self._server.control, 0))
        return reply
