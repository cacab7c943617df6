"""Start the fork server. Imports nothing heavy, so that the server and its parent import torch at the same time."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox import ancestor, scratch

REPOSITORY = Path(__file__).resolve().parents[2]
_STAFF_ONLY = (REPOSITORY / "autograder", REPOSITORY / "solutions")
CONTROL_SECONDS = 120  # the fork server answers in milliseconds, but importing torch on a slow disk takes long
SETTLED_SECONDS = 60
_PREFIX = "cnn-autograder-"
_LOCK = "lock"
_WORKER_PACKAGES = (
    *("torch", "torchvision", "numpy", "msgpack", "msgspec"),
    # Other packages in the students' requirements.txt: a module may import them.
    *("matplotlib", "rich", "click", "pytest", "pytest_timeout", "watchfiles"),
)
_SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")

# The fork server inherits only the variables that decide how numbers are computed and which GPU is used.
_KEPT_ENVIRONMENT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")

# Without -S and -I an interpreter would run code in site-packages and trust the environment.
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


class WorkerKilled(SandboxError):
    """A worker was killed from outside: not by the grader, nor for exceeding a limit. Another attempt may succeed."""


@dataclass(frozen=True)
class ForkServer:
    """A running fork server.

    Attributes:
        control: the grader's end of the connection to it; when it closes, the server ends.
        folder: the temporary folder, which the server removes when it ends.
        readable: what workers may read besides their submission.
        out_of_reach: whether other users than the grader's cannot read all of it.
        process: the server's process: of its own, or forked by this process's ancestor.
    """

    control: socket.socket
    folder: Path
    readable: tuple[str, ...]
    out_of_reach: bool
    process: subprocess.Popen[bytes] | ancestor.Forked

    def close(self) -> None:
        """End the server and all its workers, and make sure that nothing is left behind."""
        self.control.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        scratch.remove(self.folder)  # the server did so, unless it was killed

    def last_words(self) -> str:
        """The last thing that a server wrote before it ended, as a sentence."""
        with contextlib.suppress(OSError):
            words = (self.folder / "server.log").read_text("utf-8", "replace").strip().splitlines()
            if words:
                return f"Its last words: {words[-1]}"
        return "It left no word."


def launch() -> ForkServer:
    """Start a fork server, without waiting until it is ready.

    Raises:
        SandboxError: this system cannot fork, or a worker could read what only staff may.
    """
    if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
        raise SandboxError("Grading needs Linux or macOS: this system cannot fork a process.")
    import fcntl

    packages = package_folders()
    readable = readable_paths(packages)
    refuse_if_exposed(readable)
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o711)  # other users may pass through to their own folders, not list this one
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    control, remote = socket.socketpair()
    control.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", CONTROL_SECONDS, 0))
    with remote, (folder / "server.log").open("wb") as log:
        process = ancestor.fork_server(str(folder), remote.fileno(), log.fileno(), lock) or subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", _START),
                *(str(remote.fileno()), str(folder), str(REPOSITORY), *packages),
            ],
            env={**kept_environment(), **SERVER_ENVIRONMENT},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[remote.fileno(), lock],  # the lock is held until the server ends
            start_new_session=True,  # Ctrl-C is for the grader, which then ends the server
        )
    os.close(lock)
    return ForkServer(control, folder, tuple(readable), out_of_reach([*readable, str(folder)]), process)


def _sweep() -> None:
    """Remove the folders of servers that were killed together with their graders."""
    import fcntl

    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < SETTLED_SECONDS:
                continue  # it may not be locked yet
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                scratch.remove(folder)
            finally:
                os.close(lock)


def package_folders() -> list[str]:
    """The folders from which this interpreter imports what workers need, in the order of its path."""
    needed = set()
    for name in _WORKER_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            needed.add(Path(spec.origin).resolve().parent.parent)
    return [entry for entry in sys.path if entry and Path(entry).resolve() in needed]


def readable_paths(packages: list[str]) -> list[str]:
    """What a worker may read besides its submission: the interpreter, its packages, and the shared libraries."""
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    return [*sorted(standard), *packages, *(path for path in _SHARED_LIBRARIES if Path(path).exists())]


def out_of_reach(paths: list[str]) -> bool:
    """Whether a folder on the path to one of these is closed to other users."""
    folders = {part for name in paths for part in (Path(name).resolve(), *Path(name).resolve().parents)}
    return any(folder.is_dir() and not folder.stat().st_mode & 0o001 for folder in folders)


def refuse_if_exposed(readable: list[str], secrets: tuple[Path, ...] = _STAFF_ONLY) -> None:
    """Check that no worker can read what only staff may.

    Raises:
        SandboxError: a secret file or folder lies under a readable path.
    """
    for secret in secrets:
        for path in readable:
            if secret.resolve().is_relative_to(Path(path).resolve()):
                raise SandboxError(
                    f"{secret} lies under {path}, which submissions may read. "
                    "Move the checkout, or use a virtual environment of its own."
                )


SERVER_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",  # the child of a process with OpenMP threads hangs; a worker may request more
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # By default glibc frees big blocks at once, and the kernel has to clear their pages again for every tensor.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(512 << 20),
}


def kept_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
