"""A place to run submissions: the fork server, its temporary folder, and workers on demand."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from autograder.sandbox import channel, codec
from autograder.sandbox.limits import Limits
from autograder.sandbox.worker import Worker

REPOSITORY = Path(__file__).resolve().parents[2]
_STAFF_ONLY = (REPOSITORY / "autograder", REPOSITORY / "solutions")
_WORKER_PACKAGES = ("torch", "torchvision", "numpy", "msgpack")
_SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")

# Of the grader's environment the fork server gets what decides how numbers are computed and where a GPU is.
_KEPT_ENVIRONMENT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")

# Without -S and -I an interpreter would run what lies in site-packages and believe the environment.
_START = """
import sys
descriptor, root, harness, *packages = sys.argv[1:]
sys.path[:0] = [harness, *packages]
from autograder.sandbox import server
sys.path.remove(harness)
server.main(int(descriptor), root, [path for path in sys.path])
"""


class SandboxError(Exception):
    """The sandbox itself does not work on this machine. The text says what to do about it."""


class Sandbox:
    """Forks confined workers. A context manager; safe to use from several threads.

    Args:
        without: names of layers of confinement to leave out. For tests only.

    Raises:
        SandboxError: this system cannot fork, or a worker could read what only staff may.
    """

    def __init__(self, *, without: tuple[str, ...] = ()) -> None:
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            raise SandboxError("Grading needs Linux or macOS: this system cannot fork a process.")
        self._without = without
        self._packages = package_folders()
        self._readable = readable_paths(self._packages)
        refuse_if_exposed(self._readable)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._started = False
        self._layers: dict[str, bool] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="cnn-autograder-"))
        self.folder.chmod(0o711)  # other users may pass through to what is theirs, not look around
        self._control, remote = socket.socketpair()
        with remote, (self.folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", "-c", _START),
                    *(str(remote.fileno()), str(self.folder), str(REPOSITORY), *self._packages),
                ],
                env={**_kept_environment(), **_SERVER_ENVIRONMENT},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[remote.fileno()],
                start_new_session=True,  # Ctrl-C is for the grader, which then ends the server
            )

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
                "readable": [*self._readable, str(submission)],
                "scratch": str(scratch),
                "memory": limits.memory_mb << 20,
                "cpu_seconds": limits.worker_cpu_seconds,
                "file_bytes": limits.file_mb << 20,
                "open_files": limits.open_files,
                "threads": limits.threads,
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
        worker = Worker(pid, ours, output, limits, lambda: self._request({"do": "end", "pid": pid})["status"])
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
        self._control.close()
        try:
            self._server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, request: dict[str, Any], descriptors: list[int] | None = None) -> dict[str, Any]:
        with self._lock:
            try:
                if not self._started:
                    self._receive()
                    self._started = True
                channel.send(self._control, codec.encode(request, max_payload=0))
                if descriptors:
                    socket.send_fds(self._control, [b"!"], descriptors)
                return self._receive()
            except (EOFError, OSError) as error:
                raise SandboxError(f"The sandbox's fork server is gone. {self._last_words()}") from error

    def _receive(self) -> dict[str, Any]:
        reply: dict[str, Any] = codec.decode(*channel.receive(self._control, 0))
        return reply

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            words = (self.folder / "server.log").read_text("utf-8", "replace").strip().splitlines()
            if words:
                return f"Its last words: {words[-1]}"
        return "It left no word."


def package_folders() -> list[str]:
    """The folders from which this interpreter imports what workers need, in the order of its path."""
    needed = set()
    for name in _WORKER_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            needed.add(Path(spec.origin).resolve().parent.parent)
    return [entry for entry in sys.path if entry and Path(entry).resolve() in needed]


def readable_paths(packages: list[str]) -> list[str]:
    """What a worker may read besides its submission: the interpreter, its packages, the shared libraries."""
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    return [*sorted(standard), *packages, *(path for path in _SHARED_LIBRARIES if Path(path).exists())]


def refuse_if_exposed(readable: list[str], secrets: tuple[Path, ...] = _STAFF_ONLY) -> None:
    """Make sure that no worker can read what only staff may.

    Raises:
        SandboxError: a secret lies under a readable path.
    """
    for secret in secrets:
        for path in readable:
            if secret.resolve().is_relative_to(Path(path).resolve()):
                raise SandboxError(
                    f"{secret} lies under {path}, which submissions may read. "
                    "Move the checkout, or use a virtual environment of its own."
                )


_SERVER_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",  # a child of a process with OpenMP threads hangs; a worker may ask for more
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def _kept_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
