"""The process that opens a GPU's driver, and trains networks there that came as lists of operations.

It is a new interpreter, not a fork of anything, and is not confined like a worker: Landlock and seccomp would keep the
driver's files and calls from it. So nothing of a submission gets here but lists that the trusted side has read and
measured, and no line of a student's code is ever imported. Neither the labels of held-out images nor a secret are here.

It answers one request after the other until the other end closes the connection, each a dict with `do`:

    describe                                          -> see `_described`
    learn     as `operations.trainer` has it, memory  -> what `learn` returns; or `full`, see `_full`; or `error`

With "cpu" for a device it does the same without a GPU, which is how it is tested where there is none.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import socket
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from autograder.operations.trainer import learn
from autograder.sandbox import channel, codec, sealed
from autograder.sandbox.confinement import privileges

FILES = 2  # descriptors that come with a request to learn
MAX_PAYLOAD = 64 << 20  # bytes of tensors in a message; a list brings 16 kB, and predictions are 80 kB
_DRIVER = Path("/proc/driver/nvidia/version")
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_NO_MEMORY = ("out of memory", "ALLOC_FAILED", "NOT_INITIALIZED")  # as CUDA and its libraries say it


def main(descriptor: int, device: str) -> None:
    """Serve until the connection closes.

    Args:
        descriptor: this end of the connection.
        device: "cuda" or "cpu".
    """
    if sys.platform == "linux":  # the connection also closes, but nobody looks while a network is trained
        privileges.die_with_parent(signal.SIGKILL)
    torch.set_num_threads(1)
    if device == "cuda":
        # As far as there are such kernels; what has none may differ in its last bits from run to run.
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # takes time
        warnings.simplefilter("ignore")
    connection = socket.socket(fileno=descriptor)
    try:
        while True:
            request = codec.decode(*channel.receive(connection, MAX_PAYLOAD))
            files: list[int] = []
            if request["do"] == "learn":
                _, files, _, _ = socket.recv_fds(connection, 1, FILES)
            answer = described(device) if request["do"] == "describe" else _learnt(request, files, device)
            for file in files:
                os.close(file)
            channel.send(connection, codec.encode(answer, max_payload=MAX_PAYLOAD))
    except (EOFError, ConnectionError):
        pass


def described(device: str) -> dict[str, Any]:
    """The device, as data.

    Returns:
        `name`, `driver` and `memory`, bytes in all; or `problem`: why it cannot be used, a sentence for who grades.
    """
    if device == "cpu":
        return {"name": "cpu", "driver": "", "memory": 0}
    if torch.version.cuda is None and torch.version.hip is None:
        return {
            "problem": f"the torch that is installed here ({torch.__version__}) was built for the CPU alone: "
            "`pip install --force-reinstall torch torchvision`, without --index-url, installs one for GPUs"
        }
    try:
        torch.cuda.init()
        properties = torch.cuda.get_device_properties(0)
    except (RuntimeError, AssertionError) as error:
        return {
            "problem": "torch finds no GPU on this machine that it can use. "
            f"It says: {str(error).strip().partition(chr(10))[0].rstrip('.')}"
        }
    return {"name": properties.name, "driver": _driver(), "memory": properties.total_memory}


def _driver() -> str:
    """The version of the GPU's driver; "" if it does not say."""
    try:
        found = re.search(r"\b\d{3,}\.\d+(?:\.\d+)?\b", _DRIVER.read_text("utf-8", "replace"))
    except OSError:
        return ""
    return found[0] if found else ""


def _learnt(request: dict[str, Any], files: Sequence[int], device: str) -> dict[str, Any]:
    allowed = request["memory"]
    if device == "cuda":
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, allowed / total))
        torch.cuda.reset_peak_memory_stats()
    try:
        return learn(request, *sealed.short_run_images(files, request["train"], request["held_out"]), device)
    except Exception as error:  # noqa: BLE001  (a list that torch refuses must not end the process)
        if is_full(error):
            return {"full": _full(str(error), device)}
        return {"error": {"type": type(error).__name__, "text": str(error)[:500]}}
    finally:
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()  # other processes may need it while this one waits


def is_full(error: Exception) -> bool:
    """Whether the device had too little memory. Libraries that use it say so in their own words."""
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)


def _full(text: str, device: str) -> dict[str, int | None]:
    """What is known about a lack of memory, in bytes.

    Returns:
        `asked`: what could not be had, None if that is not known; `held`: what this process had at its peak; `free` and
        `total` on the device.
    """
    if device == "cpu":
        return {"asked": asked_for(text), "held": 0, "free": 0, "total": 0}
    free, total = torch.cuda.mem_get_info()
    return {"asked": asked_for(text), "held": torch.cuda.max_memory_reserved(), "free": free, "total": total}


def asked_for(text: str) -> int | None:
    """The bytes that torch tried to allocate, from its message; None if it does not say."""
    found = re.search(r"Tried to allocate ([\d.]+) ([KMG]iB)", text)
    return int(float(found[1]) * _UNITS[found[2]]) if found else None
