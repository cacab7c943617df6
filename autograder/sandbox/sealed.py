"""Files in memory that many workers read and none can change: the images of a short run."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import warnings
from collections.abc import Iterable

import torch

_SEALS = ("F_SEAL_SEAL", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_WRITE")


def seal(parts: Iterable[torch.Tensor]) -> int:
    """Write tensors of bytes, one after the other, into a file that nobody can change any more.

    Returns:
        A descriptor of it, for reading. The file is gone when the last descriptor is closed.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("images", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        _write(descriptor, parts)
        seals = 0
        for name in _SEALS:
            seals |= getattr(fcntl, name)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return descriptor
    # Without memory files: an ordinary one whose name is gone, open for reading only.
    writing, path = tempfile.mkstemp()
    try:
        _write(writing, parts)
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writing)
        os.unlink(path)  # noqa: PTH108


def view(descriptor: int, length: int) -> torch.Tensor:
    """A sealed file's bytes, without a copy. Writing to them ends the process."""
    memory = mmap.mmap(descriptor, length, prot=mmap.PROT_READ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather have memory that can be written to
        return torch.frombuffer(memory, dtype=torch.uint8)


def _write(descriptor: int, parts: Iterable[torch.Tensor]) -> None:
    for part in parts:
        waiting = memoryview(part.contiguous().view(-1).numpy()).cast("B")  # type: ignore[arg-type]
        while waiting:
            waiting = waiting[os.write(descriptor, waiting) :]
